"""The API as one HTML page that needs nothing else: no script, no font, no image, no other host."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from shared.lessons.rendering.blocks import line_html, section_html
from triggers.openapi.outline import Field, Group, Operation, Shape, groups_of, shapes_of


@cache
def _style() -> str:
    return Path(__file__).with_name("page.css").read_text(encoding="utf-8")


def to_html(document: dict[str, Any]) -> str:
    """Return the page of an OpenAPI document."""
    info = document["info"]
    groups, shapes = groups_of(document), shapes_of(document)
    names = frozenset(shape.name for shape in shapes)
    main = [
        f"<h1>{escape(info['title'])} API</h1>",
        f'<p class="facts">Version {escape(info["version"])} · <a href="openapi.json">openapi.json</a></p>',
        section_html(info["description"]),
    ]
    for group in groups:
        main.append(f'<h2>{escape(group.title)}</h2><p class="facts">{line_html(group.description)}</p>')
        main += [_operation(operation, names) for operation in group.operations]
    main.append("<h2>Shapes</h2>")
    main += [_shape(shape, names) for shape in shapes]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(info['title'])} API</title>\n<style>\n{_style()}</style>\n</head>\n"
        f"<body>\n{_navigation(groups)}\n<main>\n{''.join(main)}\n</main>\n</body>\n</html>\n"
    )


def _navigation(groups: Iterable[Group]) -> str:
    parts = []
    for group in groups:
        links = "".join(
            f'<li><a href="#{one.name}" title="{escape(one.summary)}">{_method(one)}'
            f"<code>{escape(one.path.removeprefix('/api'))}</code></a></li>"
            for one in group.operations
        )
        parts.append(f"<h2>{escape(group.title)}</h2><ul>{links}</ul>")
    return f'<nav aria-label="Operations">{"".join(parts)}</nav>'


def _method(operation: Operation) -> str:
    return f'<span class="method {operation.method.lower()}">{operation.method}</span>'


def _operation(operation: Operation, names: frozenset[str]) -> str:
    title = f"{_method(operation)}<code>{escape(operation.path)}</code>"
    parts = [
        f'<h3>{title}<span class="who">{escape(operation.who)}</span></h3>',
        f"<p>{line_html(operation.summary)}</p>",
        section_html(operation.description) if operation.description else "",
    ]
    if operation.parameters:
        parts += ["<h4>Parameters</h4>", _fields(operation.parameters, names)]
    if operation.body:
        need = "" if operation.body_is_required else " (may be left out)"
        body = _linked(operation.body, names)
        parts += [f"<h4>Body{need}: {body}</h4>", _fields(operation.body_fields, names)]
        parts.append(_example("Example of the body", operation.body_example))
    parts += ["<h4>Answers</h4>", _answers(operation, names), _problems(operation)]
    return f'<article id="{operation.name}">{"".join(parts)}</article>'


def _answers(operation: Operation, names: frozenset[str]) -> str:
    rows = [(one.status, _linked(one.kinds, names), escape(one.headers)) for one in operation.answers]
    examples = "".join(_example(f"Example of {one.status}", one.example) for one in operation.answers)
    return _table(("status", "what", "headers"), rows) + examples


def _problems(operation: Operation) -> str:
    if not operation.problems:
        return ""
    rows = [(one.status, f"<code>{one.code}</code>", line_html(one.meaning)) for one in operation.problems]
    table = _table(("status", "code", "meaning"), rows)
    return f"<details><summary>Problems ({len(rows)})</summary>{table}</details>"


def _shape(shape: Shape, names: frozenset[str]) -> str:
    words = ", ".join(f"<code>{escape(word)}</code>" for word in shape.words)
    return (
        f'<article id="{_anchor(shape.name)}"><h3><code>{escape(shape.name)}</code></h3>'
        f"<p>{line_html(shape.description)}</p>"
        + (f"<p>{words}</p>" if words else "")
        + (_fields(shape.fields, names) if shape.fields else "")
        + "</article>"
    )


def _fields(fields: Iterable[Field], names: frozenset[str]) -> str:
    rows = []
    for field in fields:
        must = '<span class="must">required</span>' if field.is_required else ""
        place = f' <span class="who">{field.place}</span>' if field.place else ""
        name = f"<code>{escape(field.name)}</code>{place}{must}"
        rows.append((name, _linked(field.kind, names), line_html(field.description)))
    return _table(("name", "what", ""), rows)


def _linked(kinds: str, names: frozenset[str]) -> str:
    """Return a text with the names of shapes made links to them."""
    words = line_html(kinds).split(" ")
    return " ".join(
        f'<a href="#{_anchor(name)}">{name}</a>{word.removeprefix(name)}'
        if (name := word.rstrip(",")) in names
        else word
        for word in words
    )


def _anchor(shape: str) -> str:
    return f"shape-{shape}"


def _example(label: str, text: str) -> str:
    if not text:
        return ""
    return (
        f"<details><summary>{escape(label)}</summary>"
        f'<pre tabindex="0"><code>{escape(text)}</code></pre></details>'
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; the cells are HTML already."""
    titles = "".join(f'<th scope="col">{escape(title)}</th>' for title in head)
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table></div>'
