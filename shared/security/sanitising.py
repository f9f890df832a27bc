"""The pieces that make a stored or shown text harmless: URLs, raw HTML, Markdown's special characters."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit, urlunsplit

MAX_URL = 2000
_DEFAULT_PORTS = {"http": 80, "https": 443}
_encoded = re.compile(r"%([0-9A-Fa-f]{2})")
_SCHEMES = ("http", "https")
# What CommonMark calls raw HTML: tags, comments, declarations, processing instructions, CDATA sections.
# Looser than the standard on purpose: browsers forgive more than Markdown parsers do.
_html = re.compile(
    r"<!--.*?(?:-->|$)|<!\[CDATA\[.*?(?:\]\]>|$)|<\?.*?(?:\?>|$)|</?[A-Za-z!][^<>]*>", re.DOTALL
)
_code = re.compile(r"(?P<marks>`+)(?!`).*?(?<!`)(?P=marks)(?!`)", re.DOTALL)
_special = re.compile(r"[\\`*_\[\]<>~|]|&(?=#?\w+;)|!(?=\[)")
# What would begin a heading, a list or an underline; the sign is escaped, since a digit cannot be.
_line_start = re.compile(r"^([ \t]*\d+(?=[.)])|[ \t]*(?=[#+=-]))", re.MULTILINE)
_blocked_host = re.compile(r"[\x00-\x20\x7f<>\"'`\\^{}|]")


def safe_url(url: str) -> str:
    """Return a normalised http(s) URL, or "" for anything that is not one or that could leave its attribute.

    Refused: other schemes, credentials, control characters and quotes, no host, more than 2,000 characters.
    The path, query and fragment are percent-encoded where they hold what a URL may not.
    """
    url = url.strip()
    if (
        not url
        or len(url) > MAX_URL
        or any(ord(character) < 0x21 or ord(character) == 0x7F for character in url)
    ):
        return ""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return ""
    if (
        parts.scheme.lower() not in _SCHEMES
        or not host
        or _blocked_host.search(parts.netloc)
        or "@" in parts.netloc
    ):
        return ""
    reserved = "!$&'()*+,;=:@/?%~-._"
    encoded = urlunsplit(
        (
            parts.scheme.lower(),
            parts.netloc.lower(),
            _encode(parts.path, reserved),
            _encode(parts.query, reserved),
            _encode(parts.fragment, reserved),
        )
    )
    return encoded if len(encoded) <= MAX_URL else ""


def _encode(part: str, reserved: str) -> str:
    """Percent-encode what may not stand in a URL; what is encoded already stays."""
    return quote(part, safe=reserved, errors="replace").replace("'", "%27")


def url_identity(url: str) -> str:
    """Return what two spellings of one page's URL share.

    Set aside are the scheme, the case of the host, "www.", a default port, a trailing slash, the fragment,
    and the percent-encoding of characters that need none (RFC 3986, section 6.2.2.2).
    """
    target = safe_url(url)
    if not target:
        return ""
    parts = urlsplit(target)
    host = parts.netloc.removesuffix(f":{_DEFAULT_PORTS[parts.scheme]}").removeprefix("www.")
    path = _encoded.sub(_plain_or_upper, parts.path).rstrip("/")
    return urlunsplit(("", host, path, _encoded.sub(_plain_or_upper, parts.query), ""))


def _plain_or_upper(match: re.Match[str]) -> str:
    """Return an encoded character as itself where nothing asks for the encoding, else in upper-case hex."""
    character = chr(int(match[1], 16))
    is_unreserved = character.isascii() and (character.isalnum() or character in "-._~")
    return character if is_unreserved else match.group().upper()


def split_code(text: str) -> list[tuple[bool, str]]:
    """Return (is code, piece) of a text with code spans in backticks, in order, marks included."""
    pieces: list[tuple[bool, str]] = []
    position = 0
    for match in _code.finditer(text):
        pieces.append((False, text[position : match.start()]))
        pieces.append((True, match.group()))
        position = match.end()
    pieces.append((False, text[position:]))
    return [piece for piece in pieces if piece[1]]


def escape_prose(text: str) -> str:
    """Return Markdown that shows a plain text as it is; only code spans in backticks keep their meaning."""
    return "".join(
        piece if is_code else _line_start.sub(r"\1\\", _special.sub(r"\\\g<0>", piece))
        for is_code, piece in split_code(text)
    )


def strip_html(text: str) -> str:
    """Return a plain text without anything that looks like an HTML tag or comment; code spans stay.

    Repeated until nothing is left to remove, since removing one tag can join the halves of another.
    """
    pieces: list[str] = []
    for is_code, piece in split_code(text):
        cleaned = piece
        while not is_code and (shorter := _html.sub("", cleaned)) != cleaned:
            cleaned = shorter
        pieces.append(cleaned)
    return "".join(pieces)
