"""URLs and texts that are let through, and those that are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from shared.security.sanitising import escape_prose, safe_url, strip_html, url_identity


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://Example.org/A b", ""),
        ("HTTPS://Example.org/Ä?q=ü#ß", "https://example.org/%C3%84?q=%C3%BC#%C3%9F"),
        ("https://en.wikipedia.org/wiki/C++_(language)", "https://en.wikipedia.org/wiki/C++_(language)"),
        ("https://a.example/%41%20b", "https://a.example/%41%20b"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
        ("javascript:alert(1)", ""),
        ("JAVASCRIPT://a.example/%0aalert(1)", ""),
        ("data:text/html,x", ""),
        ("//evil.example", ""),
        ("https://", ""),
        ("https://user:secret@a.example", ""),
        ("https://a.example\\@b.example", ""),
        ('https://a.example/"><script>', "https://a.example/%22%3E%3Cscript%3E"),
        ("https://a.example/x\ny", ""),
        ("https://[", ""),
        ("https://a.example:99999/", ""),
        ("https://a.example/" + "x" * 2000, ""),
        ("https://a.example/" + "ü" * 900, ""),
    ],
)
def test_safe_url(url: str, safe: str) -> None:
    assert safe_url(url) == safe


@given(st.text() | st.text(alphabet="htps:/.a@%\"'<>#?[]\\ üx0").map("https://a".__add__))
def test_a_safe_url_stays_one_and_cannot_leave_its_attribute(url: str) -> None:
    safe = safe_url(url)
    assert safe_url(safe) == safe
    assert not set(safe) & set("\"'<> \\`")
    assert safe == "" or safe.startswith(("http://", "https://"))


def test_identity_ignores_what_does_not_change_the_page() -> None:
    assert url_identity("http://www.Example.org/a/#part") == url_identity("https://example.org/a")
    assert url_identity("https://example.org/a?x=1") != url_identity("https://example.org/a?x=2")
    assert url_identity("javascript:x") == ""


prose = st.text(alphabet="ab1 *_[]()<>#&;!\\~|+-=.:`", max_size=40).map(str.strip).filter(bool)


@given(prose)
def test_escaped_prose_is_shown_as_it_is(text: str) -> None:
    plain = text.replace("`", "'")
    tokens = MarkdownIt("js-default", {"html": True}).parse(escape_prose(plain))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert "".join(child.content for child in tokens[1].children or []) == plain


@pytest.mark.parametrize(
    ("text", "stripped"),
    [
        ("a <b>c</b> `<d>`", "a c `<d>`"),
        ("<scr<b>ipt>x", "x"),
        ("<!-- open", ""),
        ("1 < 2 > 0", "1 < 2 > 0"),
    ],
)
def test_strip_html(text: str, stripped: str) -> None:
    assert strip_html(text) == stripped
