"""Which URLs may be fetched at all, judged before any name is looked up."""

from __future__ import annotations

import re
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING

import httpx

from shared.research.fetching.addresses import AddressRefused, check_address
from shared.security.clean_text import clean_text

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

MAX_URL_CHARACTERS = 2_000
DEFAULT_PORTS = {"http": 80, "https": 443}
_label = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# What a resolver may read as a number: 127.1, 0x7f000001, 017700000001, 2130706433.
_numeric = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)")
_PRIVATE_SUFFIXES = (
    "localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "private",
    "home.arpa", "onion", "test", "invalid", "example",
)  # fmt: skip


def checked_url(text: str, *, allow_private: bool = False) -> httpx.URL:
    """Return a URL that may be fetched, without its fragment; its host is a name or a public address.

    http and https on their default ports, no credentials, no character that is not seen. The host is judged
    as it will be looked up: Unicode digits and dots folded, an address in decimal, octal, hexadecimal or
    short spelling refused. With `allow_private` any port and loopback pass. Raises `AddressRefused`.
    """
    if len(text) > MAX_URL_CHARACTERS or clean_text(text) != text or re.search(r"[\s\\]", text):
        raise AddressRefused("a URL is too long or holds characters that no URL has")
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, UnicodeError, ValueError):
        raise AddressRefused("a URL is malformed") from None
    if url.scheme not in DEFAULT_PORTS or not url.host:
        raise AddressRefused("only http and https URLs are fetched")
    if url.userinfo:
        raise AddressRefused("a URL with credentials is not fetched")
    if url.port is not None and url.port != DEFAULT_PORTS[url.scheme] and not allow_private:
        raise AddressRefused(f"port {url.port} is not fetched from")
    _check_host(url, allow_private=allow_private)
    return url.copy_with(fragment=None)


def _check_host(url: httpx.URL, *, allow_private: bool) -> None:
    try:
        host = url.raw_host.decode("ascii").lower().strip("[]")
    except UnicodeError:
        raise AddressRefused("a URL's host is malformed") from None
    if ":" in host:
        check_address(host, "the URL", allow_private=allow_private)
        return
    labels = host.removesuffix(".").split(".")
    if not all(map(_label.fullmatch, labels)):
        raise AddressRefused("a URL's host is no name of the web")
    if _numeric.fullmatch(labels[-1]):
        _check_ipv4(labels, allow_private=allow_private)
    elif not allow_private and (len(labels) == 1 or host.removesuffix(".").endswith(_private_names())):
        raise AddressRefused(f"{host} is a name of a private network")


@cache
def _private_names() -> tuple[str, ...]:
    return tuple(f".{suffix}" for suffix in _PRIVATE_SUFFIXES)


def _check_ipv4(labels: list[str], *, allow_private: bool) -> None:
    """Refuse every spelling of an address but the plain one: four decimal numbers without leading zeros."""
    text = ".".join(labels)
    try:
        ip_address(text)
    except ValueError:
        raise AddressRefused("a URL's host is an address in an odd spelling") from None
    check_address(text, "the URL", allow_private=allow_private)


@cache
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList

    # The list that ships with the package; nothing is downloaded.
    return PublicSuffixList()


def site_of(url: httpx.URL) -> str:
    """Return a URL's registrable domain ("docs.example.co.uk" -> "example.co.uk"); an address is its own.

    On a domain under which strangers register ("github.io"), each has a site of their own.
    """
    host = url.raw_host.decode("ascii").lower().removesuffix(".")
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return _suffixes().privatesuffix(host) or host
    return f"{host}:{url.port or ''}"


def same_site(first: httpx.URL, second: httpx.URL) -> bool:
    """Tell whether two URLs belong to one registrable domain."""
    return site_of(first) == site_of(second)
