"""Sequence diagrams: participants, messages, notes, and the frames around them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from shared.lessons.mermaid.labels import Names, Unreadable, decoded, label

_PARTICIPANT = re.compile(r"(participant|actor)\s+(.+?)(?:\s+as\s+(.+))?", re.IGNORECASE)
_MESSAGE = re.compile(r"(.+?)\s*(--?>>|--?>|--?x|--?\))\s*[+-]?\s*([^:]+?)\s*:\s*(.+)")
_NOTE = re.compile(r"note\s+(over|left of|right of)\s+([^:]+?)\s*:\s*(.+)", re.IGNORECASE)
_FRAME = re.compile(r"(loop|alt|opt|par)\b\s*(.*)", re.IGNORECASE)
_BRANCH = re.compile(r"(else|and)\b\s*(.*)", re.IGNORECASE)
# The semicolon of an entity code belongs to the text.
_STATEMENT_END = re.compile(r"(?<!\d);\s*\Z")
_BRANCH_OF = {"else": "alt", "and": "par"}


def sequence(lines: Sequence[str]) -> str:
    """Return a sequence diagram in its canonical form; raises Unreadable."""
    writer = _Writer()
    body = [writer.line(_STATEMENT_END.sub("", line).strip()) for line in lines]
    if writer.frames or writer.messages == 0:
        raise Unreadable("no message, or a frame without an end")
    head = [f"{kind} {name} as {shown}" for name, (kind, shown) in writer.participants.items()]
    return "\n".join(["sequenceDiagram", *(f"  {line}" for line in [*head, *body] if line)])


class _Writer:
    """Reads statements and writes them anew; knows the participants so far."""

    def __init__(self) -> None:
        self.participants: dict[str, tuple[str, str]] = {}
        self.frames: list[str] = []
        self.messages = 0
        self._names = Names()

    def line(self, line: str) -> str:
        """Return a statement; nothing for a participant, whom the head names."""
        if found := _PARTICIPANT.fullmatch(line):
            self._participant(found[2], found[1].lower(), found[3])
            return ""
        if found := _NOTE.fullmatch(line):
            names = [self._participant(raw) for raw in found[2].split(",")]
            if len(names) > (2 if found[1].lower() == "over" else 1):
                raise Unreadable(line)
            return f"Note {found[1].lower()} {','.join(names)}: {label(found[3])}"
        if found := _MESSAGE.fullmatch(line):
            self.messages += 1
            sender, receiver = self._participant(found[1]), self._participant(found[3])
            return f"{sender}{found[2]}{receiver}: {label(found[4])}"
        return self._frame(line)

    def _frame(self, line: str) -> str:
        if line.casefold() == "end" and self.frames:
            self.frames.pop()
            return "end"
        if found := _FRAME.fullmatch(line):
            self.frames.append(found[1].lower())
        elif found := _BRANCH.fullmatch(line):
            if not self.frames or self.frames[-1] != _BRANCH_OF[found[1].lower()]:
                raise Unreadable(line)
        else:
            raise Unreadable(line)
        return f"{found[1].lower()} {label(found[2])}"

    def _participant(self, raw: str, kind: str = "participant", shown: str | None = None) -> str:
        raw = raw.strip().strip('"').strip()
        if not raw:
            raise Unreadable("a participant without a name")
        name = self._names(raw)
        if name not in self.participants or shown is not None:
            self.participants[name] = (kind, label(shown if shown and decoded(shown) else raw))
        return name
