"""A composed lesson keeps to what it is about, and asks for nothing that cannot be done."""

from __future__ import annotations

import pytest

from shared.lessons.composer import compose
from shared.lessons.composer.cloze import make_stem
from shared.lessons.composer.concepts import find_concepts
from shared.lessons.composer.exercises import complete, modify, predict, write_exercises
from shared.lessons.composer.matching import Part, Plan, is_close
from shared.lessons.composer.material import Excerpt, read_brief
from shared.lessons.composer.readable import introduces_code, stands_alone
from shared.lessons.composer.styles import proportions_of
from shared.lessons.phrases import Phrases
from shared.models.content import LessonContent
from shared.models.learner import LearningStyle
from shared.models.research import Passage
from tests.support.lesson_briefs import brief, source, specification

ENGLISH = Phrases.of("en")
LOOPS = (
    "A loop is a statement that repeats its body as long as items are left to take. "
    "The `for` statement takes the items of a sequence one after the other and binds each to its target. "
    "The `break` statement leaves the loop at once, and the `continue` statement goes on with the next item."
)
LEAVING = "A loop is left by the `break` statement, which ends it before all of its items are taken."
LONG = (
    "The work is read by many people, and each of them reads the work in another way than the last one did. "
    * 2
)
OTHERS = "The work of Barbara is known, the work of Donald is known, and the work of Edsger is known as well."
LESSON = specification(
    "Loops over sequences",
    ("Repeat a body with a loop", "Explain what leaves a loop"),
    subject="python",
    module="Control flow",
    style=LearningStyle.HANDS_ON,
)


def code(text: str, heading: str = "Loops") -> Passage:
    return Passage(kind="code", heading=heading, text=text, language="python")


def excerpt(*passages: Passage | str, title: str = "Loops") -> Excerpt:
    return read_brief(brief(source(*passages, title=title)))[0]


def codes(lesson: LessonContent) -> str:
    return "\n".join(f"{one.starter_code}\n{one.solution}" for one in lesson.exercises)


def test_an_example_of_another_page_is_no_exercise_unless_it_is_about_the_lesson() -> None:
    session = ">>> lines = ['a']\n>>> for line in lines:\n...     print(line)\n...\na"
    said = "The lines of a sequence: a loop prints each one of the items."

    def asked(heading: str, title: str) -> list[str]:
        other = source(
            Passage(heading=heading, text=said), code(session, heading), LEAVING, number=2, title=title
        )
        taught, shown, _ = read_brief(brief(source(LOOPS, title="Loops"), other))
        part = Part("Repeat a body with a loop", ("loop",), (taught,))
        plan = Plan(("Repeat a body with a loop",), (part,), (taught, shown), (), "Loops over sequences")
        exercises = write_exercises(plan, [], proportions_of(LearningStyle.HANDS_ON), ENGLISH)
        return [one.title for one in exercises if one.starter_code]

    assert asked("Mail", "Sending mail") == []
    assert asked("Printing", "More on loops") == ["Predict the output: Printing"]
    assert asked("A loop over lines", "Printing") == ["Predict the output: A loop over lines"]


def test_where_examples_are_missing_learners_write_programs_of_their_own() -> None:
    lesson = compose(LESSON, brief(source(LOOPS, LEAVING)))
    own = [one for one in lesson.exercises if one.title.startswith("Show it in code: ")]
    assert [one.title for one in own] == [
        "Show it in code: Repeat a body with a loop",
        "Show it in code: Explain what leaves a loop",
    ]
    assert "“Repeat a body with a loop”" in own[0].task
    assert own[0].solution
    assert not own[0].starter_code


def test_no_program_is_asked_for_where_no_code_is_taught() -> None:
    plants = "Plants turn light into sugar, and they release oxygen while they do so. " * 4
    lesson = compose(
        specification(style=LearningStyle.HANDS_ON),
        brief(source(f"Photosynthesis is a process in plants. {plants}")),
    )
    assert not any("code" in one.title for one in lesson.exercises)


