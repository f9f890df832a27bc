"""Markup: raw HTML, images, links that are no web address, and characters that nobody sees."""

from __future__ import annotations

from shared.lessons.gates.gate import Assignment, Finding
from shared.lessons.gates.texts import rewrite, written
from shared.models.content import LessonContent
from shared.security.clean_text import clean_text
from shared.security.inspection import inspect_markdown
from shared.security.markdown import clean_markdown
from shared.security.sanitising import safe_url


def measure(content: LessonContent, _: Assignment) -> Finding:
    """Count the pieces of markup that could hurt, and the texts with hidden characters."""
    html = images = dangerous = hidden = 0
    for _place, text in written(content):
        found = inspect_markdown(text)
        html += found.html
        images += found.images
        dangerous += sum(not safe_url(link) for link in found.links)
        hidden += clean_text(text) != text
    count = html + images + dangerous + hidden
    reason = (
        f"{html} pieces of raw HTML, {images} images, {dangerous} dangerous links, "
        f"{hidden} texts with hidden characters."
        if count
        else "No raw HTML, image, dangerous link or hidden character."
    )
    return Finding(float(count), not count, reason, ("write no raw HTML and no images",) * bool(count))


def mend(content: LessonContent, _: Assignment) -> LessonContent:
    """Remove all of it; labels of links and descriptions of images stay, code keeps what is visible."""
    return rewrite(content, markdown=_clean, prose=_clean, code=clean_text)


def _clean(text: str) -> str:
    return clean_markdown(clean_text(text), lambda url: bool(safe_url(url))).strip()
