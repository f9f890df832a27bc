"""Route templates: parsed and matched as ASP.NET Core's RoutePatternParser and TemplateMatcher do.

Source: dotnet/aspnetcore src/Http/Routing/src/Patterns/RoutePatternParser.cs, RouteParameterParser.cs and
src/Http/Routing/src/RoutePatternMatcher.cs.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from devhost.routing.constraints import Constraint, ConstraintError, build_constraint

_INVALID_IN_NAME = re.compile(r"[/{}?*]")


class TemplateError(ValueError):
    """A template that the real host refuses; the message is in its words."""


@dataclass(frozen=True)
class Parameter:
    """`{name:constraint=default?}` or `{*name}`."""

    name: str
    constraints: tuple[Constraint, ...] = ()
    default: str | None = None
    optional: bool = False
    catch_all: bool = False

    def accepts(self, value: str | None) -> bool:
        """Whether the constraints hold; a missing value passes only where the parameter is optional."""
        if value is None:
            return self.optional or not self.constraints
        return all(constraint(value) for constraint in self.constraints)


@dataclass(frozen=True)
class Segment:
    """The text between two slashes: literals and parameters in turn."""

    parts: tuple[str | Parameter, ...]
    patterns: tuple[re.Pattern[str], ...] = field(default=())

    @property
    def parameter(self) -> Parameter | None:
        """The parameter that is the whole segment, if it is one."""
        part = self.parts[0]
        return part if len(self.parts) == 1 and isinstance(part, Parameter) else None


class RouteTemplate:
    """A parsed template; `match` gives the route values of a path."""

    def __init__(self, template: str) -> None:
        """Parse; raises TemplateError."""
        self.segments = _parse(template)
        parameters = [p for segment in self.segments for p in segment.parts if isinstance(p, Parameter)]
        names = [p.name.lower() for p in parameters]
        for parameter in parameters:
            if names.count(parameter.name.lower()) > 1:
                raise TemplateError(
                    f"The route parameter name '{parameter.name}' appears more than one time in the route "
                    "template."
                )
        self._parameters = parameters

    def match(self, path: str) -> Mapping[str, str | None] | None:
        """The values of all parameters (None where an optional one is absent), or None if the path differs.

        `path` begins with a slash; one slash at its end is ignored, an empty segment inside matches nothing.
        """
        values = self._capture(path)
        if values is None:
            return None
        return values if all(p.accepts(values[p.name]) for p in self._parameters) else None

    def _capture(self, path: str) -> dict[str, str | None] | None:
        rest = path.removeprefix("/")
        requested = rest.removesuffix("/").split("/") if rest not in {"", "/"} else []
        values: dict[str, str | None] = {p.name: p.default for p in self._parameters}
        for index, segment in enumerate(self.segments):
            parameter = segment.parameter
            if parameter is not None and parameter.catch_all:
                remainder = rest.split("/", index)[index:]
                if remainder and remainder[0]:
                    values[parameter.name] = remainder[0]
                return values
            if index < len(requested):
                if not _match_segment(segment, requested[index], values):
                    return None
            elif parameter is None or not (parameter.optional or parameter.default is not None):
                return None
        return values if len(requested) <= len(self.segments) else None


def _match_segment(segment: Segment, text: str, values: dict[str, str | None]) -> bool:
    if text == "":
        return False
    if (parameter := segment.parameter) is not None:
        values[parameter.name] = text
        return True
    for pattern in segment.patterns:
        if match := pattern.fullmatch(text):
            names = [p.name for p in segment.parts if isinstance(p, Parameter)]
            values.update(zip(names, match.groups(), strict=False))
            return True
    return False


def _parse(template: str) -> tuple[Segment, ...]:
    text = template[2:] if template.startswith("~/") else template.removeprefix("/")
    if text.startswith("~"):
        raise TemplateError("The route template cannot start with a '~' character unless followed by a '/'.")
    if text == "":
        return ()
    pieces = _split_segments(text)
    if pieces[-1] == "":
        pieces.pop()
    if "" in pieces:
        raise TemplateError(
            "The route template separator character '/' cannot appear consecutively. "
            "It must be separated by either a parameter or a literal value."
        )
    segments = tuple(_parse_segment(piece) for piece in pieces)
    for segment in segments[:-1]:
        if segment.parameter is not None and segment.parameter.catch_all:
            raise TemplateError(
                "A catch-all parameter can only appear as the last segment of the route template."
            )
    return segments


def _split_segments(text: str) -> list[str]:
    """Split at the slashes outside parameters: a regular expression may hold slashes."""
    pieces, start, index = [], 0, 0
    while index < len(text):
        if text[index : index + 2] in {"{{", "}}"}:
            index += 2
        elif text[index] == "{":
            index = _closing_brace(text, index) + 1
        else:
            if text[index] == "/":
                pieces.append(text[start:index])
                start = index + 1
            index += 1
    return [*pieces, text[start:]]


def _parse_segment(text: str) -> Segment:
    parts: list[str | Parameter] = []
    literal, index = "", 0
    while index < len(text):
        character = text[index]
        if text[index : index + 2] in {"{{", "}}"}:
            literal += character
            index += 2
        elif character == "{":
            end = _closing_brace(text, index)
            if literal:
                parts.append(_checked_literal(literal))
                literal = ""
            elif parts:
                raise TemplateError(
                    "A path segment cannot contain two consecutive parameters. They must be separated by a "
                    "literal."
                )
            parts.append(_parse_parameter(text[index + 1 : end].replace("{{", "{").replace("}}", "}")))
            index = end + 1
        elif character == "}":
            raise _incomplete()
        else:
            literal += character
            index += 1
    if literal:
        parts.append(_checked_literal(literal))
    _check_parts(parts)
    return Segment(tuple(parts), _patterns(parts))


def _closing_brace(text: str, start: int) -> int:
    """Where the parameter that opens at `start` ends; braces inside are doubled."""
    index = start + 1
    while index < len(text):
        if text[index : index + 2] in {"{{", "}}"}:
            index += 2
        elif text[index] == "}":
            return index
        elif text[index] == "{":
            raise TemplateError("In a route parameter, '{' and '}' must be escaped with '{{' and '}}'.")
        else:
            index += 1
    raise _incomplete()


def _incomplete() -> TemplateError:
    return TemplateError(
        "There is an incomplete parameter in the route template. Check that each '{' character has a "
        "matching '}' "
        "character."
    )


def _checked_literal(literal: str) -> str:
    if "?" in literal:
        raise TemplateError(
            f"The literal section '{literal}' is invalid. Literal sections cannot contain the '?' character."
        )
    return literal


def _check_parts(parts: list[str | Parameter]) -> None:
    if len(parts) == 1:
        return
    for index, part in enumerate(parts):
        if not isinstance(part, Parameter):
            continue
        if part.catch_all:
            raise TemplateError(
                "A path segment that contains more than one section, such as a literal section or a "
                "parameter, "
                "cannot contain a catch-all parameter."
            )
        if part.optional and (index != len(parts) - 1 or not str(parts[index - 1]).endswith(".")):
            raise TemplateError(
                f"In the segment, the optional parameter '{part.name}' must be at its end and be preceded "
                "by a period (.)."
            )


def _patterns(parts: list[str | Parameter]) -> tuple[re.Pattern[str], ...]:
    """What a segment of literals and parameters matches: literals as far to the right as they go, so
    greedily."""
    if len(parts) == 1 and isinstance(parts[0], Parameter):
        return ()

    def pattern(selected: list[str | Parameter]) -> re.Pattern[str]:
        body = "".join("(.+)" if isinstance(p, Parameter) else re.escape(p) for p in selected)
        return re.compile(body, re.IGNORECASE | re.DOTALL)

    last = parts[-1]
    if isinstance(last, Parameter) and last.optional:
        # `{name}.{ext?}`: without the extension the period goes too.
        shorter = [*parts[:-2], str(parts[-2])[:-1]]
        return pattern(parts), pattern([p for p in shorter if p != ""])
    return (pattern(parts),)


def _parse_parameter(text: str) -> Parameter:
    stars = len(text) - len(text.lstrip("*"))
    optional = text.endswith("?")
    body = text[min(stars, 2) :].removesuffix("?")
    match = re.match(r".[^:=]*", body, re.DOTALL)
    name = match[0] if match else ""
    if not name or _INVALID_IN_NAME.search(name) or name[0] in ":=":
        raise TemplateError(
            f"The route parameter name '{name}' is invalid. Route parameter names must be non-empty and "
            "cannot "
            "contain these characters: '{', '}', '/'. The '?' character marks a parameter as optional, and "
            "can occur "
            "only at the end of the parameter. The '*' character marks a parameter as catch-all, and can "
            "occur only "
            "at the start of the parameter."
        )
    expressions, default = _constraints_and_default(body[len(name) :])
    if optional and default is not None:
        raise TemplateError("An optional parameter cannot have default value.")
    if optional and stars:
        raise TemplateError("A catch-all parameter cannot be marked optional.")
    try:
        constraints = tuple(build_constraint(e) for e in expressions)
    except ConstraintError as error:
        raise TemplateError(f"The constraint entry '{name}' is invalid: {error}") from None
    return Parameter(name, constraints, default, optional, catch_all=stars > 0)


def _constraints_and_default(text: str) -> tuple[list[str], str | None]:
    """Split `:a(x):b=default`; a parenthesis protects what it encloses up to a `)` that ends the
    constraint."""
    expressions: list[str] = []
    while text.startswith(":"):
        text = text[1:]
        end = _constraint_end(text)
        if text[:end]:
            expressions.append(text[:end])
        text = text[end:]
    return expressions, text[1:] if text.startswith("=") else None


def _constraint_end(text: str) -> int:
    inside = False
    for index, character in enumerate(text):
        if inside:
            closes = character == ")" and text[index + 1 : index + 2] in {"", ":", "="}
            unbalanced = character in ":=" and ")" not in text[index:]
            if closes:
                return index + 1
            if unbalanced:
                return index
        elif character == "(":
            inside = True
        elif character in ":=":
            return index
    return len(text)
