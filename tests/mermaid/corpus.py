"""Diagrams as language models write them: sound ones, broken ones, and hostile ones."""

from __future__ import annotations

from pathlib import Path


def _read(name: str) -> tuple[str, ...]:
    text = (Path(__file__).with_name("corpus") / f"{name}.txt").read_text(encoding="utf-8")
    return tuple(diagram.strip("\n") for diagram in text.split("\n====\n"))


SOUND = _read("sound")
BROKEN = _read("broken")
HOSTILE = _read("hostile")
