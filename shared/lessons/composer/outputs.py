"""Questions on interpreter sessions: what is printed. The key is the session's own output, word for word."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Any

from shared.lessons.code import Step, is_steady, parse_session, unknown_names
from shared.lessons.composer.material import Example, Excerpt
from shared.lessons.composer.question import Candidate, is_similar_length, passage_of
from shared.lessons.phrases import Phrases
from shared.models.specification import normalise

_MOST_CHARACTERS = 60
_MOST_STEPS = 5
# What Markdown would swallow, and what stands in one machine's file system.
_unfit = re.compile(r"[`<]|  |/\w+/|\broot\b")
_number = re.compile(r"(?<![\w.])\d{1,4}(?![\w.])")


def output_questions(
    excerpt: Excerpt, objective: str, outputs: Sequence[str], phrases: Phrases
) -> Iterator[Candidate]:
    """Give a question for each output of the excerpt's sessions; `outputs` are those of all the brief."""
    for example in excerpt.examples:
        if not is_steady(f"{example.introduction} {example.heading} {example.code}"):
            continue
        steps = parse_session(example.code)
        for number, step in enumerate(steps):
            if not _is_askable(step) or not all(_is_plain(before) for before in steps[:number]):
                continue
            before = _needed(steps[:number], step)
            if before and any(_same(step.printed) in _same(earlier.entered) for earlier in before):
                continue  # the answer stands in the question
            distractors = wrong_outputs(step.printed, excerpt, outputs)
            if before is None or len(distractors) < 3 or unknown_names([*before, step], example.explained):
                continue
            yield Candidate(
                kind="output",
                question=_text(before, step, phrases),
                key=step.printed,
                distractors=distractors,
                explanation=phrases(
                    "quiz_output_explanation",
                    line=step.entered,
                    output=_code(step.printed),
                    title=excerpt.title,
                ),
                about=normalise(f"output {step.printed}"),
                sentence=normalise(f"{example.code} {number}"),
                excerpt=excerpt,
                objective=objective,
                score=3.4 - 0.1 * len(before),
            )


def outputs_of(examples: Sequence[Example]) -> list[str]:
    """Return the one-line outputs of sessions, in their order."""
    steps = (step for example in examples for step in parse_session(example.code))
    return list(dict.fromkeys(step.printed for step in steps if _is_short(step.printed)))


def _is_short(printed: str) -> bool:
    return 0 < len(printed) <= _MOST_CHARACTERS and "\n" not in printed and not _unfit.search(printed)


def _is_plain(step: Step) -> bool:
    """Tell whether an input can be shown within a sentence."""
    return "\n" not in step.entered and "`" not in step.entered and len(step.entered) <= 90


def _is_askable(step: Step) -> bool:
    """Tell whether an output is worth asking for: computed, not merely repeated from the input."""
    if not _is_short(step.printed) or not _is_plain(step) or step.printed in step.entered:
        return False
    return not step.entered.strip().startswith("#") and _comparable(step.printed) is not None


def _same(text: str) -> str:
    return text.replace('"', "'")


def _needed(before: Sequence[Step], step: Step) -> list[Step] | None:
    """Return the inputs that the asked one rests on; None for too many to show."""
    names = _names(step.entered)
    needed: list[Step] = []
    for earlier in reversed(before):
        if earlier.printed and "(" not in earlier.entered:
            continue  # it shows a value and changes nothing
        own = _names(earlier.entered)
        if own & names or earlier.entered.startswith(("import", "from")):
            needed.insert(0, earlier)
            names |= own
    return needed if len(needed) <= _MOST_STEPS else None


def _names(code: str) -> set[str]:
    try:
        return {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
    except SyntaxError:
        return set()


def _text(before: Sequence[Step], step: Step, phrases: Phrases) -> str:
    line = _code(step.entered.partition("  #")[0].rstrip())
    inputs = [earlier for earlier in before if not earlier.entered.startswith(("import ", "from "))] or list(
        before
    )
    if not before:
        return phrases("quiz_output", line=line)
    lines = ", ".join(_code(earlier.entered.partition("  #")[0].rstrip()) for earlier in inputs)
    return phrases("quiz_output_after", lines=lines, line=line)


def _code(text: str) -> str:
    return f"`{text}`"


def wrong_outputs(key: str, excerpt: Excerpt, outputs: Sequence[str]) -> tuple[str, ...]:
    """Return three wrong outputs of the key's type that do not occur in the passage.

    First slips that learners make (one off, reversed, one item less), then outputs of other sessions.
    """
    passage = passage_of(excerpt)
    own = _comparable(key)
    chosen: dict[str, str] = {}
    for option in (*_slips(key), *(other for other in outputs if type(_comparable(other)) is type(own))):
        is_wrong = option != key and _comparable(option) != own and is_similar_length(option, key)
        if is_wrong and not _stands_in(option, passage):
            chosen.setdefault(normalise(option), option)
    chosen.pop(normalise(key), None)
    return tuple(chosen.values())[:3]


def _stands_in(option: str, passage: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(normalise(option))}(?![\w.])", passage) is not None


class _Call:
    """An output such as `Decimal('1')`, which only compares by its text."""


def _comparable(printed: str) -> Any:
    """Return the value that an output shows; an instance of `_Call` for other expressions; else None."""
    try:
        return ast.literal_eval(printed)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        pass
    try:
        node = ast.parse(printed, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    return _Call() if isinstance(node, ast.Call) else None


def _slips(key: str) -> Iterator[str]:
    """Give outputs near the key: another truth value, neighbouring numbers, items reversed or left out."""
    value = _comparable(key)
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        for change in (1, -1, 2, 10):
            yield repr(round(value + change, 6))
        yield repr(-value)
    elif isinstance(value, str):
        return
    elif isinstance(value, list | tuple) and len(value) > 1:
        yield repr(value[::-1])
        yield repr(value[1:])
        yield repr(value[:-1])
        yield repr(type(value)((*value[1:], value[0])))
    elif isinstance(value, dict) and len(value) > 1:
        items = list(value.items())
        yield repr(dict(items[:-1]))
        yield repr(dict(items[1:]))
        yield repr(dict(zip(value, [*list(value.values())[1:], items[0][1]], strict=True)))
    else:
        for number in _number.finditer(key):
            for change in (1, 2):
                yield f"{key[: number.start()]}{int(number.group()) + change}{key[number.end() :]}"
