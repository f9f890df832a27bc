"""Exercises from the sources' own code, and recall tasks from their definitions."""

from __future__ import annotations

import ast
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from shared.lessons.code import compiles, is_session, is_steady, parse_session, unknown_names
from shared.lessons.composer.concepts import Concept
from shared.lessons.composer.matching import Plan
from shared.lessons.composer.material import Example, Excerpt, clean_line
from shared.lessons.composer.quoting import may_quote_at_length
from shared.lessons.composer.readable import without_code
from shared.lessons.composer.styles import Proportions
from shared.lessons.phrases import Phrases
from shared.models.content import Exercise

_COMMENTS = {
    **dict.fromkeys(
        ("javascript", "js", "typescript", "ts", "java", "c", "cpp", "c++", "csharp", "c#"), "//"
    ),
    **dict.fromkeys(("go", "rust", "kotlin", "swift", "php", "scala", "dart"), "//"),
    **dict.fromkeys(("bash", "sh", "shell", "ruby", "r", "perl", "elixir", "yaml", "toml", "julia"), "#"),
    **dict.fromkeys(("sql", "lua", "haskell"), "--"),
}
_PYTHON = frozenset({"python", "python3", "py"})
_MAX_PRINTED = 8
_MAX_ARRANGED = 12
_MAX_STEPS = 6
_sequence = re.compile(
    r"\b(?:first|then|next|finally|afterwards|lastly|later|begins?|after (?:that|this|which)|before|until"
    r"|once|zuerst|dann|danach|schließlich|d’abord|ensuite|puis|enfin|primero|luego|después|finalmente)\b",
    re.IGNORECASE,
)
# A line such as "SUITE" stands for code that is not there.
_placeholder = re.compile(r"^\s*(?:[A-Z]{4,}|<\w+>)\s*$|^\s*\.\.\.\s*$", re.MULTILINE)
_failure = re.compile(
    r"\b(?:fails?|invalid|illegal|wrong|incorrect|not work|not allowed|errors?)\b", re.IGNORECASE
)
# Objectives that name words rather than deeds come last among tasks for a program.
_says_only = re.compile(
    r"(?:explain|describe|tell|say|name|list|identify|state|understand|know|recogni[sz]e|compare|determine"
    r"|erkläre|beschreibe|nenne|verstehe|kenne|vergleiche|expliquer|décrire|nommer|comprendre|connaître"
    r"|comparer|explicar|describir|nombrar|comprender|conocer|comparar)",
    re.IGNORECASE,
)
_LARGE = 1_000_000
Difficulty = Literal["easy", "medium", "hard"]


def write_exercises(
    plan: Plan, concepts: Sequence[Concept], proportions: Proportions, phrases: Phrases
) -> list[Exercise]:
    """Write exercises in rising difficulty; recall fills what code lacks."""
    written = _on_code(plan, proportions, phrases)
    written.extend(_of_ones_own(plan, proportions.practice - len(written), phrases))
    missing = proportions.exercises - proportions.explain - len(written)
    recall = min(len(concepts), proportions.explain + (min(2, missing) if not written else 0))
    ordered = [order_steps(excerpt, phrases) for excerpt in plan.taught] if not written else []
    written.extend([exercise for exercise in ordered if exercise][:1])
    written.extend(explain(concept, phrases) for concept in concepts[:recall])
    return _with_distinct_titles(written)


def _on_code(plan: Plan, proportions: Proportions, phrases: Phrases) -> list[Exercise]:
    """Write the exercises on examples that are near the lesson.

    Each example serves once; a second time, for another task, only where there are too few.
    """
    kinds: list[tuple[int, Callable[[Example, Phrases], Exercise | None]]] = [
        (proportions.predict, predict),
        (proportions.complete, complete),
        (proportions.modify, modify),
        (proportions.arrange, arrange),
        (0, complete_earlier),
    ]
    examples = list(_examples(plan))
    rounds = [(1, 0, None), (2, 0, proportions.code_exercises), (3, 1, proportions.practice)]
    written: list[Exercise] = []
    used: Counter[str] = Counter()
    for uses, more, enough in rounds:
        for bound, write in kinds:
            for example in examples:
                done = f"{write.__name__} {example.code}"
                is_full = used[write.__name__] >= bound + more or (
                    enough is not None and len(written) >= enough
                )
                exercise = (
                    None if is_full or used[example.code] >= uses or used[done] else write(example, phrases)
                )
                if exercise:
                    written.append(exercise)
                    used.update([example.code, write.__name__, done])
    return written


