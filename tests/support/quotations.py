"""Reading the quotations of a lesson back out of its Markdown."""

from __future__ import annotations

from shared.lessons.rendering.blocks import section_parser


def quoted_texts(markdown: str) -> list[str]:
    """Return the text of each paragraph or list item inside a block quotation, code spans in backticks."""
    texts: list[str] = []
    depth = 0
    for token in section_parser().parse(markdown):
        depth += {"blockquote_open": 1, "blockquote_close": -1}.get(token.type, 0)
        if token.type == "inline" and depth:
            texts.append(
                "".join(
                    f"`{child.content}`" if child.type == "code_inline" else child.content
                    for child in token.children or []
                )
            )
    return texts
