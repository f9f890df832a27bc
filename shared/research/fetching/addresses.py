"""Which addresses the fetcher may connect to: public ones, whichever way they are spelt.

Refused is what the registries do not call globally reachable (RFC 6890), multicast, and every IPv6 form that
carries an IPv4 address, because a gateway on the way may unwrap it: mapped, compatible, NAT64 (RFC 6052,
8215), 6to4 and Teredo. Refused as well is Azure's platform address, which is in public space.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

from shared.research.protocol import SourceFailed, Unreachable

Address: TypeAlias = IPv4Address | IPv6Address

# Azure's wire server (DNS, health, guest agent), and the metadata services of clouds.
_PLATFORM = frozenset(
    {ip_address("168.63.129.16"), ip_address("169.254.169.254"), ip_address("fd00:ec2::254")}
)
# What Python's registries (3.11) still call global: protocol assignments, the anycast of 6to4's relays, and
# the documentation prefix of RFC 9637.
_SPECIAL = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"), IPv6Network("3fff::/20"))
_CARRYING_IPV4 = tuple(
    IPv6Network(text)
    for text in ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16",
                 "2001::/32")
)  # fmt: skip
# ISATAP hides the IPv4 address in the interface identifier (RFC 5214).
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)
# Only this is handed out as global unicast (RFC 4291); whatever else is, is not for us.
_GLOBAL_UNICAST = IPv6Network("2000::/3")


class AddressRefused(SourceFailed):
    """A page may not be fetched: its address, or where its name leads, is not public."""


def is_public(address: Address) -> bool:
    """Tell whether an address is a global unicast one that does not wrap another."""
    if address in _PLATFORM or not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if any(address in network for network in _SPECIAL):
        return False
    if isinstance(address, IPv4Address):
        return not (address.is_private or address.is_loopback or address.is_link_local)
    if address.scope_id is not None or address not in _GLOBAL_UNICAST or address.is_site_local:
        return False
    if (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP:
        return False
    return not any(address in network for network in _CARRYING_IPV4)


async def resolve(host: str, port: int, *, allow_private: bool, seconds: float) -> list[str]:
    """Return a host's addresses, all of them checked.

    One address that is not public refuses the host: a name that leads to both is an attack or a mistake.
    Raises `AddressRefused` or `SourceFailed`.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError:
        raise Unreachable(f"{host} could not be looked up within {seconds:g} s") from None
    except (OSError, UnicodeError):
        raise Unreachable(f"{host} could not be looked up") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for text in addresses:
        check_address(text, host, allow_private=allow_private)
    if not addresses:
        raise Unreachable(f"{host} has no address")
    return addresses


def check_address(text: str, host: str, *, allow_private: bool) -> None:
    """Raise `AddressRefused` for an address that must not be connected to.

    `allow_private` is for tests: it permits loopback and nothing else.
    """
    try:
        address = ip_address(text)
    except ValueError:
        raise AddressRefused(f"{host} leads to something that is no address") from None
    if is_public(address) or (allow_private and address.is_loopback):
        return
    raise AddressRefused(f"{host} leads to an address that is not public")
