"""Inline route constraints, by the rules of ASP.NET Core's constraint classes.

Source: dotnet/aspnetcore src/Http/Routing/src/Constraints and RouteOptions.cs (the constraint map).
"""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation

Constraint = Callable[[str], bool]

_INT32 = (-(2**31), 2**31 - 1)
_INT64 = (-(2**63), 2**63 - 1)
_INTEGER = re.compile(r"\s*[+-]?\d+\s*", re.ASCII)
_NUMBER = re.compile(r"\s*[+-]?(\d+(,\d+)*\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_DECIMAL = re.compile(r"\s*[+-]?(\d+(,\d+)*\.?\d*|\.\d+)\s*[+-]?\s*", re.ASCII)
_GUID = re.compile(
    r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|\{[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}|\([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\)"
    r"|\{0x[0-9a-f]{1,8},0x[0-9a-f]{1,4},0x[0-9a-f]{1,4},\{0x[0-9a-f]{1,2}(,0x[0-9a-f]{1,2}){7}\}\}",
    re.IGNORECASE,
)
_FILE = re.compile(r"(?:.*/)?[^/]*\.[^/.]+", re.DOTALL)
_DATE_FORMATS = (
    "%Y-%m-%d", "%m/%d/%Y", "%Y/%m/%d", "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y", "%Y-%m-%d %H:%M",
    "%Y-%m-%d %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p",
)  # fmt: skip


class ConstraintError(ValueError):
    """A constraint that the real host does not know or cannot build; the message is in its words."""


def build_constraint(expression: str) -> Constraint:
    """The test that an inline constraint such as `maxlength(35)` stands for; raises ConstraintError."""
    name, opened, rest = expression.partition("(")
    arguments = rest[:-1] if opened and rest.endswith(")") else None
    key = name.lower()
    if arguments is None and key in _PLAIN:
        return _PLAIN[key]
    if arguments is not None and key == "regex":
        return _regex(arguments)
    if arguments is not None and key in _WITH_NUMBERS:
        build, counts = _WITH_NUMBERS[key]
        numbers = _numbers(expression, arguments)
        if len(numbers) in counts:
            return build(*numbers)
        raise ConstraintError(f"Could not find a constructor for the constraint '{expression}'.")
    raise ConstraintError(
        f"The constraint reference '{name}' could not be resolved to a type. "
        "Register the constraint type with 'RouteOptions.ConstraintMap'."
    )


def _numbers(expression: str, arguments: str) -> list[int]:
    try:
        return [int(part) for part in arguments.split(",")]
    except ValueError:
        raise ConstraintError(
            f"An error occurred while trying to create the constraint '{expression}'."
        ) from None


def _in_range(low: int, high: int) -> Constraint:
    return lambda value: bool(_INTEGER.fullmatch(value)) and low <= int(value) <= high


def _length(low: int, high: int | None = None) -> Constraint:
    # .NET counts UTF-16 code units: a character outside the basic plane counts twice.
    upper = low if high is None else high
    return lambda value: low <= _utf16_length(value) <= upper


def _utf16_length(value: str) -> int:
    return len(value.encode("utf-16-le", "surrogatepass")) // 2


def _regex(pattern: str) -> Constraint:
    try:
        # RegexRouteConstraint searches, without regard to case; a pattern anchors itself.
        compiled = re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise ConstraintError(
            f"An error occurred while trying to create an instance of 'RegexInlineRouteConstraint': {error}"
        ) from None
    return lambda value: compiled.search(value) is not None


def _is_guid(value: str) -> bool:
    # Guid.TryParse takes the formats N, D, B, P and X, and trims.
    return _GUID.fullmatch(value.strip()) is not None


def _is_decimal(value: str) -> bool:
    if not _DECIMAL.fullmatch(value):
        return False
    try:
        number = Decimal(re.sub(r"[,\s]|[+-]", "", value))
    except InvalidOperation:
        return False
    return number < 2**96


def _is_float(value: str) -> bool:
    # Since .NET Core 3.0 a number out of range is infinity, not an error.
    return bool(_NUMBER.fullmatch(value)) or value.strip().lower() in {
        "nan",
        "-nan",
        "infinity",
        "-infinity",
        "∞",
    }


def _is_datetime(value: str) -> bool:
    text = value.strip()
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return any(_parses(text, form) for form in _DATE_FORMATS)
    # Python takes basic and week notation as well, which DateTime.TryParse refuses.
    return re.match(r"\d{4}-\d{2}-\d{2}", text) is not None


def _parses(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)  # noqa: DTZ007 - only whether it parses
    except ValueError:
        return False
    return True


_PLAIN: dict[str, Constraint] = {
    "int": _in_range(*_INT32),
    "long": _in_range(*_INT64),
    "bool": lambda value: value.strip().lower() in {"true", "false"},
    "datetime": _is_datetime,
    "decimal": _is_decimal,
    "double": _is_float,
    "float": _is_float,
    "guid": _is_guid,
    "alpha": lambda value: re.fullmatch(r"[a-z]*", value, re.IGNORECASE | re.ASCII) is not None,
    "required": lambda value: value != "",
    "file": lambda value: _FILE.fullmatch(value) is not None,
    "nonfile": lambda value: _FILE.fullmatch(value) is None,
}
_WITH_NUMBERS: dict[str, tuple[Callable[..., Constraint], tuple[int, ...]]] = {
    "length": (_length, (1, 2)),
    "minlength": (lambda low: _length(low, 2**31), (1,)),
    "maxlength": (lambda high: _length(0, high), (1,)),
    "min": (lambda low: _in_range(low, _INT64[1]), (1,)),
    "max": (lambda high: _in_range(_INT64[0], high), (1,)),
    "range": (_in_range, (2,)),
}
