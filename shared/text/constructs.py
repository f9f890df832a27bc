"""What a Python program does, in words: the names of the constructs in it, so that code is found by them."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterator
from functools import lru_cache

_MAX_CHARACTERS = 4_000
_prompt = re.compile(r"^\s*(?:>>>|\.\.\.) ?", re.MULTILINE)
_WORDS: dict[type[ast.AST], str] = {
    ast.Assign: "assignment",
    ast.AugAssign: "augmented assignment",
    ast.AnnAssign: "annotation",
    ast.For: "for loop iterate",
    ast.While: "while loop",
    ast.If: "if condition",
    ast.IfExp: "conditional expression",
    ast.Match: "match case pattern",
    ast.FunctionDef: "function definition",
    ast.AsyncFunctionDef: "async coroutine function",
    ast.AsyncFor: "async for",
    ast.AsyncWith: "async with",
    ast.Await: "await coroutine",
    ast.Lambda: "lambda",
    ast.Return: "return",
    ast.Yield: "yield generator",
    ast.Raise: "raise exception",
    ast.Try: "try except clause exception",
    ast.TryStar: "except* exception group",
    ast.With: "with context manager",
    ast.ClassDef: "class definition",
    ast.Import: "import module",
    ast.ImportFrom: "import module",
    ast.Global: "global",
    ast.Nonlocal: "nonlocal",
    ast.Break: "break",
    ast.Continue: "continue",
    ast.Delete: "del",
    ast.Assert: "assert",
    ast.ListComp: "list comprehension",
    ast.DictComp: "dictionary comprehension",
    ast.GeneratorExp: "generator expression",
    ast.JoinedStr: "formatted string literal",
    ast.Slice: "slice",
    ast.Dict: "dictionary",
    ast.Starred: "starred unpacking",
    ast.FloorDiv: "floor division",
    ast.Mod: "modulo",
    ast.Pow: "power",
    ast.In: "membership",
    ast.Is: "identity",
    ast.BoolOp: "boolean operation",
}


@lru_cache(maxsize=1_024)
def constructs(code: str) -> str:
    """Return the words for the constructs in a program or a session, each once; "" where it is no Python."""
    if len(code) > _MAX_CHARACTERS:
        return ""
    tree = _parsed(code)
    if tree is None:
        return ""
    return " ".join(dict.fromkeys(word for node in ast.walk(tree) for word in _words(node)))


def _parsed(code: str) -> ast.Module | None:
    if ">>>" in code:
        lines = [line for line in code.split("\n") if _prompt.match(line)]
        code = "\n".join(_prompt.sub("", line) for line in lines)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an example may show what one should not write
        try:
            return ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


Function = ast.FunctionDef | ast.AsyncFunctionDef
_CASES: tuple[tuple[str, Callable[[ast.AST], bool]], ...] = (
    (
        "unpacking several targets",
        lambda node: (
            isinstance(node, ast.Assign)
            and any(isinstance(target, ast.Tuple | ast.List) for target in node.targets)
        ),
    ),
    ("several targets", lambda node: isinstance(node, ast.Assign) and len(node.targets) > 1),
    (
        "default parameter value",
        lambda node: isinstance(node, Function) and bool(node.args.defaults or any(node.args.kw_defaults)),
    ),
    ("keyword-only parameter", lambda node: isinstance(node, Function) and bool(node.args.kwonlyargs)),
    ("positional-only parameter", lambda node: isinstance(node, Function) and bool(node.args.posonlyargs)),
    ("decorator", lambda node: isinstance(node, Function | ast.ClassDef) and bool(node.decorator_list)),
    ("finally clause", lambda node: isinstance(node, ast.Try) and bool(node.finalbody)),
    ("from chain", lambda node: isinstance(node, ast.Raise) and node.cause is not None),
    ("else clause", lambda node: isinstance(node, ast.For | ast.While) and bool(node.orelse)),
    ("elif else", lambda node: isinstance(node, ast.If) and bool(node.orelse)),
    ("comparison", lambda node: isinstance(node, ast.Compare)),
    ("chain", lambda node: isinstance(node, ast.Compare) and len(node.ops) > 1),
    ("keyword argument", lambda node: isinstance(node, ast.Call) and bool(node.keywords)),
)


_WITH_CASES = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Assign,
    ast.Try,
    ast.Raise,
    ast.For,
    ast.While,
    ast.If,
    ast.Compare,
    ast.Call,
)


def _words(node: ast.AST) -> Iterator[str]:
    known = _WORDS.get(type(node))
    if known:
        yield known
    if isinstance(node, _WITH_CASES):
        yield from (words for words, is_case in _CASES if is_case(node))
