"""Python for people who can write small programs: abstraction, classes, data tools, types, tests."""

from __future__ import annotations

from shared.planning.python_lessons.shape import ReferenceLesson, ReferenceModule

INTERMEDIATE = (
    ReferenceModule(
        "Functions in depth",
        "Parameters of every kind, decorators and functions without a name.",
        (
            ReferenceLesson(
                "Parameters, annotations and decorators of functions",
                "Positional-only and keyword-only parameters, annotations, and decorators of a function.",
                (
                    "Write keyword-only and positional-only parameters",
                    "Wrap a function definition with a decorator expression",
                    "Annotate parameters and return values",
                ),
                ("function",),
                60,
            ),
            ReferenceLesson(
                "Unpacking arguments in calls",
                "How `*expression` and `**expression` fill the parameters of a call.",
                (
                    "Unpack an iterable into positional arguments",
                    "Unpack a mapping into keyword arguments of a call",
                    "Predict the order in which arguments fill parameter slots",
                ),
                ("calls",),
                45,
            ),
            ReferenceLesson(
                "Name resolution in nested blocks",
                "How free variables are resolved, and what that means for functions within functions.",
                (
                    "Resolve a name in nested blocks and scopes",
                    "Explain UnboundLocalError and NameError",
                    "Rebind a name of an enclosing scope with nonlocal",
                ),
                ("naming", "nonlocal"),
                45,
            ),
        ),
    ),
    ReferenceModule(
        "Classes and special methods",
        "Defining types of your own that behave like the built-in ones.",
        (
            ReferenceLesson(
                "Class definitions, attributes and inheritance",
                "What a class statement does, and the difference of class and instance attributes.",
                (
                    "Define a class with base classes",
                    "Tell class attributes from instance attributes",
                    "Decorate a class definition",
                ),
                ("class",),
                60,
            ),
            ReferenceLesson(
                "Instance methods and bound method objects",
                "What makes a function a method, and what calling it passes on.",
                (
                    "Explain how a bound method passes the instance as first argument",
                    "Tell built-in methods from class instance methods",
                    "Set attributes on the underlying function object of a method",
                ),
                ("typesmethods", "types"),
                45,
            ),
            ReferenceLesson(
                "Emulating container types with special methods",
                "The methods that make len(), indexing, iteration and membership tests work.",
                (
                    "Implement __getitem__ and __len__ for a container",
                    "Make a container iterable with __iter__",
                    "Support membership tests with __contains__",
                ),
                ("sequence-types",),
                60,
            ),
            ReferenceLesson(
                "Properties: managed attributes",
                "Attributes that are computed and checked when they are read and set.",
                (
                    "Create a property with the property decorator",
                    "Define setter and deleter of a managed attribute",
                ),
                ("library/functions.html",),
                30,
            ),
        ),
    ),
    ReferenceModule(
        "Types for data",
        "Letting the standard library write the classes that only hold data.",
        (
            ReferenceLesson(
                "Data classes: fields and generated methods",
                "The dataclass decorator adds the special methods that a class of fields needs.",
                (
                    "Generate special methods with the dataclass decorator",
                    "Give a field a default factory",
                    "Create a new object with replaced fields",
                ),
                ("library/dataclasses.html",),
                45,
            ),
            ReferenceLesson(
                "Abstract base classes and abstract methods",
                "Declaring what subclasses must implement.",
                (
                    "Declare abstract methods with the abstractmethod decorator",
                    "Register a virtual subclass of an abstract base class",
                ),
                ("library/abc.html",),
                45,
            ),
        ),
    ),
    ReferenceModule(
        "Structural pattern matching",
        "Taking data apart by its shape with the match statement.",
        (
            ReferenceLesson(
                "The match statement: patterns and guards",
                "How case blocks are tried, and which patterns there are.",
                (
                    "Match a subject value against a literal pattern and capture pattern",
                    "Guard a case block with an if clause",
                    "Explain irrefutable case blocks and the wildcard pattern",
                ),
                ("compound",),
                60,
            ),
            ReferenceLesson(
                "Sequence, mapping and class patterns",
                "Patterns that look into lists, dictionaries and objects.",
                (
                    "Match elements with a sequence pattern",
                    "Match keys with a mapping pattern",
                    "Match attributes with a class pattern",
                ),
                ("compound",),
                60,
            ),
        ),
    ),
    ReferenceModule(
        "Errors and resources",
        "Exceptions that tell the whole story, and resources that are always released.",
        (
            ReferenceLesson(
                "Exception chaining with raise from",
                "The cause and the context of an exception, and how a traceback shows them.",
                (
                    "Chain exceptions with the from clause of raise",
                    "Tell the cause of an exception from its context",
                    "Suppress the context of an exception with None",
                ),
                ("raise",),
                45,
            ),
            ReferenceLesson(
                "Writing context managers with contextlib",
                "Context managers from generator functions, and helpers for common cases.",
                (
                    "Write a context manager as a generator with the contextmanager decorator",
                    "Suppress exceptions and close objects automatically",
                    "Combine context managers with ExitStack",
                ),
                ("library/contextlib.html", "context-managers", "with"),
                60,
            ),
        ),
    ),
    ReferenceModule(
        "Working with data",
        "Tools of the standard library for counting, describing, copying and ordering data.",
        (
            ReferenceLesson(
                "Descriptive statistics and correlation",
                "Averages, spread and relations in data with the statistics module.",
                (
                    "Calculate the geometric mean, the harmonic mean and the median of data",
                    "Divide data into intervals with quantiles",
                    "Compute correlation and linear regression of two inputs",
                ),
                ("library/statistics.html",),
                60,
            ),
            ReferenceLesson(
                "Priority queues with heapq",
                "A list that always hands out its smallest item first.",
                (
                    "Explain the invariant of a heap and what an array has to do with it",
                    "Push an item on a heap and pop the smallest item off it",
                    "Find the n largest or smallest elements",
                    "Merge sorted inputs",
                ),
                ("library/heapq.html",),
                45,
            ),
            ReferenceLesson(
                "Shallow and deep copies of objects",
                "What copying a compound object copies, and what it shares.",
                (
                    "Make a shallow copy and a deep copy of an object",
                    "Explain the problems of deep copy operations with recursive objects",
                ),
                ("library/copy.html",),
                30,
            ),
            ReferenceLesson(
                "Custom JSON encoding and decoding",
                "Extending the JSON encoder and decoder to objects of your own.",
                (
                    "Encode an object that is not JSON serializable with default",
                    "Specialize JSON object decoding with object_hook",
                    "Choose how floats, constants and keys are encoded",
                ),
                ("library/json.html",),
                45,
            ),
        ),
    ),
    ReferenceModule(
        "Type hints",
        "Saying what a function takes and returns, so that tools can check it.",
        (
            ReferenceLesson(
                "Type hints: Optional, Union and Callable types",
                "The special forms of the typing module for everyday annotations.",
                (
                    "Annotate values that may be None with Optional and Union types",
                    "Annotate values of any type with Any",
                    "Annotate a Callable type",
                ),
                ("library/typing.html",),
                45,
            ),
            ReferenceLesson(
                "TypedDict, NamedTuple and NewType",
                "Types for dictionaries with known keys, tuples with names and distinct identifiers.",
                (
                    "Describe a dictionary with a TypedDict",
                    "Create a typed version of namedtuple with NamedTuple",
                    "Create a distinct type with NewType",
                ),
                ("library/typing.html",),
                45,
            ),
        ),
    ),
    ReferenceModule(
        "Testing and tools",
        "Proving that code works, measuring it, and giving it a command line.",
        (
            ReferenceLesson(
                "Unit tests with unittest TestCase",
                "Test cases, assertions and what prepares and clears up a test.",
                (
                    "Write a TestCase with test methods",
                    "Check results with assertEqual and assertRaises",
                    "Set up and tear down a test fixture",
                ),
                ("library/unittest.html",),
                60,
            ),
            ReferenceLesson(
                "Command-line programs with argparse",
                "Declaring arguments and options, and letting the parser write the help.",
                (
                    "Declare arguments of an argument parser",
                    "Parse the command line into attributes",
                ),
                ("library/argparse.html",),
                45,
            ),
            ReferenceLesson(
                "Measuring execution time with timeit",
                "Finding out how long small bits of code take.",
                (
                    "Measure the execution time of a statement with timeit",
                    "Run timeit from the command line with setup and number",
                ),
                ("library/timeit.html",),
                30,
            ),
        ),
    ),
)
