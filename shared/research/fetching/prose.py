"""Prose as prose: without markup that a renderer or a model would act on."""

from __future__ import annotations

import re

from shared.security.clean_text import clean_text

# Images and links of Markdown, inline, by reference and as definitions; their words stay.
_image = re.compile(r"!\[([^\]\n]{0,300})\]\s?(?:\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)|\[[^\]\n]{0,100}\])")
_link = re.compile(r"\[([^\]\n]{0,300})\]\s?(?:\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)|\[[^\]\n]{0,100}\])")
_definition = re.compile(r"^[ \t]{0,3}\[[^\]\n]{1,100}\]:\s*\S+.*$", re.MULTILINE)
# Addresses that carry their content or code with them.
_active = re.compile(r"(?:javascript|vbscript|data):(?:[a-z]+/[a-z0-9.+-]+)?[;,(]?[^\s\"'<>]*", re.IGNORECASE)
_active_start = re.compile(r"\b(?:javascript|vbscript):\S|\bdata:[a-z]+/[a-z0-9.+-]+[;,]", re.IGNORECASE)
# The blocks that a prompt is made of, and the control words of chat templates.
_framing = re.compile(
    r"<\s*/?\s*(?:source|passage|system|assistant|user|instructions?)\b[^<>\n]{0,200}>"
    r"|<\|[^|\n<>]{1,60}\|>|<\|?/?(?:im_start|im_end|endoftext|eot_id)\|?>|\[/?INST\]|<</?SYS>>"
    r"|^\s{0,3}(?:BEGIN|END) SOURCES\b.*$",
    re.IGNORECASE | re.MULTILINE,
)


def plain_prose(text: str) -> str:
    """Return visible text on one line without links, active addresses and the framing of prompts."""
    text = clean_text(text)
    for _ in range(3):  # what one removal leaves may join to what the next must find
        cleaned = _link.sub(r"\1", _image.sub(r"\1", _definition.sub("", text)))
        cleaned = _framing.sub(" ", cleaned)
        if _active_start.search(cleaned):
            cleaned = _active.sub("", cleaned)
        if cleaned == text:
            break
        text = cleaned
    return " ".join(text.split())
