"""The shipped list of documentation sites: well formed, and said to be unverified."""

from __future__ import annotations

import json
from importlib.resources import files

import httpx
import pytest

from shared.models.specification import normalise
from shared.research.documentation.sites import UNKNOWN_LICENCE, shipped_sites, sites_of
from shared.research.fetching.urls import checked_url
from shared.research.licences import OPEN_LICENCES

SHIPPED = json.loads(files("shared.research.documentation").joinpath("sites.json").read_text("utf-8"))


def test_about_forty_subjects_ship_and_nobody_has_verified_them() -> None:
    assert len(SHIPPED["subjects"]) >= 40
    assert SHIPPED["verified"] is False


def test_no_name_means_two_subjects() -> None:
    names = [normalise(name) for subject in SHIPPED["subjects"] for name in subject["names"]]
    assert len(set(names)) == len(names)
    assert set(names) == set(shipped_sites())


@pytest.mark.parametrize("subject", SHIPPED["subjects"], ids=lambda subject: subject["names"][0])
def test_each_site_may_be_fetched_and_names_its_author_and_licence(
    subject: dict[str, list[dict[str, str]]],
) -> None:
    for site in sites_of(str(subject["names"][0]), {}):
        root = checked_url(site.root)
        assert root.scheme == "https"
        assert root.path.endswith("/")
        assert site.author
        assert site.licence in OPEN_LICENCES or site.licence == UNKNOWN_LICENCE
        assert site.open_licence is bool(site.licence_url)


def test_an_operators_own_sites_win_and_keep_what_is_known_of_them() -> None:
    own = {"Python": ["https://docs.python.org/3", "https://intranet.example.org/python"]}
    known, other = sites_of("python", own)
    assert (known.root, known.licence) == ("https://docs.python.org/3/", "PSF-2.0")
    assert (other.root, other.author, other.open_licence) == (
        "https://intranet.example.org/python/",
        "intranet.example.org",
        False,
    )
    assert sites_of("rust", own) == sites_of("rust", {})


@pytest.mark.parametrize(
    ("subject", "has_sites"),
    [
        ("Go (programming language)", True),
        ("Go (board game)", False),
        ("Rust (corrosion)", False),
        ("pandas (Python library)", True),
        ("a subject that nobody knows", False),
    ],
)
def test_another_meaning_of_a_name_has_no_sites(subject: str, has_sites: bool) -> None:
    assert bool(sites_of(subject, {})) is has_sites
    assert all(httpx.URL(site.root).host for site in sites_of(subject, {}))