def _of_ones_own(plan: Plan, count: int, phrases: Phrases) -> list[Exercise]:
    """Ask for programs of the learner's own, first on objectives that say what to do; only on code."""
    if not any(excerpt.examples or "`" in excerpt.text for excerpt in plan.taught):
        return []
    objectives = [part.objective.rstrip(".") for part in plan.parts if part.objective]
    objectives.sort(key=lambda objective: _says_only.match(objective) is not None)
    return [own_program(objective, phrases) for objective in objectives[: max(count, 0)]]


def own_program(objective: str, phrases: Phrases) -> Exercise:
    """Ask for a program of the learner's own; there is no one solution."""
    return Exercise(
        title=clean_line(phrases("own_title", objective=objective)),
        task=phrases("own_task", objective=objective),
        hints=[phrases("own_hint", heading=objective)],
        solution=phrases("own_solution", heading=objective),
        difficulty="medium",
    )


def _examples(plan: Plan) -> Iterator[Example]:
    """Give the examples of openly licensed excerpts that are near, what the lesson shows first, each once."""
    seen: set[str] = set()
    for excerpt in dict.fromkeys((*plan.taught, *plan.ranked, *plan.related)):
        if not may_quote_at_length(excerpt.source) or not plan.is_near(excerpt):
            continue
        for example in excerpt.examples:
            if (is_session(example.code) or _is_whole(example)) and example.code not in seen:
                seen.add(example.code)
                yield example


def _is_whole(example: Example) -> bool:
    """Tell whether a program could run as it stands and does what it is introduced for."""
    if example.language in _PYTHON and not example.is_self_contained:
        return False
    return not _placeholder.search(example.code) and not _failure.search(without_code(example.introduction))


def _difficulty(lines: int) -> Difficulty:
    if lines <= 4:
        return "easy"
    return "medium" if lines <= 10 else "hard"


def _task(key: str, example: Example, phrases: Phrases, **values: str) -> str:
    """Return a task that begins with what the source says of the example."""
    task = phrases(key, **values)
    if not example.introduction:
        return task
    return f"{phrases('context', sentence=example.introduction)}\n\n{task}"


def predict(example: Example, phrases: Phrases) -> Exercise | None:
    """Ask what an interpreter session prints; the verbatim session is the solution."""
    steps = parse_session(example.code)
    printing = [step for step in steps if step.printed]
    lines_printed = sum(step.printed.count("\n") + 1 for step in printing)
    if (
        not printing
        or "Group Traceback" in example.code
        or (len(steps) == 1 and "\n" not in steps[0].entered)
        or lines_printed > _MAX_PRINTED
        or unknown_names(steps, example.explained)
        or not is_steady(example.code)
    ):
        return None
    starter = "\n".join(step.entered + ("\n" if "\n" in step.entered else "") for step in steps)
    hints: list[str] = []
    if len(steps) > 1 and "\n" not in printing[0].entered:
        hints.append(phrases("predict_hint", line=printing[0].entered.replace("`", "'")))
    return Exercise(
        title=_title("predict_title", example, phrases),
        task=_task("predict_task", example, phrases),
        starter_code=starter.strip("\n"),
        hints=hints,
        solution=example.code,
        difficulty=_difficulty(starter.strip("\n").count("\n") + 1),
    )


def complete(example: Example, phrases: Phrases) -> Exercise | None:
    """Blank the last line of an example that is worth asking for; the verbatim example is the solution."""
    if example.language in _PYTHON:
        return _completion(example, max(_python_lines(example.code), default=None), phrases)
    return _completion(example, _other_line(example.code.split("\n"), example.language), phrases)


