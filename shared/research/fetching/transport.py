"""A transport that connects only to addresses it has checked: no second look-up can lead elsewhere."""

from __future__ import annotations

import ssl

import httpx

from shared.research.fetching.addresses import resolve
from shared.research.fetching.urls import DEFAULT_PORTS, checked_url

CONNECT_SECONDS = 3.0
MAX_ADDRESSES = 2


class PinnedTransport(httpx.AsyncBaseTransport):
    """Looks a host up once, checks every address, and connects to one of these by number.

    The Host header and the name in TLS (SNI, certificate) stay the URL's. Connections are not kept: they
    would be kept by address, and two names may share one. No proxy is used.
    """

    def __init__(self, tls: ssl.SSLContext, *, allow_private: bool = False) -> None:
        self._allow_private = allow_private
        limits = httpx.Limits(max_connections=10, max_keepalive_connections=0)
        self._inner = httpx.AsyncHTTPTransport(verify=tls, trust_env=False, limits=limits, retries=0)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; raises `AddressRefused`, `SourceFailed` or httpx's errors."""
        url = checked_url(str(request.url), allow_private=self._allow_private)
        host = url.raw_host.decode("ascii")
        port = url.port or DEFAULT_PORTS[url.scheme]
        addresses = await resolve(
            host.strip("[]"), port, allow_private=self._allow_private, seconds=CONNECT_SECONDS
        )
        for position, address in enumerate(addresses[:MAX_ADDRESSES]):
            try:
                return await self._inner.handle_async_request(_pinned(request, address, host))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if position + 1 == min(len(addresses), MAX_ADDRESSES):
                    raise
        raise httpx.ConnectError("no address answered", request=request)

    async def aclose(self) -> None:
        """Close what is open."""
        await self._inner.aclose()


def _pinned(request: httpx.Request, address: str, host: str) -> httpx.Request:
    """Return the request for an address, still naming the host wherever the server reads it."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host},
    )
