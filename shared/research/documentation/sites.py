"""The documentation sites of known subjects: roots, authors and licences (`sites.json`, operators' own).

The shipped list has not been verified against the network; `make verify-live` does that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from shared.models.specification import normalise
from shared.research.licences import OPEN_LICENCES, licence_url
from shared.research.subjects import is_software, split_meaning

UNKNOWN_LICENCE = "see the site"


@dataclass(frozen=True, slots=True)
class Site:
    """A documentation: the address that its pages begin with, whose it is, and under which licence."""

    root: str
    author: str
    licence: str = UNKNOWN_LICENCE

    @property
    def open_licence(self) -> bool:
        """Tell whether it may be quoted at length."""
        return self.licence in OPEN_LICENCES

    @property
    def licence_url(self) -> str:
        """Where the licence stands; empty when it is not an open one."""
        return licence_url(self.licence)


@cache
def shipped_sites() -> Mapping[str, tuple[Site, ...]]:
    """Return the shipped map of normalised subjects, other names included, to their sites."""
    text = files(__package__).joinpath("sites.json").read_text(encoding="utf-8")
    found: dict[str, tuple[Site, ...]] = {}
    for entry in json.loads(text)["subjects"]:
        sites = tuple(Site(**site) for site in entry["sites"])
        for name in entry["names"]:
            found[normalise(name)] = sites
    return found


def sites_of(subject: str, own: Mapping[str, Sequence[str]]) -> tuple[Site, ...]:
    """Return a subject's sites: the operator's own (DOCS_SITES), else the shipped ones; empty if unknown.

    "Go (board game)" has none, although Go has.
    """
    name, meaning = split_meaning(subject)
    mine = {normalise(key): roots for key, roots in own.items()}
    roots = mine.get(normalise(subject)) or (mine.get(normalise(name)) if is_software(meaning) else None)
    if roots:
        known = {site.root: site for sites in shipped_sites().values() for site in sites}
        return tuple(known.get(_folder(root), Site(_folder(root), _host(root))) for root in roots)
    return shipped_sites().get(normalise(name), ()) if is_software(meaning) else ()


def _folder(root: str) -> str:
    return root if root.endswith("/") else f"{root}/"


def _host(root: str) -> str:
    return root.partition("://")[2].partition("/")[0]