def complete_earlier(example: Example, phrases: Phrases) -> Exercise | None:
    """Blank the first line of a program that is worth asking for, where it has several."""
    numbers = _python_lines(example.code) if example.language in _PYTHON else []
    return _completion(example, min(numbers), phrases) if len(numbers) > 1 else None


def _completion(example: Example, number: int | None, phrases: Phrases) -> Exercise | None:
    if number is None:
        return None
    lines = example.code.split("\n")
    missing = lines[number]
    indent = missing[: len(missing) - len(missing.lstrip())]
    mark = "...  #" if example.language in _PYTHON else _COMMENTS[example.language]
    starter = "\n".join([*lines[:number], f"{indent}{mark} {phrases('complete_mark')}", *lines[number + 1 :]])
    if example.language in _PYTHON and not compiles(starter):
        return None
    start = re.match(r"\W*\w+", missing.strip())
    hints = [phrases("complete_hint_start", start=start.group().replace("`", "'"))] if start else []
    return Exercise(
        title=_title("complete_title", example, phrases),
        task=_task("complete_task", example, phrases),
        starter_code=starter,
        hints=hints,
        solution=example.code,
        difficulty=_difficulty(len(lines)),
    )


def _python_lines(code: str) -> list[int]:
    """Return the indexes of the simple statements that have a line of their own and are worth asking for."""
    if not compiles(code):
        return []
    lines = code.split("\n")
    if sum(1 for line in lines if line.strip() and not line.strip().startswith("#")) < 3:
        return []
    simple = (
        ast.Assign,
        ast.AugAssign,
        ast.AnnAssign,
        ast.Return,
        ast.Raise,
        ast.Delete,
        ast.Import,
        ast.ImportFrom,
    )
    return [
        node.lineno - 1
        for node in ast.walk(ast.parse(code))
        if isinstance(node, simple)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Yield))
        if node.lineno == node.end_lineno
        and "#" not in lines[node.lineno - 1]
        and lines[node.lineno - 1][: node.col_offset].strip() == ""
    ]


def _other_line(lines: Sequence[str], language: str) -> int | None:
    """Return the index of the longest line but the first and the last, for languages with line comments."""
    if language not in _COMMENTS:
        return None
    mark = _COMMENTS[language]
    inner = [
        number
        for number, line in enumerate(lines[1:-1], start=1)
        if len(line.strip()) >= 6 and not line.strip().startswith(mark) and line.strip()[-1] not in "{[(,:"
    ]
    return max(inner, key=lambda number: (len(lines[number].strip()), -number), default=None)


def modify(example: Example, phrases: Phrases) -> Exercise | None:
    """Change a number of an example and ask what will be different; the changed code is the solution."""
    if example.language not in _PYTHON or not compiles(example.code) or not _shows_something(example.code):
        return None
    lines = example.code.split("\n")
    for number, start, end in _numbers(example.code):
        line = lines[number]
        old = line[start:end]
        new = str(int(old) * 2 or 3)
        solution = "\n".join([*lines[:number], line[:start] + new + line[end:], *lines[number + 1 :]])
        if not compiles(solution):
            continue
        shown = line.split("  #", 1)[0].strip().replace("`", "'")
        return Exercise(
            title=_title("modify_title", example, phrases),
            task=_task("modify_task", example, phrases, old=old, new=new, line=shown),
            starter_code=example.code,
            solution=solution,
            difficulty=_difficulty(len(lines)),
        )
    return None


def _shows_something(code: str) -> bool:
    """Tell whether running a program prints something, or defines what can be called to see it."""
    nodes = list(ast.walk(ast.parse(code)))
    prints = any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
        for node in nodes
    )
    return prints or any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in nodes)


