"""Python for people who begin: values, decisions, loops, collections, functions, errors, data."""

from __future__ import annotations

from shared.planning.python_lessons.shape import ReferenceLesson, ReferenceModule

BEGINNER = (
    ReferenceModule(
        "Names, numbers and text",
        "What a program works with: names bound to values, numbers to calculate with and strings of text.",
        (
            ReferenceLesson(
                "Names and assignment statements",
                "How an assignment binds a name to a value, and how names are written.",
                (
                    "Bind a name to an object with an assignment statement",
                    "Assign the items of an iterable to a target list, from left to right",
                    "Rewrite x = x + 1 as an augmented assignment",
                ),
                ("assignment", "augassign", "naming"),
                45,
            ),
            ReferenceLesson(
                "Integers, floating point numbers and arithmetic",
                "Writing numbers as literals and calculating with the arithmetic operators.",
                (
                    "Write integer literals and floating point literals",
                    "Calculate with binary arithmetic operations",
                    "Predict the result of division, floor division and modulo",
                ),
                ("integers", "floating", "binary", "unary", "power"),
                45,
            ),
            ReferenceLesson(
                "String literals and string methods",
                "Writing text as string literals and changing it with the methods of strings.",
                (
                    "Write string literals with quotes and escape sequences",
                    "Find a substring and replace its occurrences",
                    "Split a string into a list of words and join the strings of an iterable",
                ),
                ("string-methods", "strings"),
                60,
            ),
            ReferenceLesson(
                "Formatting text with format strings",
                "Putting values into text: replacement fields and the format specification.",
                (
                    "Insert values into a format string with replacement fields",
                    "Align text and choose a width with a format specification",
                    "Format numbers with precision and percentages",
                ),
                ("formatstrings",),
                45,
            ),
        ),
    ),
    ReferenceModule(
        "Making decisions",
        "Comparing values, combining conditions and running code only when it is wanted.",
        (
            ReferenceLesson(
                "Comparisons and membership tests",
                "The operators that compare values and ask whether something is contained in something.",
                (
                    "Compare values with comparison operators",
                    "Chain comparisons",
                    "Test membership with in and identity with is",
                ),
                ("comparisons", "in"),
                45,
            ),
            ReferenceLesson(
                "Conditions: the if and match statements",
                "Choosing between suites of code by conditions and by patterns.",
                (
                    "Select a suite with if, elif and else",
                    "Match a subject value against case patterns with a guard",
                    "Write an if clause as a guard of a case block",
                ),
                ("compound", "if"),
                60,
            ),
        ),
    ),
    ReferenceModule(
        "Repeating work with loops",
        "Running code for each item of a sequence, or for as long as a condition holds.",
        (
            ReferenceLesson(
                "Iterating with the for statement",
                "The for statement takes one item after the other from a sequence or another iterable.",
                (
                    "Iterate over the items of a sequence with the for statement",
                    "Explain what happens to the loop's target after the loop",
                    "Leave a loop early with break and go on with continue",
                ),
                ("for", "break", "continue"),
                45,
            ),
            ReferenceLesson(
                "Counting with range objects",
                "Ranges are sequences of numbers that loops count with.",
                (
                    "Create a range with start, stop and step",
                    "Loop a specific number of times in for loops with range",
                    "Test containment and look up elements in ranges",
                ),
                ("typesseq",),
                30,
            ),
        ),
    ),
    ReferenceModule(
        "Collections of values",
        "Lists, tuples and dictionaries: keeping many values together and finding them again.",
        (
            ReferenceLesson(
                "Lists and common sequence operations",
                "Lists are mutable sequences; what they share with other sequences and what only they can.",
                (
                    "Create lists and use common sequence operations",
                    "Append, insert, remove and sort the items of a list",
                    "Tell what a sequence repeated with n copies refers to",
                ),
                ("typesseq", "typesseq-mutable", "library/stdtypes.html#list"),
                60,
            ),
            ReferenceLesson(
                "Dictionaries: mapping keys to values",
                "Dictionaries find values by key; how to create, change and view them.",
                (
                    "Create a dictionary and look up the value of a key",
                    "Add, update and delete key/value pairs in the dictionary",
                    "Iterate over the keys, values and items of dictionary views",
                ),
                ("typesmapping",),
                60,
            ),
            ReferenceLesson(
                "Counter and namedtuple from collections",
                "Two containers of the standard library that save work: counting items, naming fields.",
                (
                    "Count items with a Counter and list the most common elements",
                    "Give the fields of a tuple names with namedtuple",
                ),
                ("library/collections.html",),
                45,
            ),
        ),
    ),
    ReferenceModule(
        "Functions",
        "Giving a piece of work a name: defining functions, calling them and where their names live.",
        (
            ReferenceLesson(
                "Function definitions",
                "The def statement: parameters, their default values and what happens in a call.",
                (
                    "Define a function with parameters and return a value",
                    "Give parameters default values such as None instead of mutable objects",
                    "Explain when the function body is executed",
                ),
                ("function", "return"),
                60,
            ),
            ReferenceLesson(
                "Calls with positional and keyword arguments",
                "How the arguments of a call find their parameters.",
                (
                    "Call a function with positional arguments and keyword arguments",
                    "Unpack a sequence or mapping into the arguments of a call",
                    "Understand the TypeError of a call with wrong arguments",
                ),
                ("calls",),
                45,
            ),
            ReferenceLesson(
                "Scopes: where a name is bound and visible",
                "Blocks, local and global variables, and the nonlocal and global statements.",
                (
                    "Tell in which scope a name is bound",
                    "Use the global statement and the nonlocal statement",
                    "Resolve names in nested functions and class blocks",
                ),
                ("naming", "global", "nonlocal"),
                45,
            ),
        ),
    ),
    ReferenceModule(
        "Errors and how to handle them",
        "What exceptions are, how a program survives them and how to find mistakes.",
        (
            ReferenceLesson(
                "Handling exceptions with the try statement",
                "The except, else and finally clauses of the try statement.",
                (
                    "Handle an exception with try and an except clause",
                    "Clean up with a finally clause",
                    "Use the else clause of try",
                ),
                ("try", "exceptions"),
                60,
            ),
            ReferenceLesson(
                "The raise statement: raising and chaining exceptions",
                "How a program says that something is wrong, and how one exception causes another.",
                (
                    "Raise an exception with the raise statement",
                    "Chain exceptions with raise from",
                ),
                ("raise",),
                30,
            ),
            ReferenceLesson(
                "Debugging with breakpoint and pdb",
                "Stopping a program at a line, looking at its values and going on step by step.",
                (
                    "Stop a program in the debugger with breakpoint",
                    "Step through lines and print expressions with pdb commands",
                    "Set a breakpoint in the debugger",
                ),
                ("debugger",),
                45,
            ),
        ),
    ),
    ReferenceModule(
        "Files and data",
        "Closing what was opened, exchanging data with other programs, and comparing texts.",
        (
            ReferenceLesson(
                "Context managers and the with statement",
                "The with statement sees to it that files and other resources are released.",
                (
                    "Execute a block under the with statement",
                    "Use several context managers in one with statement",
                    "Explain when the context manager is entered and exited",
                    "Suppress a specified exception in a block",
                ),
                ("with", "context-managers", "library/contextlib.html"),
                45,
            ),
            ReferenceLesson(
                "JSON: encoding and decoding data",
                "Turning Python objects into JSON text and back with the json module.",
                (
                    "Encode Python objects as JSON with json.dumps",
                    "Decode a JSON document with json.loads",
                    "Pretty-print JSON with indentation and sorted keys",
                ),
                ("library/json.html",),
                45,
            ),
            ReferenceLesson(
                "Comparing texts with difflib",
                "Finding words that are nearly right, and what differs between two texts.",
                (
                    "Find close matches of a word in a list of possibilities",
                    "Measure the similarity of two sequences with SequenceMatcher",
                    "Show the delta between two lists of lines with ndiff",
                ),
                ("library/difflib.html",),
                45,
            ),
        ),
    ),
    ReferenceModule(
        "The standard library at work",
        "Using modules that others wrote: importing them, random numbers and statistics.",
        (
            ReferenceLesson(
                "Modules and the import statement",
                "How a module is found, loaded and bound to a name.",
                (
                    "Import a module with the import statement",
                    "Import names from a module with the from form",
                    "Bind an imported module to another name with as",
                ),
                ("import",),
                45,
            ),
            ReferenceLesson(
                "Statistics: mean, median and mode",
                "Describing numeric data with the statistics module.",
                (
                    "Calculate the mean and the median of data",
                    "Find the mode of data, and list all values that occur most frequently",
                    "Measure spread with the standard deviation and variance",
                ),
                ("library/statistics.html",),
                45,
            ),
            ReferenceLesson(
                "Random numbers, choices and samples",
                "Choosing by chance with the random module.",
                (
                    "Choose a random element from a sequence",
                    "Draw a sample and shuffle a list",
                    "Return a random integer or floating point number from a range",
                    "Draw from a normal distribution with mean and standard deviation",
                ),
                ("library/random.html",),
                45,
            ),
        ),
    ),
)
