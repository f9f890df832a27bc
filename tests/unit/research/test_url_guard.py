"""The URL guard: nothing but public web addresses, however they are spelt."""

from __future__ import annotations

import ipaddress
import socket

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.research.fetching.addresses import AddressRefused, is_public, resolve
from shared.research.fetching.urls import checked_url, same_site, site_of
from shared.research.protocol import Unreachable

REFUSED = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://127.0.0.01/",
    "http://127.0.0.1./",
    "http://①②⑦.⓪.⓪.①/",
    "http://１２７.０.０.１/",
    "http://127。0。0。1/",
    "http://١٢٧.٠.٠.١/",
    "http://0/",
    "http://0.0.0.0/",
    "http://10.1.2.3/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.1.1/",
    "http://168.63.129.16/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://192.0.0.9/",
    "http://192.0.2.1/",
    "http://192.88.99.1/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[::]/",
    "http://[::1]/",
    "http://[::127.0.0.1]/",
    "http://[::8.8.8.8]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:8.8.8.8]/",
    "http://[::ffff:0:8.8.8.8]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::808:808]/",
    "http://[64:ff9b:1::1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:808:808::]/",
    "http://[2001:0:808:808::1]/",
    "http://[2001:db8::1]/",
    "http://[2a00:1450::5efe:7f00:1]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fec0::1]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/",
    "http://[ff02::1]/",
    "http://[3fff::1]/",
    "http://[4000::1]/",
    "http://[5f00::1]/",
    "http://127.0.0.1%2f@docs.python.org/",
    "http://docs.python.org%00.evil.org/",
    "http://docs.python.org%2eevil.org/",
    "http://0300.0250.1.1/",
    "http://0xc0.0xa8.0x01.0x01/",
    "http://192.168.257/",
    "http://1.1.1.1.1/",
    "http://256.1.1.1/",
    "http://4294967296/",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
    "http://kubernetes.default.svc.cluster.local/",
    "http://localhost/",
    "http://LOCALHOST./",
    "http://docs.localhost/",
    "http://metadata.google.internal/",
    "http://printer.local/",
    "http://intranet/",
    "http://user@docs.python.org/",
    "http://user:word@docs.python.org/",
    "http://127.0.0.1@docs.python.org/",
    "http://docs.python.org:8080/",
    "http://docs.python.org:443/",
    "https://docs.python.org:80/",
    "ftp://docs.python.org/",
    "file:///etc/passwd",
    "gopher://docs.python.org/",
    "data:text/html,hello",
    "javascript:alert(1)",
    "//docs.python.org/",
    "/etc/passwd",
    "https://",
    "https:///etc",
    "https://docs.python.org\\@127.0.0.1/",
    "https://docs.py\tthon.org/",
    "https://docs.python.org/a b",
    "https://docs.python.org/\u202e",
    "https://docs.python.org/" + "x" * 3000,
    "http://[::1",
    "http://a..b/",
    "http://-/",
    "http://a*b.org/",
]


@pytest.mark.parametrize("url", REFUSED)
def test_what_is_not_a_public_web_address_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        checked_url(url)


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://docs.python.org/3/library/#top", "https://docs.python.org/3/library/"),
        ("https://docs.python.org:443/3/", "https://docs.python.org/3/"),
        ("http://docs.python.org:80/", "http://docs.python.org/"),
        ("HTTPS://Docs.Python.ORG/3", "https://docs.python.org/3"),
        ("https://bücher.de/", "https://xn--bcher-kva.de/"),
        ("https://8.8.8.8/", "https://8.8.8.8/"),
        ("https://[2606:4700::1111]/", "https://[2606:4700::1111]/"),
    ],
)
def test_public_addresses_pass(url: str, asked: str) -> None:
    assert str(checked_url(url)) == asked


def spellings(address: ipaddress.IPv4Address) -> list[str]:
    """Return the ways in which resolvers read one IPv4 address."""
    number = int(address)
    first, second, third, fourth = address.packed
    return [
        str(number),
        hex(number),
        f"0{number:o}",
        f"{first}.{number & 0xFFFFFF}",
        f"{first}.{second}.{number & 0xFFFF}",
        f"0x{first:x}.{second}.{third}.{fourth}",
        f"0{first:o}.0{second:o}.0{third:o}.0{fourth:o}",
        f"[::ffff:{address}]",
        f"[::{address}]",
        f"[64:ff9b::{address}]",
        f"[2002:{number >> 16:x}:{number & 0xFFFF:x}::1]",
    ]


@given(st.ip_addresses(v=4))
def test_no_spelling_but_the_plain_one_passes(address: ipaddress.IPv4Address) -> None:
    for spelling in spellings(address):
        with pytest.raises(AddressRefused):
            checked_url(f"http://{spelling}/")


@given(st.ip_addresses())
def test_an_address_passes_only_if_the_registries_call_it_global(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    host = f"[{address}]" if address.version == 6 else str(address)
    try:
        checked_url(f"http://{host}/")
    except AddressRefused:
        return
    assert address.is_global
    assert not address.is_multicast
    assert is_public(address)


@given(st.text(max_size=60))
def test_any_text_is_refused_or_has_a_public_looking_host(text: str) -> None:
    try:
        url = checked_url(f"http://{text}/")
    except AddressRefused:
        return
    assert "." in url.host or ":" in url.host
    assert url.port is None
    assert not url.userinfo


def looked_up(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let every name lead to these addresses."""

    def answer(host: str, port: int, *arguments: object, **options: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", answer)


@pytest.mark.parametrize(
    "addresses",
    [("127.0.0.1",), ("8.8.8.8", "10.0.0.1"), ("169.254.169.254",), ("::ffff:10.0.0.1",), ("168.63.129.16",)],
)
async def test_a_name_that_leads_to_one_private_address_is_refused(
    monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, ...]
) -> None:
    looked_up(monkeypatch, *addresses)
    with pytest.raises(AddressRefused, match="not public"):
        await resolve("docs.example.org", 443, allow_private=False, seconds=5)


async def test_a_name_that_leads_nowhere_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up(monkeypatch)
    with pytest.raises(Unreachable):
        await resolve("docs.example.org", 443, allow_private=False, seconds=5)


async def test_tests_may_reach_loopback_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checked_url("http://127.0.0.1:8080/", allow_private=True).port == 8080
    for private in ("http://10.0.0.1/", "http://169.254.169.254/", "http://0x7f000001/"):
        with pytest.raises(AddressRefused):
            checked_url(private, allow_private=True)
    looked_up(monkeypatch, "192.168.0.1")
    with pytest.raises(AddressRefused):
        await resolve("docs.example.org", 443, allow_private=True, seconds=5)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("https://docs.python.org/", "https://www.python.org/", True),
        ("https://docs.python.org/", "https://python.org.evil.example.com/", False),
        ("https://a.github.io/", "https://b.github.io/", False),
        ("https://a.co.uk/", "https://b.co.uk/", False),
        ("https://docs.a.co.uk/", "https://a.co.uk/", True),
        ("http://8.8.8.8/", "http://8.8.4.4/", False),
    ],
)
def test_a_site_is_what_one_owner_registers(first: str, second: str, same: bool) -> None:
    assert same_site(httpx.URL(first), httpx.URL(second)) is same


def test_an_unlisted_suffix_is_its_own_site() -> None:
    assert site_of(httpx.URL("https://docs.example.org/")) == "example.org"