def _numbers(code: str) -> list[tuple[int, int, int]]:
    """Return (line index, start, end) of the whole numbers of a program, those above 1 first."""
    found = [
        (node.value <= 1, node.lineno - 1, node.col_offset, node.end_col_offset or 0)
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Constant) and type(node.value) is int and 0 <= node.value < _LARGE
        if code.isascii() and not isinstance(node.kind, str)
    ]
    lines = code.split("\n")
    return [(line, start, end) for _, line, start, end in sorted(found) if lines[line][start:end].isdecimal()]


def arrange(example: Example, phrases: Phrases) -> Exercise | None:
    """Give a program's lines in another order; the verbatim program is the solution (a Parsons problem)."""
    lines = [line for line in example.code.split("\n") if line.strip()]
    is_program = not is_session(example.code) and compiles(example.code) and _has_an_order(example.code)
    if not is_program or not 4 <= len(lines) <= _MAX_ARRANGED:
        return None
    mixed = mix([line.strip() for line in lines], example.code)
    # As comments, so that what the learner starts from is a valid program.
    mark = "# " if example.language in _PYTHON else f"{_COMMENTS.get(example.language, '#')} "
    return Exercise(
        title=_title("arrange_title", example, phrases),
        task=_task("arrange_task", example, phrases),
        starter_code="\n".join(f"{mark}{line}" for line in mixed),
        hints=[phrases("arrange_hint", line=lines[0].strip().replace("`", "'"))],
        solution=example.code,
        difficulty=_difficulty(len(lines)),
    )


def _has_an_order(code: str) -> bool:
    """Tell whether lines lean on each other: statements within statements, names bound and used."""
    tree = ast.parse(code)
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    bound = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    used = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    return bool(bound & used) or any(hasattr(node, "body") for node in tree.body)


def order_steps(excerpt: Excerpt, phrases: Phrases) -> Exercise | None:
    """Give the sentences of a passage that tells one thing after the other in another order."""
    if not may_quote_at_length(excerpt.source):
        return None
    sentences = [sentence.text for sentence in excerpt.sentences]
    tells_a_sequence = sum(bool(_sequence.search(text)) for text in sentences) >= 1
    if not 3 <= len(sentences) <= _MAX_STEPS or not tells_a_sequence:
        return None
    mixed = mix(sentences, excerpt.text)
    return Exercise(
        title=phrases("order_title", title=excerpt.heading or excerpt.title),
        task="\n\n".join(
            [phrases("order_task", title=excerpt.title), "\n".join(f"- {text}" for text in mixed)]
        ),
        solution="\n".join(f"{number}. {text}" for number, text in enumerate(sentences, start=1)),
        difficulty="medium",
    )


def mix(items: Sequence[str], seed: str) -> list[str]:
    """Return items in an order that only they and the seed decide, and that is never the given one."""
    mixed = sorted(
        items, key=lambda item: hashlib.sha256(f"{seed}\n{item}".encode("utf-8", "replace")).digest()
    )
    return mixed if mixed != list(items) else mixed[::-1]


def explain(concept: Concept, phrases: Phrases) -> Exercise:
    """Ask for a definition in the learner's own words; the source's own is the solution."""
    return Exercise(
        title=phrases("explain_title", term=concept.term),
        task=phrases("explain_task", term=concept.term),
        hints=[phrases("explain_hint", title=concept.excerpt.title)],
        solution=phrases("quiz_explanation", sentence=concept.sentence, title=concept.excerpt.title),
        difficulty="easy",
    )


def _title(key: str, example: Example, phrases: Phrases) -> str:
    return f"{phrases(key)}: {example.heading}" if example.heading else phrases(key)


def _with_distinct_titles(exercises: Sequence[Exercise]) -> list[Exercise]:
    """Number the exercises that would otherwise have the same title."""
    counts: dict[str, int] = {}
    result: list[Exercise] = []
    for exercise in exercises:
        counts[exercise.title] = counts.get(exercise.title, 0) + 1
        repeated = counts[exercise.title] > 1
        title = f"{exercise.title} ({counts[exercise.title]})" if repeated else exercise.title
        result.append(exercise.model_copy(update={"title": title}))
    return result
