"""Sphinx's `objects.inv`: every object and section of a documentation and the page it stands on.

Version 2: four lines in clear, then zlib. Each line is `name domain:role priority uri display-name`, where
`$` at the end of a URI stands for the name and `-` as display name says that it is the name.
https://sphobjinv.readthedocs.io/en/stable/syntax.html
"""

from __future__ import annotations

import re
from urllib.parse import urldefrag, urljoin

from shared.research.documentation.index import MAX_ENTRIES, Entry
from shared.research.fetching.bounded import unfold
from shared.research.fetching.prose import plain_prose
from shared.research.protocol import SourceFailed

MAX_INVENTORY_BYTES = 12_000_000
MAX_LINES = 60_000
_HEADER = b"# Sphinx inventory version 2"
_line = re.compile(r"(.+?)\s+([\w-]+:[\w-]+)\s+(-?\d+)\s+(\S*)\s+(.*)")
# Pages and sections say what they are about; of objects, those that a lesson may be about.
_ROLES = frozenset({"std:doc", "std:label", "std:term", "std:token", "py:module", "py:class", "py:function",
                    "py:method", "c:function", "js:function"})  # fmt: skip
_MAX_TITLE_WORDS = 60


def inventory_entries(data: bytes, base: str) -> list[Entry]:
    """Return the pages of an inventory, each with what stands on it; raises `SourceFailed`."""
    parts = data.split(b"\n", 4)
    if len(parts) < 5 or not parts[0].startswith(_HEADER):
        raise SourceFailed("objects.inv is not an inventory of version 2")
    text = unfold(parts[4], MAX_INVENTORY_BYTES, "objects.inv").decode("utf-8", "replace")
    titles: dict[str, dict[str, None]] = {}
    for line in text.splitlines()[:MAX_LINES]:
        match = _line.fullmatch(line)
        if not match or match[2] not in _ROLES:
            continue
        name, role, _, uri, shown = match.groups()
        url = urldefrag(urljoin(base, uri.replace("$", name) if uri.endswith("$") else uri)).url
        words = titles.get(url, {})
        whole_page = role == "std:doc"
        if not url.startswith(("http://", "https://")) or (len(words) >= _MAX_TITLE_WORDS and not whole_page):
            continue
        title = plain_prose((name if shown == "-" else shown)[:200])
        if title:
            # A page's own title comes first, so that its words are not lost behind those of its objects.
            titles[url] = {title: None, **words} if whole_page else {**words, title: None}
        if len(titles) >= MAX_ENTRIES:
            break
    return [Entry(next(iter(words)), url, "; ".join(list(words)[1:])) for url, words in titles.items()]
