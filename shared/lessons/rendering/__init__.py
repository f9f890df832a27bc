"""A stored lesson as Markdown, as a page of HTML and as text for a terminal."""

from shared.lessons.rendering.facts import VersionFacts
from shared.lessons.rendering.html import to_html
from shared.lessons.rendering.markdown import to_markdown
from shared.lessons.rendering.terminal import to_terminal

__all__ = ["VersionFacts", "to_html", "to_markdown", "to_terminal"]
