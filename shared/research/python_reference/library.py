"""Docstrings of the standard library, by the page of its documentation."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

from shared.models.research import Passage
from shared.research.python_reference.passages import docstring_passages


@dataclass(frozen=True, slots=True)
class LibraryPage:
    """A page of the library's documentation and whose docstrings stand for it.

    `names` are attributes of the module, dotted for methods; empty takes the module's own docstring and those
    of everything in its `__all__`.
    """

    page: str
    title: str
    module: str
    names: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The page's name among all reference pages."""
        return f"library/{self.page}"


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _methods(type_name: str, text: str) -> tuple[str, ...]:
    return (type_name, *(f"{type_name}.{name}" for name in text.split()))


LIBRARY_PAGES = (
    LibraryPage(
        "functions.html",
        "Built-in Functions",
        "builtins",
        _names(
            "abs all any bool breakpoint callable chr dict divmod enumerate filter float format getattr "
            "hasattr hash help id input int isinstance issubclass iter len list map max min next open ord "
            "pow print property range repr reversed round set setattr sorted str sum super tuple type zip"
        ),
    ),
    LibraryPage(
        "stdtypes.html#list",
        "Lists",
        "builtins",
        _methods("list", "append clear copy count extend index insert pop remove reverse sort"),
    ),
    LibraryPage(
        "stdtypes.html#set",
        "Set Types",
        "builtins",
        _methods(
            "set",
            "add clear copy difference discard intersection isdisjoint issubset issuperset pop remove "
            "symmetric_difference union update",
        ),
    ),
    LibraryPage(
        "exceptions.html",
        "Built-in Exceptions",
        "builtins",
        _names(
            "ArithmeticError AssertionError AttributeError EOFError Exception FileExistsError "
            "FileNotFoundError ImportError IndexError KeyError KeyboardInterrupt LookupError NameError "
            "NotImplementedError OSError OverflowError PermissionError RecursionError RuntimeError "
            "StopIteration SyntaxError TimeoutError TypeError UnicodeDecodeError ValueError ZeroDivisionError"
        ),
    ),
    LibraryPage("abc.html", "Abstract Base Classes", "abc"),
    LibraryPage("argparse.html", "Command-line parsing with argparse", "argparse"),
    LibraryPage(
        "asyncio-task.html",
        "Coroutines and Tasks with asyncio",
        "asyncio",
        _names("run gather wait_for sleep create_task TaskGroup timeout to_thread as_completed"),
    ),
    LibraryPage("bisect.html", "Sorted lists with bisect", "bisect"),
    LibraryPage("collections.html", "Container datatypes in collections", "collections"),
    LibraryPage("concurrent.futures.html", "Parallel tasks with concurrent.futures", "concurrent.futures"),
    LibraryPage("configparser.html", "Configuration files with configparser", "configparser"),
    LibraryPage("contextlib.html", "Context managers with contextlib", "contextlib"),
    LibraryPage("copy.html", "Shallow and deep copies with copy", "copy"),
    LibraryPage("csv.html", "Reading and writing CSV files", "csv"),
    LibraryPage("dataclasses.html", "Data classes", "dataclasses"),
    LibraryPage("datetime.html", "Dates and times with datetime", "datetime"),
    LibraryPage("decimal.html", "Decimal arithmetic", "decimal", _names("Decimal Context localcontext")),
    LibraryPage(
        "difflib.html",
        "Comparing sequences with difflib",
        "difflib",
        _names(
            "get_close_matches ndiff restore unified_diff context_diff IS_LINE_JUNK IS_CHARACTER_JUNK "
            "SequenceMatcher SequenceMatcher.ratio SequenceMatcher.quick_ratio "
            "SequenceMatcher.find_longest_match SequenceMatcher.get_matching_blocks "
            "SequenceMatcher.get_opcodes Differ Differ.compare"
        ),
    ),
    LibraryPage(
        "doctest.html", "Testing interactive examples with doctest", "doctest", _names("testmod testfile")
    ),
    LibraryPage("enum.html", "Enumerations", "enum", _names("Enum IntEnum StrEnum Flag auto unique")),
    LibraryPage("fractions.html", "Rational numbers with fractions", "fractions"),
    LibraryPage("functools.html", "Higher-order functions with functools", "functools"),
    LibraryPage("heapq.html", "Priority queues with heapq", "heapq"),
    LibraryPage("io.html", "Streams with io", "io"),
    LibraryPage("itertools.html", "Iterator building blocks in itertools", "itertools"),
    LibraryPage("json.html", "JSON encoding and decoding", "json"),
    LibraryPage(
        "logging.html",
        "Logging",
        "logging",
        _names("basicConfig getLogger Logger Handler Formatter debug info warning error exception"),
    ),
    LibraryPage("math.html", "Mathematical functions", "math"),
    LibraryPage("os.path.html", "Path names with os.path", "os.path"),
    LibraryPage(
        "pathlib.html",
        "File system paths with pathlib",
        "pathlib",
        _methods(
            "Path",
            "cwd exists glob home is_dir is_file iterdir joinpath mkdir open read_text rename resolve rglob "
            "stat touch unlink write_text",
        ),
    ),
    LibraryPage("pickle.html", "Object serialisation with pickle", "pickle", _names("dump dumps load loads")),
    LibraryPage("pprint.html", "Pretty printing", "pprint"),
    LibraryPage("random.html", "Pseudo-random numbers", "random"),
    LibraryPage("re.html", "Regular expressions with re", "re"),
    LibraryPage("secrets.html", "Secure random numbers with secrets", "secrets"),
    LibraryPage("shutil.html", "High-level file operations with shutil", "shutil"),
    LibraryPage("statistics.html", "Statistics", "statistics"),
    LibraryPage("string.html", "String constants and templates", "string"),
    LibraryPage("subprocess.html", "Running programs with subprocess", "subprocess"),
    LibraryPage("tempfile.html", "Temporary files", "tempfile"),
    LibraryPage("textwrap.html", "Wrapping text", "textwrap"),
    LibraryPage(
        "threading.html", "Threads", "threading", _names("Thread Lock RLock Event Condition Semaphore Timer")
    ),
    LibraryPage("timeit.html", "Measuring small bits of code with timeit", "timeit"),
    LibraryPage(
        "typing.html",
        "Type hints with typing",
        "typing",
        _names(
            "Annotated Any Callable ClassVar Final Generic Literal NamedTuple NewType Optional Protocol Self "
            "TypeVar TypedDict Union cast final overload runtime_checkable"
        ),
    ),
    LibraryPage(
        "unittest.html",
        "Unit testing with unittest",
        "unittest",
        (
            "",
            "TestCase",
            *(
                f"TestCase.{name}"
                for name in _names(
                    "setUp tearDown assertEqual assertTrue assertIn assertIsNone assertRaises "
                    "assertAlmostEqual subTest"
                )
            ),
            "main",
            "skip",
            "expectedFailure",
        ),
    ),
)


