"""`llms.txt`: a site's own list of its pages in Markdown. https://llmstxt.org"""

from __future__ import annotations

import re
from urllib.parse import urldefrag, urljoin

from shared.research.documentation.index import MAX_ENTRIES, Entry
from shared.research.fetching.prose import plain_prose

_line = re.compile(
    r"^\s{0,6}[-*+]?\s*\[([^\]\n]{1,300})\]\(([^()\s]{1,2000})\)(?:\s*:?\s*(.{0,300}))?", re.MULTILINE
)


def llms_entries(text: str, base: str) -> list[Entry]:
    """Return the pages that an `llms.txt` lists, each with its name and its note."""
    entries: dict[str, Entry] = {}
    for match in _line.finditer(text):
        url = urldefrag(urljoin(base, match[2])).url
        title, about = plain_prose(match[1]), plain_prose(match[3] or "")
        if title and url.startswith(("http://", "https://")):
            entries.setdefault(url, Entry(title, url, about))
        if len(entries) >= MAX_ENTRIES:
            break
    return list(entries.values())
