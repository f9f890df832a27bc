"""Reading the documentation that CPython ships, whatever this Python's version."""

from __future__ import annotations

import ast
import doctest
import subprocess
import sys
import textwrap
from pydoc_data.topics import topics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.research.protocol import Question, SourceSkipped
from shared.research.python_reference.corpus import SAME_SECTION, page_title, reference_pages
from shared.research.python_reference.passages import docstring_passages, topic_passages
from shared.research.python_reference.topics import PAGE_OF_TOPIC, page_url
from shared.research.sources.pydoc import PydocSource
from shared.settings import SourceSettings
from tests.support.function_table import ROOT


def topic(text: str) -> list[tuple[str, str]]:
    return [(passage.kind, passage.text) for passage in topic_passages(textwrap.dedent(text).strip())]


def test_prose_loses_its_markup_and_its_line_breaks() -> None:
    assert topic(
        """
        The "for" statement
        *******************

        The "for" statement uses the *target list*, see **PEP 8** and "pre-
        computed" well-
        known things. [4]
        """
    ) == [
        ("text", "The `for` statement uses the target list, see PEP 8 and `pre-computed` well-known things.")
    ]


def test_programs_and_sessions_are_verbatim_and_grammar_is_left_out() -> None:
    passages = topic(
        """
        Loops
        *****

        Loops look so:

           for_stmt ::= "for" target_list "in" starred_list ":" suite
                        ["else" ":" suite]

        An example:

           for i in range(10):
               print(i)

               i = 5   # after a blank line

        And a session:

           >>> for i in range(2):
           ...     print(i)
           0
           1

        After it.
        """
    )
    assert passages == [
        ("text", "Loops look so."),
        ("text", "An example:"),
        ("code", "for i in range(10):\n    print(i)\n\n    i = 5   # after a blank line"),
        ("text", "And a session:"),
        ("code", ">>> for i in range(2):\n...     print(i)\n0\n1"),
        ("text", "After it."),
    ]


def test_the_grammar_of_later_pythons_is_left_out_too() -> None:
    assert topic(
        """
        Pass
        ****

        A null operation:

           pass_stmt: "pass"

        Nothing happens.
        """
    ) == [("text", "A null operation."), ("text", "Nothing happens.")]


def docstring(text: str) -> list[tuple[str, str, str]]:
    found = docstring_passages(textwrap.dedent(text).strip())
    return [(passage.kind, passage.heading, passage.text) for passage in found]


def test_a_sentence_that_code_interrupts_is_no_name_of_what_follows() -> None:
    assert topic(
        """
        Names
        *****

        This is as if

           except E as N:
               foo

        was translated to

           except E as N:
               try:
                   foo
               finally:
                   del N
        """
    )[1:] == [
        ("code", "except E as N:\n    foo"),
        ("text", "was translated to"),
        ("code", "except E as N:\n    try:\n        foo\n    finally:\n        del N"),
    ]


def test_a_program_at_the_texts_own_indentation_is_code() -> None:
    assert docstring(
        """
        Typical use is to define a managed attribute x:

        class C(object):
            def getx(self): return self._x
            x = property(getx)

        Decorators make it easy:
        """
    ) == [
        ("text", "", "Typical use is to define a managed attribute x:"),
        ("code", "", "class C(object):\n    def getx(self): return self._x\n    x = property(getx)"),
        ("text", "", "Decorators make it easy:"),
    ]
    assert docstring(
        """
        Usage:

        heap = []            # creates an empty heap
        heappush(heap, item) # pushes a new item on the heap

        Our API differs.
        """
    )[1] == (
        "code",
        "",
        "heap = []            # creates an empty heap\nheappush(heap, item) # pushes a new item on the heap",
    )


def test_prose_of_one_word_is_no_program() -> None:
    assert docstring("Two kinds exist:\n\nshallow\n\nThat is all.") == [
        ("text", "", "Two kinds exist:\nshallow"),
        ("text", "", "That is all."),
    ]


def test_a_session_may_follow_its_sentence_without_a_blank_line() -> None:
    assert docstring(
        """
        Base 0 means to interpret the base from the string as an integer literal.
        >>> int('0b100', base=0)
        4
        """
    ) == [
        ("text", "", "Base 0 means to interpret the base from the string as an integer literal."),
        ("code", "", ">>> int('0b100', base=0)\n4"),
    ]


def test_items_may_be_lettered() -> None:
    a_loop = "a) recursive objects (objects that contain a reference to themselves) may cause a loop"
    too_much = "b) because it copies everything it may copy too much"
    assert docstring(
        """
        Two problems exist:

         a) recursive objects (objects that contain
            a reference to themselves) may cause a loop

         b) because it copies everything it may copy
            too much
        """
    ) == [("text", "", "Two problems exist:\n" + a_loop + "\n" + too_much)]


def test_notes_on_versions_pointers_and_footnotes_are_left_out() -> None:
    assert topic(
        """
        Title
        *****

        Kept.

        Changed in version 3.9: Not kept,
        nor this.

        See also:

          **PEP 3115** - Metaclasses
             Not kept either.

        Note:

          Kept as well.

        -[ Footnotes ]-

        [1] Never.
        """
    ) == [("text", "Kept."), ("text", "Kept as well.")]


def test_signatures_are_told_with_what_they_do() -> None:
    passages = topic_passages(
        textwrap.dedent(
            """
            Methods
            *******

            str.lower()

               Return a copy in lower case.

            str.join(iterable)

               Return the strings joined.

               A second paragraph.
            """
        ).strip()
    )
    assert [(passage.heading, passage.text) for passage in passages] == [
        (
            "str.lower()",
            "`str.lower()`: Return a copy in lower case.\n`str.join(iterable)`: Return the strings joined.",
        ),
        ("str.join()", "A second paragraph."),
    ]