def _resolve(module: object, name: str) -> object | None:
    target: object | None = module
    for part in name.split(".") if name else ():
        target = getattr(target, part, None)
    return target


def _signature(name: str, target: object) -> str:
    """Return how the object is called; its bare name where Python cannot tell."""
    try:
        arguments = str(inspect.signature(target))  # type: ignore[arg-type]  # anything else raises TypeError
    except (TypeError, ValueError):
        return name
    arguments = arguments.removeprefix("(self, ").removeprefix("(self)")
    arguments = arguments if arguments.startswith("(") else f"({arguments or ')'}"
    # Defaults such as <object object at 0x...> tell a learner nothing and differ from process to process.
    return (
        f"{name}{arguments.split(' -> ')[0]}"
        if "<" not in arguments and len(arguments) < 100
        else f"{name}()"
    )


def _described(name: str, target: object) -> Iterator[Passage]:
    passages = docstring_passages(inspect.getdoc(target) or "")
    label = _signature(name, target)
    for position, passage in enumerate(passages):
        # Docstrings of functions in C often begin with their own signature.
        names_itself = passage.kind == "code" or passage.text.startswith(f"{name.rpartition('.')[2]}(")
        text = passage.text if position or names_itself else f"`{label}`: {passage.text}"
        yield passage.model_copy(update={"heading": name, "text": text})


def library_passages(page: LibraryPage) -> list[Passage]:
    """Return the passages of a page; none where this Python was built without the module."""
    try:
        module = import_module(page.module)
    except ImportError:
        return []
    passages: dict[str, Passage] = {}
    names = page.names or ("", *getattr(module, "__all__", ()))
    if not page.names and not hasattr(module, "__all__"):
        names = ("", *(name for name in vars(module) if not name.startswith("_")))
    for name in names:
        target = _resolve(module, name)
        # A docstring that is only inherited speaks of something else.
        if target is None or (name and not callable(target)) or not getattr(target, "__doc__", None):
            continue
        described = _described(name, target) if name else docstring_passages(inspect.getdoc(target) or "")
        for passage in described:
            passages.setdefault(passage.text, passage)
    return list(passages.values())
