"""Reading a response without letting it grow: a cap on what is read and on what it unfolds into."""

from __future__ import annotations

import zlib

import httpx

from shared.research.protocol import SourceFailed

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


async def read_bounded(response: httpx.Response, limit: int) -> bytes:
    """Return a streamed response's body, decompressed, of at most `limit` bytes.

    Only gzip and deflate are read: they can be stopped in the middle. Raises `SourceFailed` for more bytes,
    another encoding, and a compressed body that is broken or ends early.
    """
    host = response.url.host
    encoding = response.headers.get("content-encoding", "identity").strip().lower() or "identity"
    if encoding not in ("identity", "gzip", "x-gzip", "deflate"):
        raise SourceFailed(f"{host} answered with a body compressed in a way that was not asked for")
    unfold = None if encoding == "identity" else _Unfolding(host, limit)
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk if unfold is None else unfold.more(chunk, limit + 1 - len(body))
        if len(body) > limit:
            raise SourceFailed(f"{host} answered with more than {limit:,} bytes")
    if unfold is not None:
        unfold.check_end()
    return bytes(body)


class _Unfolding:
    """Decompression that never makes more than it is asked for."""

    def __init__(self, host: str, limit: int) -> None:
        self._host = host
        self._limit = limit
        self._zlib = zlib.decompressobj(_GZIP_OR_ZLIB)

    def more(self, chunk: bytes, room: int) -> bytes:
        """Return what a chunk unfolds into, at most `room` bytes of it."""
        try:
            return self._zlib.decompress(chunk, room)
        except zlib.error:
            raise SourceFailed(f"{self._host} answered with a broken compressed body") from None

    def check_end(self) -> None:
        """Refuse a body whose compressed stream was cut off."""
        if not self._zlib.eof:
            raise SourceFailed(f"{self._host} answered with a compressed body that ends early")


def unfold(data: bytes, limit: int, host: str) -> bytes:
    """Return zlib or gzip data decompressed, of at most `limit` bytes; raises `SourceFailed`."""
    try:
        body = zlib.decompressobj(_GZIP_OR_ZLIB).decompress(data, limit + 1)
    except zlib.error:
        raise SourceFailed(f"{host} serves a file whose compression is broken") from None
    if len(body) > limit:
        raise SourceFailed(f"{host} serves a file that unfolds into more than {limit:,} bytes")
    return body
