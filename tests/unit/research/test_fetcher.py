"""The guarded fetcher on a real socket: pinned, bounded, on one site, and only what was asked for."""

from __future__ import annotations

import asyncio
import gzip
import ipaddress
import socket
import ssl
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from shared.research.fetching.addresses import AddressRefused
from shared.research.fetching.fetcher import HTML, Fetcher, Page
from shared.research.fetching.transport import PinnedTransport
from shared.research.http import NotThere
from shared.research.protocol import SourceFailed, SourceLimited, Unreachable
from tests.support.certificates import loopback_tls
from tests.support.source_servers import PRIVATE_ADDRESS

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """A web server with one handler for every path."""

    def __init__(self) -> None:
        self.handler: Handler | None = None
        self.seen: list[web.Request] = []
        self.origin = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        assert self.handler is not None
        return await self.handler(request)

    def says(self, body: bytes = b"<p>hello</p>", status: int = 200, **headers: str) -> None:
        async def handler(request: web.Request) -> web.Response:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return web.Response(body=body, status=status, headers={"Content-Type": "text/html"} | named)

        self.handler = handler


@asynccontextmanager
async def web_server() -> AsyncIterator[Server]:
    running = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", running.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    running.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    running.says()
    yield running
    await runner.cleanup()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with web_server() as running:
        yield running


async def fetch(server: Server, path: str = "/page", *, limit: int = 10_000, seconds: float = 10) -> Page:
    fetcher = Fetcher(user_agent="SkillSync tests", allow_private=True)
    site = httpx.URL(server.origin)
    return await fetcher.fetch(
        f"{server.origin}{path}", site=site, types=HTML, timeout_seconds=seconds, limit=limit
    )


async def test_a_page_comes_with_its_charset_and_its_final_address(server: Server) -> None:
    server.says("<p>Größe</p>".encode("latin-1"), Content_Type="text/html; charset=latin-1")
    page = await fetch(server)
    assert (page.text, page.content_type, str(page.url)) == (
        "<p>Größe</p>",
        "text/html",
        f"{server.origin}/page",
    )
    assert server.seen[0].headers["User-Agent"] == "SkillSync tests"


@pytest.mark.parametrize("charset", ["no-such-charset", "undefined-8", "utf-8; x=y", '"utf-8"'])
async def test_an_odd_charset_is_read_as_utf_8(server: Server, charset: str) -> None:
    server.says("<p>Größe</p>".encode(), Content_Type=f"text/html; charset={charset}")
    assert (await fetch(server)).text == "<p>Größe</p>"


@pytest.mark.parametrize(
    ("target", "error"),
    [
        (PRIVATE_ADDRESS, AddressRefused),
        ("http://10.0.0.1/", AddressRefused),
        ("http://[::ffff:127.0.0.1]/", AddressRefused),
        ("http://0x7f000001/", AddressRefused),
        ("file:///etc/passwd", AddressRefused),
        ("//10.0.0.1/", AddressRefused),
    ],
)
async def test_a_redirect_is_checked_like_a_first_address(
    server: Server, target: str, error: type[Exception]
) -> None:
    server.says(status=302, Location=target)
    with pytest.raises(error):
        await fetch(server)
    assert len(server.seen) == 1


@pytest.mark.parametrize("target", ["https://docs.python.org/", "{other}/page", "//evil.example.org/"])
async def test_a_redirect_leads_to_no_other_site(server: Server, target: str) -> None:
    async with web_server() as other:
        server.says(status=302, Location=target.format(other=other.origin))
        with pytest.raises(SourceFailed, match="leads to another site"):
            await fetch(server)
        assert (len(server.seen), other.seen) == (1, [])


async def test_a_first_address_on_another_site_is_not_fetched(server: Server) -> None:
    fetcher = Fetcher(user_agent="SkillSync tests", allow_private=True)
    site = httpx.URL("http://127.0.0.1:1/")
    with pytest.raises(SourceFailed, match="leads to another site"):
        await fetcher.fetch(f"{server.origin}/", site=site, types=HTML, timeout_seconds=5)
    assert server.seen == []


async def test_a_redirect_on_the_site_is_followed_but_not_for_ever(server: Server) -> None:
    async def handler(request: web.Request) -> web.Response:
        if request.path == "/page":
            return web.Response(status=301, headers={"Location": "/moved"})
        return web.Response(text="<p>moved</p>", content_type="text/html")

    server.handler = handler
    page = await fetch(server)
    assert (page.text, page.url.path) == ("<p>moved</p>", "/moved")

    server.says(status=302, Location="/page")
    with pytest.raises(SourceFailed, match="redirects in a circle"):
        await fetch(server)


async def test_without_leave_this_machine_is_not_fetched_from(server: Server) -> None:
    fetcher = Fetcher(user_agent="SkillSync tests")
    address = f"{server.origin}/"
    with pytest.raises(AddressRefused):
        await fetcher.fetch(address, site=httpx.URL(address), types=HTML, timeout_seconds=5)
    assert server.seen == []


async def test_a_proxy_of_the_environment_is_not_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert (await fetch(server)).text == "<p>hello</p>"


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, NotThere), (410, NotThere), (500, SourceFailed), (403, SourceFailed), (429, SourceLimited)],
)
async def test_a_status_says_what_happened(server: Server, status: int, error: type[Exception]) -> None:
    server.says(status=status)
    with pytest.raises(error):
        await fetch(server)


