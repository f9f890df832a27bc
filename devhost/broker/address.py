"""Addresses of links: an entity, or the node that manages it."""

from urllib.parse import urlsplit

CBS = "$cbs"
_MANAGEMENT = "/$management"


def entity_address(address: str) -> str:
    """An address without the scheme and the host that some clients put before it."""
    if "://" in address:
        address = urlsplit(address).path
    return address.strip("/")


def managed_entity(address: str) -> str | None:
    """The entity that a management node belongs to; None for any other address."""
    if address.lower().endswith(_MANAGEMENT):
        return address[: -len(_MANAGEMENT)]
    return None