@pytest.mark.parametrize(
    "program",
    [
        "try:\n    foo\nfinally:\n    del N\nprint(1)",
        "with self.assertRaises(SomeException) as cm:\n    do_something()\nassert cm.exception.code == 3",
    ],
)
def test_a_program_whose_names_nobody_explains_is_no_exercise(program: str) -> None:
    lesson = compose(LESSON, brief(source(LOOPS, code(program))))
    assert not any(one.starter_code for one in lesson.exercises)


def test_names_that_the_page_is_about_are_known() -> None:
    program = "class Closable(Protocol):\n    def close(self): ...\n\nassert isinstance(open('f'), Closable)"
    [example] = excerpt(LOOPS, code(program), title="Protocol").examples
    assert example.is_self_contained
    [example] = excerpt(LOOPS, code(program), title="Loops").examples
    assert not example.is_self_contained
    [example] = excerpt(LOOPS, "Derive from Protocol(Generic) for it to work.", code(program)).examples or (
        read_brief(brief(source(LOOPS, "Derive from Protocol(Generic) for it to work.", code(program))))[
            1
        ].examples
    )
    assert example.is_self_contained


def test_a_number_is_changed_only_where_the_change_can_be_seen() -> None:
    [shown] = excerpt(LOOPS, code("for i in range(10):\n    print(i)")).examples
    assert modify(shown, ENGLISH) is not None
    [silent] = excerpt(LOOPS, code("(0, seq[0]), (1, seq[1]), (2, seq[2])")).examples
    assert modify(silent, ENGLISH) is None


def test_a_session_that_differs_from_run_to_run_is_not_predicted() -> None:
    [steady] = excerpt(LOOPS, code(">>> x = 3\n>>> for i in [1]:\n...     print(x)\n...\n3")).examples
    assert predict(steady, ENGLISH) is not None
    [other] = excerpt(LOOPS, code(">>> x = object()\n>>> x\n<object object at 0x7f>")).examples
    assert predict(other, ENGLISH) is None


def test_a_task_is_not_introduced_by_a_word_that_says_nothing() -> None:
    program = code("total = 0\nfor i in range(3):\n    total = total + i\nprint(total)")
    [plain] = excerpt(LOOPS + " Example:", program).examples
    made = complete(plain, ENGLISH)
    assert made is not None
    assert "Example:" not in made.task
    [told] = excerpt(LOOPS + " This one adds up what `range` gives:", program).examples
    assert told.introduction == ""
    [told] = excerpt(LOOPS + " Adding up what `range` gives:", program).examples
    made = complete(told, ENGLISH)
    assert made is not None
    assert "“Adding up what `range` gives:”" in made.task


def test_code_is_shown_below_however_short_a_sentence() -> None:
    assert introduces_code("Usage:")
    assert not introduces_code("see section 4:")
    lesson = compose(
        LESSON, brief(source(LOOPS, "Loop usage:", code("for item in [1, 2]:\n    print(item)\n    print()")))
    )
    assert "> Loop usage:\n\n```python\nfor item" in "\n".join(
        section.markdown for section in lesson.sections
    )


def test_a_sentence_in_brackets_leans_on_what_it_is_an_aside_of() -> None:
    assert not stands_alone("(CPython uses the object's memory address.)")
    assert stands_alone("`(x, y)` is a tuple of two items.")


def test_closeness_is_a_matter_of_title_and_heading() -> None:
    title, query = ("copi", "object"), ("shallow", "deep", "copi")
    about = excerpt("Copying an object makes a shallow copy of it.", title="Copies of objects")
    chance = excerpt("The method returns a copy of the object, which is a deep one.", title="Strings")
    assert is_close(about, title, query)
    assert not is_close(chance, title, query)