async def test_other_types_are_not_read(server: Server) -> None:
    server.says(b"%PDF-1.7", Content_Type="application/pdf")
    with pytest.raises(SourceFailed, match="application/pdf"):
        await fetch(server)


@pytest.mark.parametrize(
    ("body", "encoding", "said"),
    [
        (b"x" * 10_001, "identity", "more than 10,000 bytes"),
        (gzip.compress(b"x" * 30_000_000, mtime=0), "gzip", "more than 10,000 bytes"),
        (zlib.compress(b"x" * 30_000_000), "deflate", "more than 10,000 bytes"),
        (gzip.compress(b"hello" * 100, mtime=0)[:20], "gzip", "ends early"),
        (b"this is not gzip", "gzip", "broken compressed body"),
        (b"whatever", "br", "not asked for"),
    ],
)
async def test_size_and_decompression_are_bounded(
    server: Server, body: bytes, encoding: str, said: str
) -> None:
    server.says(body, Content_Encoding=encoding)
    with pytest.raises(SourceFailed, match=said):
        await fetch(server)


async def test_what_a_bomb_unfolds_into_is_never_held(server: Server) -> None:
    """Three hundred megabytes in three hundred kilobytes: refused before they are in memory."""
    bomb = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    body = b"".join([bomb.compress(bytes(1_000_000)) for _ in range(300)]) + bomb.flush()
    server.says(body, Content_Encoding="gzip")
    tracemalloc.start()
    try:
        with pytest.raises(SourceFailed, match="more than 10,000 bytes"):
            await fetch(server)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
async def test_compressed_pages_are_read(server: Server, compress: Callable[[bytes], bytes]) -> None:
    encoding = "gzip" if compress is gzip.compress else "deflate"
    server.says(compress(b"<p>hello</p>"), Content_Encoding=encoding)
    assert (await fetch(server)).text == "<p>hello</p>"


async def test_a_page_that_drips_is_given_up(server: Server) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/html"})
        await response.prepare(request)
        for _ in range(600):
            await response.write(b".")
            await asyncio.sleep(0.05)
        return response

    server.handler = drip
    with pytest.raises(SourceFailed, match=r"did not answer within 0.5 s"):
        await fetch(server, seconds=0.5)


async def test_a_refused_connection_is_told_apart() -> None:
    fetcher = Fetcher(user_agent="SkillSync tests", allow_private=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/"
        with pytest.raises(Unreachable, match="could not be reached"):
            await fetcher.fetch(address, site=httpx.URL(address), types=HTML, timeout_seconds=5)


async def test_a_name_is_looked_up_once_and_the_connection_pinned_to_it(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second look-up that leads elsewhere (DNS rebinding) is never made."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def answer(host: str, *arguments: object, **options: object) -> object:
        asked.append(host)
        named = host == "docs.example.org"
        return real("127.0.0.1" if named else host, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    port = httpx.URL(server.origin).port
    transport = PinnedTransport(ssl.create_default_context(), allow_private=True)
    async with httpx.AsyncClient(transport=transport, trust_env=False) as http:
        response = await http.get(f"http://docs.example.org:{port}/")
    assert response.text == "<p>hello</p>"
    assert server.seen[0].headers["Host"] == f"docs.example.org:{port}"
    names = [host for host in asked if not _is_address(host)]
    assert names == ["docs.example.org"]


async def test_the_fetcher_looks_a_name_up_once_for_each_request(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a second look-up would answer, were it made, is an address that must not be reached."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def answer(host: str, *arguments: object, **options: object) -> object:
        if _is_address(host):
            return real(host, *arguments, **options)  # type: ignore[arg-type]
        asked.append(host)
        return real("127.0.0.1" if len(asked) == 1 else "10.0.0.1", *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    fetcher = Fetcher(user_agent="SkillSync tests", allow_private=True)
    address = f"http://docs.example.org:{httpx.URL(server.origin).port}/page"
    page = await fetcher.fetch(address, site=httpx.URL(address), types=HTML, timeout_seconds=5)
    assert (page.text, asked) == ("<p>hello</p>", ["docs.example.org"])
    with pytest.raises(AddressRefused):
        await fetcher.fetch(address, site=httpx.URL(address), types=HTML, timeout_seconds=5)
    assert len(server.seen) == 1


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def test_tls_is_checked_for_the_name_and_not_for_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str | None] = []
    server_side = loopback_tls(tmp_path, "docs.example.org")
    server_side.sni_callback = lambda _, name, __: names.append(name)

    async def hello(request: web.Request) -> web.Response:
        return web.Response(text=f"<p>{request.host}</p>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", hello)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server_side).start()
    port = runner.addresses[0][1]
    real = socket.getaddrinfo

    def answer(host: str, *arguments: object, **options: object) -> object:
        named = host.endswith("example.org")
        return real("127.0.0.1" if named else host, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    client_side = ssl.create_default_context(cafile=str(tmp_path / "loopback.pem"))
    transport = PinnedTransport(client_side, allow_private=True)
    try:
        async with httpx.AsyncClient(transport=transport, trust_env=False) as http:
            good = await http.get(f"https://docs.example.org:{port}/")
            assert good.text == f"<p>docs.example.org:{port}</p>"
            with pytest.raises(httpx.ConnectError, match=r"(?i)certificate"):
                await http.get(f"https://other.example.org:{port}/")
    finally:
        await runner.cleanup()
    assert names[0] == "docs.example.org"
