"""Sitemaps: addresses alone, so that a page's title is what its address says. https://www.sitemaps.org"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from shared.research.documentation.index import MAX_ENTRIES, Entry
from shared.research.fetching.prose import plain_prose
from shared.research.protocol import SourceFailed

_extension = re.compile(r"\.(?:html?|md|php|aspx?)$")


@dataclass(frozen=True, slots=True)
class Sitemap:
    """Pages, and further sitemaps where it is an index of these."""

    pages: list[Entry]
    sitemaps: list[str]


def read_sitemap(data: bytes, root: str) -> Sitemap:
    """Return what a sitemap lists below a root address; raises `SourceFailed` for what is no sitemap."""
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False
    )
    try:
        tree = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise SourceFailed("the sitemap is not XML") from None
    addresses = [
        (element.text or "").strip()
        for element in tree.iter("{*}loc")
        if element.getparent() is not None
        and str(element.getparent().tag).rpartition("}")[2] in ("url", "sitemap")
    ]
    addresses = [one for one in addresses if one.startswith(("http://", "https://"))][:MAX_ENTRIES]
    kind = str(tree.tag).rpartition("}")[2]
    if kind == "sitemapindex":
        return Sitemap([], addresses)
    if kind != "urlset":
        raise SourceFailed("the sitemap is of an unknown kind")
    below = [one for one in addresses if one.startswith(root)]
    return Sitemap([Entry(title_of(one), one) for one in below], [])


def title_of(address: str) -> str:
    """Return the words of an address's path: ".../guide/for-loops.html" is "guide for loops"."""
    path = _extension.sub("", unquote(urlsplit(address).path))
    return plain_prose(re.sub(r"[/_\-.+]+", " ", path))
