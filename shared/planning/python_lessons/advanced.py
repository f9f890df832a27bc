"""Python for people who use it daily: the object model, metaclasses, coroutines, types, processes."""

from __future__ import annotations

from shared.planning.python_lessons.shape import ReferenceLesson, ReferenceModule

ADVANCED = (
    ReferenceModule(
        "The execution model",
        "How code blocks, names and modules behave while a program runs.",
        (
            ReferenceLesson(
                "Naming, binding and resolution of names",
                "Which constructs bind names, and how class blocks differ from function blocks.",
                (
                    "List the constructs that bind names",
                    "Resolve names in class blocks and nested scopes",
                    "Predict dynamic name resolution of free variables at runtime",
                ),
                ("naming", "dynamic-features"),
                60,
            ),
            ReferenceLesson(
                "The import statement and relative imports",
                "Finding, loading and binding modules, packages and future statements.",
                (
                    "Explain the steps of the import statement",
                    "Write relative imports within packages",
                    "Use a future statement to change a module's syntax",
                ),
                ("import",),
                45,
            ),
        ),
    ),
    ReferenceModule(
        "Customising objects",
        "The special methods behind creation, comparison and attribute access.",
        (
            ReferenceLesson(
                "Object creation and representation: __new__, __init__, __repr__",
                "What happens when an instance is created, shown and destroyed.",
                (
                    "Control instance creation with __new__ and __init__",
                    "Return a string representation of an object with __repr__ and __str__",
                    "Implement rich comparison methods and __hash__",
                ),
                ("customization",),
                60,
            ),
            ReferenceLesson(
                "Customising attribute access and descriptors",
                "The hooks for reading and setting attributes, and the descriptor protocol.",
                (
                    "Intercept attribute access with __getattr__ and __getattribute__",
                    "Implement a descriptor with __get__ and __set__",
                    "Customise module attribute access",
                ),
                ("attribute-access",),
                60,
            ),
        ),
    ),
    ReferenceModule(
        "Creating classes",
        "What happens when a class is created, and how to take part in it.",
        (
            ReferenceLesson(
                "Metaclasses and class creation",
                "How the metaclass is determined, the namespace prepared and the class object created.",
                (
                    "Determine the appropriate metaclass of a class definition",
                    "Customise class creation with __init_subclass__",
                    "Prepare the class namespace",
                ),
                ("specialnames", "class"),
                60,
            ),
            ReferenceLesson(
                "Emulating generic types and instance checks",
                "What `__class_getitem__` and `__instancecheck__` are for.",
                (
                    "Implement __class_getitem__ to emulate generic types",
                    "Customise instance and subclass checks",
                    "Tell __class_getitem__ from __getitem__",
                ),
                ("specialnames", "sequence-types"),
                45,
            ),
            ReferenceLesson(
                "Special method lookup",
                "Why implicit invocations of special methods bypass the instance.",
                (
                    "Explain why special method lookup uses the type of an object",
                    "Predict when lookup bypasses __getattribute__ of the metaclass",
                    "Tell what the type of an object determines",
                ),
                ("specialnames",),
                45,
            ),
        ),
    ),
    ReferenceModule(
        "Coroutines and tasks",
        "Asynchronous functions, iteration and context management, and running them together.",
        (
            ReferenceLesson(
                "Coroutine functions: async def, async for, async with",
                "The statements that may suspend execution.",
                (
                    "Define a coroutine function with async def",
                    "Iterate with the async for statement",
                    "Enter an asynchronous context manager with async with",
                ),
                ("async",),
                60,
            ),
            ReferenceLesson(
                "Running coroutines as tasks with asyncio",
                "Task groups, gathering results, time-outs and threads.",
                (
                    "Run a coroutine with asyncio.run",
                    "Create tasks in a TaskGroup and gather results",
                    "Cancel a coroutine on timeout",
                    "Wait for awaitables and get their results as they are completed",
                ),
                ("library/asyncio-task.html",),
                60,
            ),
        ),
    ),
    ReferenceModule(
        "Exceptions and resources at scale",
        "Several exceptions at once, and any number of resources.",
        (
            ReferenceLesson(
                "Exception groups and the except* clause",
                "Handling the parts of a group of exceptions.",
                (
                    "Handle an ExceptionGroup with except* clauses",
                    "Predict which exceptions of a group are re-raised",
                ),
                ("try",),
                45,
            ),
            ReferenceLesson(
                "ExitStack and asynchronous context managers",
                "Managing a dynamic collection of exit callbacks.",
                (
                    "Manage a dynamic stack of exit callbacks with ExitStack",
                    "Write an asynchronous context manager with asynccontextmanager",
                    "Push a callback on the exit stack",
                ),
                ("library/contextlib.html",),
                60,
            ),
        ),
    ),
    ReferenceModule(
        "Static typing in depth",
        "Generic code, structural types and overloads that a type checker understands.",
        (
            ReferenceLesson(
                "Generic classes and TypeVar",
                "Type variables, bounds and generic classes.",
                (
                    "Declare a type variable with TypeVar and bounds",
                    "Define a Generic class with a type variable",
                    "Parameterize a class that defines __class_getitem__",
                ),
                ("library/typing.html",),
                60,
            ),
            ReferenceLesson(
                "Protocol classes and runtime_checkable",
                "Structural subtyping: types by what they can do.",
                (
                    "Define a Protocol class for structural subtyping",
                    "Check a protocol at runtime with runtime_checkable",
                ),
                ("library/typing.html",),
                45,
            ),
            ReferenceLesson(
                "Overloaded functions, Final and final",
                "Telling the type checker of alternatives, and of what must not change.",
                (
                    "Decorate overloaded functions with overload",
                    "Prevent overriding with the final decorator and Final names",
                ),
                ("library/typing.html",),
                45,
            ),
        ),
    ),
    ReferenceModule(
        "Processes and performance",
        "Running other programs, and knowing what code costs.",
        (
            ReferenceLesson(
                "Running programs with subprocess",
                "Starting a program, passing it input and reading its output.",
                (
                    "Run a command and capture its output with subprocess",
                    "Check the exit status and handle CalledProcessError",
                    "Bound the time of a process with a timeout",
                ),
                ("library/subprocess.html",),
                45,
            ),
            ReferenceLesson(
                "Timing code with timeit and debugging with pdb",
                "Measuring small pieces of code, and examining a program that went wrong.",
                (
                    "Time a statement with a timeit Timer",
                    "Give the number of loops and a setup on the command line",
                    "Examine a program post-mortem with pdb",
                ),
                ("library/timeit.html", "debugger"),
                45,
            ),
        ),
    ),
)
