"""The brief: sources asked side by side, ranked, bounded and clean, whatever one of them does."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.models.learner import LearningStyle, SkillLevel
from shared.models.research import FoundVideo, Passage
from shared.models.specification import CurriculumSpecification, LessonSpecification
from shared.research.brief import (
    MAX_BRIEF_BYTES,
    MAX_PASSAGES,
    MAX_SOURCE_BYTES,
    MAX_SOURCES,
    assemble,
    research,
)
from shared.research.protocol import Hit, Question, SourceFailed, SourceLimited, SourceSkipped
from shared.research.ranking import Duplicates, select
from shared.research.sources import SOURCES, create_source
from shared.research.sources.wikipedia import WikipediaSource
from shared.settings import SOURCE_DEFAULTS, SourceSettings
from tests.support.wikipedia_server import Fault, WikipediaServer

ROOT = Path(__file__).parents[3]
QUESTION = Question(
    subject="Photography",
    module_title="Light",
    lesson_title="Exposure and aperture",
    objectives=("Choose an aperture", "Explain the shutter speed"),
)
NOW = datetime(2030, 1, 1, tzinfo=UTC)


def hit(title: str, *texts: str, url: str = "") -> Hit:
    return Hit(
        title=title,
        author="Somebody",
        url=url or f"https://example.org/{title.replace(' ', '-')}",
        licence="CC0-1.0",
        licence_url="https://creativecommons.org/publicdomain/zero/1.0/",
        open_licence=True,
        language="en",
        retrieved_at=NOW,
        passages=tuple(Passage(text=text) for text in texts),
    )


class Answering:
    """A source that answers in a given way; it stands where a source of the app would."""

    def __init__(self, name: str, answer: Sequence[Hit] | BaseException, delay: float = 0.0) -> None:
        self.name = name
        self.timeout_seconds = 30.0
        self._answer = answer
        self._delay = delay

    async def search(self, question: Question) -> Sequence[Hit]:
        del question
        await asyncio.sleep(self._delay)
        if isinstance(self._answer, BaseException):
            raise self._answer
        return self._answer


APERTURE = hit("Aperture", "The aperture of a lens decides how much light is let in.")


async def test_each_source_reports_and_none_costs_the_others_anything() -> None:
    hanging = Answering("hanging", [APERTURE], delay=3600)
    hanging.timeout_seconds = 0.05
    brief = await research(
        QUESTION,
        [
            Answering("found", [APERTURE]),
            Answering("empty", []),
            Answering("skipped", SourceSkipped("covers Python only")),
            Answering("limited", SourceLimited(NOW + timedelta(hours=1))),
            Answering("failed", SourceFailed("answered\u202e with <b>nonsense</b>")),
            Answering("broken", ValueError("a defect with a secret in it")),
            hanging,
        ],
        deadline_seconds=30,
    )
    assert [source.origin for source in brief.sources] == ["found"]
    reports = {report.origin: (report.status, report.found, report.detail) for report in brief.reports}
    assert reports == {
        "found": ("found", 1, ""),
        "empty": ("empty", 0, ""),
        "skipped": ("skipped", 0, "covers Python only"),
        "limited": ("limited", 0, "limited until 2030-01-01T01:00:00+00:00"),
        "failed": ("failed", 0, "answered with <b>nonsense</b>"),
        "broken": ("failed", 0, "unexpected ValueError"),
        "hanging": ("failed", 0, "no answer within 0.05 s"),
    }


async def test_the_deadline_of_all_holds_for_each() -> None:
    brief = await research(QUESTION, [Answering("slow", [APERTURE], delay=3600)], deadline_seconds=0.05)
    assert brief.sources == []
    assert brief.reports[0].detail == "no answer within 0.05 s"


async def test_sources_are_asked_side_by_side() -> None:
    met = asyncio.Barrier(3)

    class Meeting(Answering):
        async def search(self, question: Question) -> Sequence[Hit]:
            del question
            await met.wait()
            return []

    sources = [Meeting(str(number), []) for number in range(3)]
    brief = await research(QUESTION, sources, deadline_seconds=30)
    assert {report.status for report in brief.reports} == {"empty"}


async def test_a_canceled_research_is_canceled() -> None:
    task = asyncio.create_task(research(QUESTION, [Answering("slow", [], delay=3600)], deadline_seconds=3600))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_no_sources_make_an_empty_brief() -> None:
    brief = await research(QUESTION, [], deadline_seconds=1)
    assert (brief.sources, brief.reports) == ([], [])


def test_the_best_source_comes_first_and_what_does_not_answer_is_left_out() -> None:
    hits = [
        hit("Tripods", "A tripod holds the camera still while the shutter is open."),
        hit(
            "Aperture",
            "Aperture and exposure: a wide aperture means more exposure.",
            "Shutter speed and aperture.",
        ),
        hit("Cakes", "Cakes are baked at moderate heat."),
    ]
    sources = assemble(QUESTION, [("test", one) for one in hits])
    assert sources[0].title == "Aperture"
    assert "Cakes" not in {source.title for source in sources}
    assert [source.id for source in sources] == [f"s{number}" for number in range(1, len(sources) + 1)]


def test_hidden_text_bad_addresses_and_blank_passages_are_gone() -> None:
    hostile = replace(
        hit(
            "Aper\u200bture \U000e0041",
            "Aper\u200bture\u202e is\x00 light.",
            " \u200b ",
            "\u2060",
            url="https://a/",
        ),
        author="An\u202eyone\n\nnew line",
        licence_url="javascript:alert(1)",
    )
    bad = ["javascript:alert(1)", "data:text/html,x", "ftp://x/", "https://", "https://a b/", "https://u:p@h/",
           "https://h/\u202e", "//h/x", "https://h/" + "x" * 3000, "http://[::1"]  # fmt: skip
    hits = [
        hostile,
        *(hit("Aperture", f"Aperture number {number}.", url=url) for number, url in enumerate(bad)),
    ]
    (source,) = assemble(QUESTION, [("test", one) for one in hits])
    assert source.title == "Aperture"
    assert source.author == "Anyone new line"
    assert source.licence_url == ""
    assert [passage.text for passage in source.passages] == ["Aperture is light."]


def test_near_duplicates_are_said_once() -> None:
    text = "The aperture of a lens decides how much light reaches the sensor of the camera."
    hits = [hit("Aperture", text), hit("Aperture copied", text.replace("decides", "determines")), APERTURE]
    sources = assemble(QUESTION, [("test", one) for one in hits])
    texts = [passage.text for source in sources for passage in source.passages]
    assert len(texts) == 2
    assert any("lens" in text for text in texts)


def test_of_two_passages_that_say_nearly_the_same_the_better_sources_stays() -> None:
    text = (
        "The aperture of a lens decides how much light reaches the sensor and how deep the picture is sharp."
    )
    other = "The shutter speed of a camera bounds the time in which light comes in and blurs what moves."
    first = hit("Exposure and aperture", text, other)
    second = hit(
        "Aperture", text.replace("decides", "determines"), "Aperture has numbers of its own: f/2, f/4."
    )
    sources = assemble(QUESTION, [("test", first), ("test", second)])
    said = " ".join(passage.text for source in sources for passage in source.passages)
    assert ("decides" in said, "determines" in said) == (True, False)
    assert "numbers of its own" in said, "the rest of the page stays"


def test_the_same_address_is_one_source() -> None:
    hits = [hit("Aperture", f"Aperture fact {name}.", url="https://example.org/a") for name in ("one", "two")]
    assert len(assemble(QUESTION, [("test", one) for one in hits])) == 1


def test_a_brief_looks_beyond_one_domain() -> None:
    """Many good pages of one site leave room for the best of two others, not for what answers nothing."""
    said = "stars film wheels tripods glass flowers rivers bridges"
    strong = [
        hit(
            f"Exposure and aperture of {word}",
            f"Exposure and aperture for {word}: aperture, shutter speed of {word}.",
        )
        for word in said.split()
    ]
    far = [
        hit("Pupils", "The aperture of the eye.", url="https://two.org/a"),
        hit("Plates", "An exposure of hours.", url="https://three.org/a"),
        hit("Cakes", "Cakes are baked at moderate heat.", url="https://four.org/a"),
    ]
    noise = [hit(f"Cake {number}", f"Cakes of kind {number} are baked.") for number in range(30)]
    sources = assemble(QUESTION, [("test", one) for one in (*strong, *far, *noise)])
    assert {source.url.split("/")[2] for source in sources} == {"example.org", "two.org", "three.org"}
    assert sources[0].url.startswith("https://example.org/Exposure")
    assert len(sources) <= MAX_SOURCES


def test_a_page_about_another_subject_of_the_name_is_dropped() -> None:
    question = Question(
        subject="Go (programming language)",
        module_title="Basics",
        lesson_title="Captures and liberties in Go",
    )
    hits = [
        hit("Go (game)", "Captures and liberties: a stone without liberties is captured in Go."),
        hit("Closures", "A closure captures the variables of its function; captures are by reference."),
    ]
    assert [source.title for source in assemble(question, [("test", one) for one in hits])] == ["Closures"]


async def test_the_page_of_a_video_is_among_the_sources() -> None:
    video = FoundVideo(id="abcdefghijk", title="Aperture", channel="Lens", url="https://video.example.org/v")
    strong = [
        hit(f"Aperture {number}", f"Aperture and exposure, fact {number}: {'aperture ' * number}.")
        for number in range(1, 11)
    ]
    filmed = replace(
        hit("Exposure", "Today we choose an aperture for this exposure.", url=video.url), video=video
    )
    brief = await research(
        QUESTION, [Answering("test", strong), Answering("tube", [filmed])], deadline_seconds=30
    )
    assert brief.video == video
    assert video.url in {source.url for source in brief.sources}
    without = await research(QUESTION, [Answering("test", strong)], deadline_seconds=30)
    assert without.video is None


def test_ties_do_not_depend_on_who_answered_first() -> None:
    hits = [("test", hit(f"Page {name}", f"Aperture {name} fact.")) for name in ("alpha", "beta", "gamma")]
    forwards, backwards = assemble(QUESTION, hits), assemble(QUESTION, hits[::-1])
    assert [source.url for source in forwards] == [source.url for source in backwards]


def test_half_a_program_is_no_example_and_long_prose_ends_with_a_sentence() -> None:
    long_text = "The aperture of the lens lets light in. " * 100
    long_code = Passage(kind="code", text="aperture = 1\n" * 400)
    page = replace(hit("Aperture", long_text), passages=(Passage(text=long_text.strip()), long_code))
    (source,) = assemble(QUESTION, [("test", page)])
    assert [passage.kind for passage in source.passages] == ["text"]
    assert source.passages[0].text.endswith("lets light in.")
    assert len(source.passages[0].text) <= 1500


texts = st.text(max_size=200).map(lambda text: f"aperture {text}")
pages = st.lists(st.lists(texts, min_size=1, max_size=12), max_size=14)


@given(pages, st.integers(1, 40))
def test_a_brief_is_bounded_whatever_was_found(found: list[list[str]], factor: int) -> None:
    hits = [
        ("test", hit(f"Page {number}", *((text * factor)[:5000] for text in page)))
        for number, page in enumerate(found)
    ]
    sources = assemble(QUESTION, hits)
    assert len(sources) <= MAX_SOURCES
    sizes = [sum(len(passage.text.encode()) for passage in source.passages) for source in sources]
    assert all(size <= MAX_SOURCE_BYTES for size in sizes)
    assert sum(sizes) <= MAX_BRIEF_BYTES
    assert all(1 <= len(source.passages) <= MAX_PASSAGES for source in sources)


def test_japanese_is_ranked_without_spaces() -> None:
    question = Question(subject="日本語", module_title="文字", lesson_title="ひらがなの書き方", language="ja")
    hits = [
        hit("天気", "明日の天気は晴れのち曇りでしょう。"),
        hit("文字", "ひらがなは音節文字であり、書き方には決まった書き順があります。"),
    ]
    sources = assemble(question, [("test", one) for one in hits])
    assert [source.title for source in sources] == ["文字"]


def test_examples_come_with_the_paragraph_that_introduces_them() -> None:
    passages = [
        Passage(text="One."),
        Passage(text="An example:"),
        Passage(kind="code", text="x = 1"),
        Passage(text="Two."),
    ]
    assert select(passages, [3.0, 0.0, 1.0, 2.0], 4) == [0, 1, 2, 3]
    assert select(passages, [3.0, 0.0, 1.0, 2.0], 3) == [0, 1, 2]
    assert select(passages, [3.0, 0.0, 1.0, 2.0], 2) == [0, 3]
    assert select(passages, [0.0] * 4, 4) == []


def test_duplicates_without_words_are_compared_as_they_stand() -> None:
    duplicates = Duplicates()
    assert [duplicates.is_duplicate(Passage(text=text)) for text in ("+ -", "+ -", "* /")] == [
        False,
        True,
        False,
    ]


async def test_wikipedia_over_the_wire_and_its_hostile_article() -> None:
    with WikipediaServer() as wikipedia:
        settings = SourceSettings(name="wikipedia", base_url=wikipedia.base_url)
        question = Question(
            subject="Photography", module_title="Pictures", lesson_title="Composition in photography"
        )
        async with httpx.AsyncClient(trust_env=False) as http:
            brief = await research(question, [create_source(settings, http)], deadline_seconds=20)
            wikipedia.fault = Fault.BROKEN
            failed = await research(question, [create_source(settings, http)], deadline_seconds=20)
    hostile = next(source for source in brief.sources if source.title == "Composition in photography")
    text = " ".join(passage.text for passage in hostile.passages)
    assert "Composition in photography is the choice" in text
    assert not any(character in text for character in "\u200b\u202e\U000e0049")
    assert (failed.sources, failed.reports[0].status) == ([], "failed")


def test_sources_are_listed_by_name_and_imported_when_asked_for() -> None:
    assert set(SOURCES) == set(SOURCE_DEFAULTS), "the settings take every source, and no other"
    assert isinstance(create_source(SourceSettings(name="wikipedia"), httpx.AsyncClient()), WikipediaSource)


def test_listing_the_sources_imports_none_of_them() -> None:
    code = (
        "import sys, shared.research.brief, shared.research.sources, shared.planning.local_curriculum\n"
        "print([name for name in ('httpx', 'pydoc_data.topics') if name in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


def test_a_question_holds_the_fields_of_the_lessons_key() -> None:
    specification = LessonSpecification(
        curriculum=CurriculumSpecification(
            subject="Python", focus="data", level=SkillLevel.BEGINNER, language="de"
        ),
        module_title="Loops",
        title="The for statement",
        objectives=["Iterate"],
        style=LearningStyle.MIXED,
    )
    assert Question.of(specification) == Question(
        subject="Python",
        focus="data",
        module_title="Loops",
        lesson_title="The for statement",
        objectives=("Iterate",),
        language="de",
    )
