"""Flowcharts: nodes with labels, links between them, subgraphs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from shared.lessons.mermaid.labels import Names, Unreadable, decoded, label

_ID = re.compile(r"\w+(?:[.-]\w+)*")
# The brackets of a shape, longest first; what is not written again becomes a rectangle.
_SHAPES = (
    ("(((", ")))", "((", "))"),
    ("((", "))", "((", "))"),
    ("([", "])", "([", "])"),
    ("[[", "]]", "[[", "]]"),
    ("[(", ")]", "[(", ")]"),
    ("{{", "}}", "{{", "}}"),
    ("[/", "/]", "[", "]"),
    ("[/", "\\]", "[", "]"),
    ("[\\", "\\]", "[", "]"),
    ("[\\", "/]", "[", "]"),
    ("[", "]", "[", "]"),
    ("(", ")", "(", ")"),
    ("{", "}", "{", "}"),
    (">", "]", "[", "]"),
)
_LINK = re.compile(
    r"\s*(?P<back><)?(?:(?P<solid>-{2,})|(?P<thick>={2,})|(?P<dotted>-\.+-))(?P<head>[>xo](?![\w])|>)?"
    r"\s*(?:\|(?P<label>\"[^\"]*\"|[^|]*)\|)?\s*"
)
_LABELLED_LINK = re.compile(
    r"\s*(?P<back><)?(?:--\s*(?P<solid>[^-=>|\s][^\n|]*?)\s*--+|==\s*(?P<thick>[^-=>|\s][^\n|]*?)\s*==+"
    r"|-\.\s*(?P<dotted>[^-=>|\s][^\n|]*?)\s*\.+-)(?P<head>>|[xo](?!\w))?\s*"
)
_AFTER_NODE = r"(?=\s|$|[-=<&;]|:::)"
_STROKES = {"solid": ("--", "---"), "thick": ("==", "==="), "dotted": ("-.-", "-.-")}
_SUBGRAPH = re.compile(r"subgraph\b\s*(.*)", re.IGNORECASE)
_SUBGRAPH_TITLE = re.compile(r"(?P<id>[\w.-]+)?\s*\[(?P<title>.*)\]|(?P<plain>.+)")
_DIRECTION = re.compile(r"direction\s+(TD|TB|BT|LR|RL)", re.IGNORECASE)


def flowchart(header: str, lines: Sequence[str]) -> str:
    """Return a flowchart in its canonical form; raises Unreadable."""
    writer = _Writer()
    written = [part for line in lines for part in writer.line(line)]
    if writer.open_subgraphs or writer.links == 0:
        raise Unreadable("no link, or a subgraph without an end")
    return "\n".join([header, *(f"  {line}" for line in written)])


class _Writer:
    """Reads statements and writes them anew; knows the names given so far."""

    def __init__(self) -> None:
        self.open_subgraphs = 0
        self.links = 0
        self._names = Names()
        self._labelled: set[str] = set()

    def line(self, line: str) -> list[str]:
        """Return the statements of a line."""
        if line.rstrip(";").strip().casefold() == "end":
            self.open_subgraphs -= 1
            if self.open_subgraphs < 0:
                raise Unreadable(line)
            return ["end"]
        if opening := _SUBGRAPH.fullmatch(line.rstrip(";").strip()):
            return [self._subgraph(opening[1].strip())]
        if direction := _DIRECTION.fullmatch(line.rstrip(";").strip()):
            if not self.open_subgraphs:
                raise Unreadable(line)
            return [f"direction {direction[1].upper()}"]
        statements: list[str] = []
        while line.strip(" ;"):
            statement, line = self._chain(line.lstrip(" ;\t"))
            statements.append(statement)
        return statements

    def _subgraph(self, title: str) -> str:
        self.open_subgraphs += 1
        found = _SUBGRAPH_TITLE.fullmatch(title)
        if found is None:
            raise Unreadable(title)
        raw = found["id"] or found["plain"] or f"group{self.open_subgraphs}"
        shown = found["title"] if found["title"] is not None else found["plain"]
        return f'subgraph {self._names(raw)}["{label(_unquoted(shown))}"]'

    def _chain(self, text: str) -> tuple[str, str]:
        """Return one statement, and the rest of the line."""
        written, text = self._group(text)
        while text.strip() and not text.lstrip().startswith(";"):
            link, text = self._link(text)
            group, text = self._group(text)
            written += f" {link} {group}"
            self.links += 1
        return written, text

    def _group(self, text: str) -> tuple[str, str]:
        node, text = self._node(text)
        nodes = [node]
        while text.lstrip().startswith("&"):
            node, text = self._node(text.lstrip()[1:])
            nodes.append(node)
        return " & ".join(nodes), text

    def _node(self, text: str) -> tuple[str, str]:
        text = text.lstrip()
        found = _ID.match(text)
        if found is None:
            raise Unreadable(text)
        raw, rest = found.group(), text[found.end() :]
        name = self._names(raw)
        shown, rest = _shape(rest)
        rest = re.sub(r"\A:::[\w-]+", "", rest)
        if shown is None and not self._names.is_own(raw) and name not in self._labelled:
            shown = f'["{label(raw)}"]'
        if shown is not None:
            self._labelled.add(name)
        return name + (shown or ""), rest

    def _link(self, text: str) -> tuple[str, str]:
        for pattern in (_LABELLED_LINK, _LINK):
            found = pattern.match(text)
            if found is None:
                continue
            kind = next(kind for kind in _STROKES if found[kind] is not None)
            raw = found["label"] if pattern is _LINK else found[kind]
            shown = f'|"{label(_unquoted(raw))}"|' if raw is not None and decoded(_unquoted(raw)) else ""
            return _arrow(kind, found["head"], bool(found["back"])) + shown, text[found.end() :]
        raise Unreadable(text)


def _arrow(kind: str, head: str | None, back: bool) -> str:
    stroke, plain = _STROKES[kind]
    if head is None:
        return plain
    if kind == "dotted":
        return f"{'<' if back and head == '>' else ''}-.-{head}"
    return f"{'<' if back and head == '>' else ''}{stroke}{head}"


def _shape(text: str) -> tuple[str | None, str]:
    """Return a node's brackets with its label written safely, and the rest; None for a node without."""
    for opening, closing, first, last in _SHAPES:
        if not text.startswith(opening):
            continue
        inner = rf"\s*(?:\"(?P<quoted>[^\"]*)\"|(?P<plain>[^\"\n]+?))\s*{re.escape(closing)}{_AFTER_NODE}"
        found = re.compile(inner).match(text, len(opening))
        if found is not None:
            raw = found["quoted"] if found["quoted"] is not None else found["plain"]
            return f'{first}"{label(raw)}"{last}', text[found.end() :]
    if text[:1] in {"[", "(", "{", "@"}:
        raise Unreadable(text)
    return None, text


def _unquoted(text: str) -> str:
    stripped = text.strip()
    is_quoted = len(stripped) > 1 and stripped[0] == stripped[-1] == '"'
    return stripped[1:-1] if is_quoted else stripped