def test_tables_become_lines() -> None:
    assert topic(
        """
        Title
        *****

        +-----------+------------------+-------+
        | Operation | Result           | Notes |
        |===========|==================|=======|
        | "s[i]"    | item *i* of *s*, | (1)   |
        |           | origin 0         |       |
        +-----------+------------------+-------+
        | "len(s)"  | length of *s*    |       |
        +-----------+------------------+-------+
        """
    ) == [("text", "- `s[i]`: item i of s, origin 0.\n- `len(s)`: length of s.")]


def test_docstrings() -> None:
    passages = docstring_passages(
        textwrap.dedent(
            """
            Encode ``obj`` with :class:`Encoder`::

                >>> dumps([1])
                '[1]'

            Equivalent to:
                def dumps(value):
                    return encode(value)

            More: <https://example.org> here.
            """
        ).strip()
    )
    assert [(passage.kind, passage.text) for passage in passages] == [
        ("text", "Encode `obj` with `Encoder`:"),
        ("code", ">>> dumps([1])\n'[1]'"),
        ("text", "Equivalent to:"),
        ("code", "def dumps(value):\n    return encode(value)"),
        ("text", "More: here."),
    ]


@given(st.text(st.sampled_from('a: \n*-+|=>."`[]()1#~'), max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    for passage in [*topic_passages(text), *docstring_passages(text)]:
        assert passage.text.strip()


def test_all_topics_of_this_python_are_pages_with_an_address() -> None:
    labels = {page.label for page in reference_pages()}
    assert set(topics) - SAME_SECTION <= labels
    assert set(topics) <= set(PAGE_OF_TOPIC), "a topic without a page on docs.python.org"
    for page in reference_pages():
        if page.label.startswith("source/"):
            continue
        assert page.url == page_url(page.label)
        assert page.url.startswith("https://docs.python.org/3/")
        assert page.title == page_title(page.label)
        assert page.title.strip()
        assert '"' not in page.title


def test_known_topics_stand_where_the_documentation_has_them() -> None:
    assert page_url("for") == "https://docs.python.org/3/reference/compound_stmts.html#for"
    assert page_url("typesmapping") == "https://docs.python.org/3/library/stdtypes.html#typesmapping"
    assert page_url("formatstrings") == "https://docs.python.org/3/library/string.html#formatstrings"
    assert page_url("library/json.html") == "https://docs.python.org/3/library/json.html"
    assert page_url("a-topic-of-the-future") == "https://docs.python.org/3/"


def test_passages_are_clean_bounded_and_said_once() -> None:
    passages = [passage for page in reference_pages() for passage in page.passages]
    texts = [passage.text for passage in passages if passage.kind == "text"]
    assert len(texts) > 1500
    assert not any("::=" in text for text in texts)
    assert all(len(passage.text) <= 2000 for passage in passages)
    for page in reference_pages():
        assert len({passage.text for passage in page.passages}) == len(page.passages)


def test_what_is_called_python_is_python() -> None:
    code = [passage for page in reference_pages() for passage in page.passages if passage.kind == "code"]
    python = [passage.text for passage in code if passage.language == "python"]
    assert len(python) > 200
    for text in python:
        if ">>>" in text:
            assert doctest.DocTestParser().get_examples(text) or "..." in text
        else:
            ast.parse(text)


async def test_only_python_is_looked_up() -> None:
    source = PydocSource(SourceSettings(name="pydoc"))
    question = Question(subject="Photography", module_title="m", lesson_title="The for statement")
    with pytest.raises(SourceSkipped, match="Python only"):
        await source.search(question)


async def test_a_hit_names_author_and_licence() -> None:
    source = PydocSource(SourceSettings(name="pydoc"))
    question = Question(subject="python", module_title="Loops", lesson_title="The while statement")
    hits = await source.search(question)
    assert hits[0].url == "https://docs.python.org/3/reference/compound_stmts.html#while"
    assert {(hit.author, hit.licence, hit.open_licence) for hit in hits} == {
        ("Python Software Foundation", "PSF-2.0", True)
    }


async def test_a_question_about_nothing_in_the_documentation_finds_nothing() -> None:
    source = PydocSource(SourceSettings(name="pydoc"))
    question = Question(
        subject="python", module_title="xyzzy", lesson_title="plugh qwertz", objectives=("asdfg",)
    )
    assert await source.search(question) == []


READ = """
import ast, asyncio, sys
from shared.research.protocol import Question
from shared.research.sources.pydoc import PydocSource
from shared.settings import SourceSettings

parsed, parse = 0, ast.parse

def counted(*given, **named):
    global parsed
    parsed += 1
    return parse(*given, **named)

ast.parse = counted

async def ask(count):
    source = PydocSource(SourceSettings(name="pydoc"))
    question = Question(subject="python", module_title="Loops", lesson_title="The while statement")
    await asyncio.gather(*(source.search(question) for _ in range(count)))

asyncio.run(ask(int(sys.argv[1])))
print(parsed)
"""


def test_the_first_questions_of_a_process_read_it_once_together() -> None:
    def parsed(questions: int) -> int:
        run = subprocess.run(
            [sys.executable, "-c", READ, str(questions)],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            cwd=ROOT,
        )
        return int(run.stdout)

    assert parsed(6) == parsed(1) > 0