def test_a_section_does_not_read_on_into_another_entry_of_a_glossary() -> None:
    entries = source(
        Passage(
            heading="enumerate",
            text="`enumerate(iterable)`: Return an enumeration that counts the items of a loop. "
            "The enumeration yields pairs of a count, which begins with zero unless another start is given, "
            "and of an item that the iterable yields, until there is none left to yield.",
        ),
        Passage(
            heading="input",
            text="`input(prompt)`: Read a string from standard input, without its trailing newline.",
        ),
        title="Built-in Functions",
        number=2,
    )
    lesson = compose(
        specification("Enumeration", ("Count the items of an enumeration",), subject="python"),
        brief(entries, source(LOOPS.replace("loop", "cycle"), title="Cycles")),
    )
    assert "standard input" not in "\n".join(section.markdown for section in lesson.sections)


def test_concepts_far_behind_the_best_are_left_out() -> None:
    defined = [
        f"A {name} is a part of a loop that a program holds."
        for name in ("body", "head", "target", "suite", "item")
    ]
    far = [excerpt("Nothing is said here that defines.") for _ in range(40)]
    weak = excerpt("`zip(a, b)`: Pair the items of both of them.", title="Zip")
    found = find_concepts(
        [excerpt(" ".join(defined)), *far, weak], ["loop", "bodi", "head", "target", "suit", "item"], 9
    )
    assert "zip()" not in [concept.term for concept in found]


def test_a_command_and_its_short_form_are_no_call() -> None:
    [concept] = find_concepts(
        [excerpt("`s(tep)`: Execute the current line and stop at the first occasion.")], ["step"], 3
    )
    assert concept.term == "s(tep)"


def test_a_keyword_is_blanked_as_code_only() -> None:
    stem = make_stem("The `for` statement takes items, and `for` is a keyword.", "for", is_keyword=True)
    assert stem == "The _____ statement takes items, and _____ is a keyword."
    both = "The `for` statement is used for sequences of items."
    assert make_stem(both, "for", is_keyword=True) == "", "the word beside it would tell it"


def test_a_capital_in_a_text_on_code_marks_no_person() -> None:
    calls = " ".join(f"The `make{number}()` call returns a part." for number in range(8))
    text = "The work of Guido is read by the many people who use it every day."
    of_people = compose(
        specification("Reading", ("Say whose work is read",)),
        brief(source(f"{text} {LONG}"), source(OTHERS, number=2)),
    )
    assert any("Guido" in question.options for question in of_people.quiz)
    of_code = compose(
        specification("Reading", ("Say whose work is read",), subject="python"),
        brief(source(f"{text} {LONG}"), source(f"{OTHERS} {calls}", number=2)),
    )
    assert not any("Guido" in question.options for question in of_code.quiz)


def test_a_section_begins_with_the_page_that_matches_its_objective_best() -> None:
    history = "The first picture took an exposure of many hours. Film made pictures a pastime for everybody."
    exposure = (
        "Exposure is the amount of light that reaches a frame of film or a sensor during one shot, and it "
    )
    exposure += "is decided by the aperture, by the shutter speed and by the sensitivity of what records it."
    pictures = source(Passage(heading="History", text=history), title="Pictures", number=1)
    about = source(Passage(heading="Exposure", text=exposure), title="Exposure", number=2)
    lesson = compose(
        specification("Exposure", ("Explain what exposure is",), subject="photography"),
        brief(pictures, about),
    )
    markdown = lesson.sections[0].markdown
    assert markdown.index("amount of light") < markdown.index("pastime")


def test_the_term_of_a_definition_of_a_word_is_the_word() -> None:
    said = "The word lexical refers to the fact that the place of a variable in the text decides."
    [concept] = find_concepts([excerpt(said)], ["lexic"], 3)
    assert concept.term == "lexical"


def test_the_summary_counts_without_a_plural_that_could_be_wrong() -> None:
    summary = compose(LESSON, brief(source(LOOPS, LEAVING))).summary
    assert "Sections: 2. Exercises: 3." in summary
