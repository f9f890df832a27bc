"""Each source against its API's fake: what it makes of good answers, and what it says of every other."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from shared.models.research import Passage
from shared.research.brief import research
from shared.research.protocol import Hit, Question, SourceLimited, SourceSkipped
from shared.research.subjects import of_other_subject, search_words
from tests.support.source_pages import LOOP_CODE
from tests.support.source_servers import VIDEO_ID, Fault, SourceServers, in_own_process
from tests.unit.research.conftest import QUESTION, Sources

NAMES = ("docs", "stackoverflow", "github", "devto", "youtube")

# What no page may bring into a lesson: hidden text, links, frames of prompts, active addresses.
FORBIDDEN = re.compile(
    r"HIDDEN|evil\.example|javascript:|data:text|</?source|<\||\[INST\]|\]\(|\]\[|<script|<iframe|<img"
    r"|[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\U000e0000-\U000e007f]",
    re.IGNORECASE,
)


@pytest.mark.parametrize("name", NAMES)
async def test_nothing_hidden_and_no_markup_reaches_a_passage(sources: Sources, name: str) -> None:
    hits = await sources.make(name).search(QUESTION)
    texts = [passage.text for hit in hits for passage in hit.passages]
    labels = [passage.heading for hit in hits for passage in hit.passages] + [hit.title for hit in hits]
    assert texts
    assert [text for text in texts + labels if FORBIDDEN.search(text)] == []
    assert all("loop" in " ".join(texts) for _ in hits)


@pytest.mark.parametrize("name", ["docs", "stackoverflow", "github", "devto"])
async def test_code_blocks_are_kept_as_they_stand(sources: Sources, name: str) -> None:
    hits = await sources.make(name).search(QUESTION)
    code = [passage for hit in hits for passage in hit.passages if passage.kind == "code"]
    assert {(passage.text, passage.language) for passage in code} == {(LOOP_CODE, "go")}


@pytest.mark.parametrize("name", NAMES)
async def test_no_answer_chooses_where_learners_are_sent(sources: Sources, name: str) -> None:
    hosts = {httpx.URL(hit.url).host for hit in await sources.make(name).search(QUESTION)}
    assert (
        hosts
        == {
            "docs": {"127.0.0.1"},
            "stackoverflow": {"stackoverflow.com"},
            "github": {"github.com"},
            "devto": {"dev.to"},
            "youtube": {"www.youtube.com"},
        }[name]
    )


async def test_each_source_says_who_wrote_and_under_which_licence(sources: Sources) -> None:
    said = {}
    for name in NAMES:
        hit = (await sources.make(name).search(QUESTION))[0]
        said[name] = (hit.author, hit.licence, hit.licence_url, hit.open_licence)
    host = httpx.URL(sources.origin).netloc.decode()
    assert said == {
        "docs": (host, "see the site", "", False),
        "stackoverflow": (
            "Ann & Bob on Stack Overflow",
            "CC BY-SA 3.0",
            "https://creativecommons.org/licenses/by-sa/3.0/",
            True,
        ),
        "github": ("gopher", "MIT", "https://spdx.org/licenses/MIT.html", True),
        "devto": ("Ann Example", "all rights reserved by the author", "https://dev.to/terms", False),
        "youtube": ("Gopher School", "CC-BY-3.0", "https://creativecommons.org/licenses/by/3.0/", True),
    }


async def test_stack_overflow_gives_the_best_answers_of_fitting_questions(sources: Sources) -> None:
    hits = await sources.make("stackoverflow").search(QUESTION)
    assert {hit.url for hit in hits} == {
        "https://stackoverflow.com/a/1108",
        "https://stackoverflow.com/a/1308",
    }


async def test_github_leaves_out_the_archived_the_empty_and_what_has_no_readme(sources: Sources) -> None:
    hits = await sources.make("github").search(QUESTION)
    assert [hit.url for hit in hits] == ["https://github.com/gopher/by-example"]


@pytest.mark.parametrize(
    ("subject", "path"),
    [
        ("Go", "/docs/llms/for-loops.html"),
        ("Go (programming language)", "/docs/llms/for-loops.html"),
        ("Sphinx", "/docs/sphinx/loops.html"),
        ("Mapped", "/docs/maps/for-loops"),
        ("JavaScript", "/mdn/en-US/docs/Web/JavaScript/Reference/Statements/for"),
    ],
)
async def test_documentation_is_found_by_whatever_list_a_site_has(
    sources: Sources, subject: str, path: str
) -> None:
    hits = await sources.make("docs").search(replace(QUESTION, subject=subject))
    assert [httpx.URL(hit.url).path for hit in hits] == [path]


async def test_a_sites_own_list_leads_nowhere_else(sources: Sources, servers: SourceServers) -> None:
    """Its llms.txt names a page elsewhere and one of the cloud's metadata; both are about loops."""
    hits = await sources.make("docs").search(QUESTION)
    assert {httpx.URL(hit.url).netloc for hit in hits} == {httpx.URL(servers.origin).netloc}


async def test_a_sites_list_is_fetched_once_for_many_lessons(
    sources: Sources, servers: SourceServers
) -> None:
    docs = sources.make("docs")
    await asyncio.gather(docs.search(QUESTION), docs.search(replace(QUESTION, lesson_title="Loops")))
    assert servers.asked("docs").count("/docs/llms/llms.txt") == 1


async def test_a_video_comes_with_its_key_moments(sources: Sources) -> None:
    [hit] = await sources.make("youtube").search(QUESTION)
    assert hit.video is not None
    assert (hit.video.id, hit.video.channel, hit.video.duration) == (VIDEO_ID, "Gopher School", "4:10")
    assert hit.video.captions == "read"
    assert [moment.seconds for moment in hit.video.key_moments] == [0, 125]


@pytest.mark.parametrize(
    ("fault", "captions"),
    [
        (Fault.CAPTIONS_BLOCKED, "blocked"),
        (Fault.LIMITED, "blocked"),
        (Fault.BROKEN, "blocked"),
        (Fault.DROP, "blocked"),
        (Fault.GARBAGE, "blocked"),
        (Fault.HUGE, "blocked"),
        (Fault.REDIRECT_PRIVATE, "blocked"),
        (Fault.HANG, "blocked"),
        (Fault.NO_CAPTIONS, "none"),
    ],
)
async def test_a_video_stands_without_captions(
    sources: Sources, servers: SourceServers, fault: Fault, captions: str
) -> None:
    servers.faults["captions"] = fault
    seconds = "2" if fault is Fault.HANG else "20"
    [hit] = await sources.make("youtube", RESEARCH__YOUTUBE__TIMEOUT_S=seconds).search(QUESTION)
    assert hit.video is not None
    assert (hit.video.captions, hit.video.key_moments) == (captions, [])
    assert "for loop" in hit.passages[0].text


async def test_without_a_key_youtube_is_not_asked(sources: Sources, servers: SourceServers) -> None:
    with pytest.raises(SourceSkipped, match="no key"):
        await sources.make("youtube", RESEARCH__YOUTUBE__API_KEY="").search(QUESTION)
    assert servers.requests == []


async def test_keys_go_in_headers_to_their_own_source_only(sources: Sources, servers: SourceServers) -> None:
    await sources.make("github", RESEARCH__GITHUB__API_KEY="hub-key").search(QUESTION)
    await sources.make("youtube").search(QUESTION)
    await sources.make("devto").search(QUESTION)
    for source, path, headers in servers.requests:
        text = json.dumps(headers) + path
        assert ("hub-key" in text) == (source == "github"), path
        assert ("a-key" in text) == (source == "youtube"), path


@pytest.mark.parametrize("name", ["stackoverflow", "github", "devto", "docs"])
async def test_a_subject_that_is_no_software_is_none_of_their_business(
    sources: Sources, servers: SourceServers, name: str
) -> None:
    with pytest.raises(SourceSkipped):
        await sources.make(name).search(replace(QUESTION, subject="Go (board game)"))
    assert servers.requests == []


# ---------------------------------------------------------------------- faults

FAULTS = {
    Fault.LIMITED: ("limited", r"limited until 20\d\d-"),
    Fault.LIMITED_WITH_TIME: ("limited", r"limited until 20\d\d-"),
    Fault.BROKEN: ("failed", r"status 500"),
    Fault.HANG: ("failed", r"did not answer within|no answer within"),
    Fault.DROP: ("failed", r"could not be reached \(RemoteProtocolError\)"),
    Fault.WRONG_TYPE: ("failed", r"application/pdf"),
    Fault.GARBAGE: ("failed", r"not JSON|text/html|no list of its pages"),
    Fault.TRUNCATED: ("failed", r"could not be reached \(RemoteProtocolError\)|application/json"),
    Fault.HUGE: ("failed", r"more than [\d,]+ bytes|text/html"),
    Fault.BOMB: ("failed", r"more than [\d,]+ bytes|text/html"),
    Fault.REDIRECT_PRIVATE: ("failed", r"another place|not public"),
    Fault.REDIRECT_CIRCLE: ("failed", r"redirects in a circle"),
    Fault.WRONG_SHAPE: ("failed", r"unknown shape|application/json"),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fault", FAULTS)
async def test_every_fault_is_reported_and_ends(
    sources: Sources, servers: SourceServers, name: str, fault: Fault
) -> None:
    servers.faults["*"] = fault
    upper = name.upper()
    patience = {f"RESEARCH__{upper}__TIMEOUT_S": "0.6"} if fault is Fault.HANG else {}
    brief = await research(QUESTION, [sources.make(name, **patience)], deadline_seconds=30)
    [report] = brief.reports
    status, detail = FAULTS[fault]
    assert (report.status, brief.sources) == (status, [])
    assert re.search(detail, report.detail), report.detail


async def test_a_refused_connection_is_reported_by_every_source(
    sources: Sources, servers: SourceServers
) -> None:
    asked = [sources.make(name) for name in NAMES]
    await servers.close()
    brief = await research(QUESTION, asked, deadline_seconds=30)
    assert brief.sources == []
    for report in brief.reports:
        assert report.status == "failed"
        assert "could not be reached (ConnectError)" in report.detail


async def test_one_source_at_fault_costs_the_others_nothing(sources: Sources, servers: SourceServers) -> None:
    servers.faults["github"] = Fault.BROKEN
    servers.faults["devto"] = Fault.LIMITED
    brief = await research(QUESTION, [sources.make(name) for name in NAMES], deadline_seconds=30)
    statuses = {report.origin: report.status for report in brief.reports}
    assert statuses == {
        "docs": "found",
        "stackoverflow": "found",
        "github": "failed",
        "devto": "limited",
        "youtube": "found",
    }


@pytest.mark.parametrize("name", ["stackoverflow", "github", "devto", "youtube"])
async def test_nothing_found_is_an_empty_answer(sources: Sources, servers: SourceServers, name: str) -> None:
    servers.faults[name] = Fault.NOTHING_FOUND
    assert list(await sources.make(name).search(QUESTION)) == []


@pytest.mark.parametrize(
    ("name", "fault", "shortest", "longest"),
    [
        ("stackoverflow", Fault.THROTTLE_VIOLATION, 10_800, 10_831),
        ("github", Fault.SECONDARY_LIMIT, 50, 61),
        ("youtube", Fault.QUOTA_EXCEEDED, 0, 86_400),
        ("github", Fault.LIMITED_WITH_TIME, 110, 121),
        ("devto", Fault.LIMITED, 50, 61),
    ],
)
async def test_a_limit_is_obeyed_for_as_long_as_the_api_says(
    sources: Sources, servers: SourceServers, name: str, fault: Fault, shortest: int, longest: int
) -> None:
    source = sources.make(name)
    servers.faults[name] = fault
    with pytest.raises(SourceLimited) as limit:
        await source.search(QUESTION)
    pause = limit.value.until - datetime.now(UTC)
    assert timedelta(seconds=shortest) < pause <= timedelta(seconds=longest)

    servers.faults.clear()
    asked = len(servers.requests)
    with pytest.raises(SourceLimited):
        await source.search(QUESTION)
    assert len(servers.requests) == asked


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("stackoverflow", Fault.BACKOFF),
        ("stackoverflow", Fault.LAST_OF_QUOTA),
        ("github", Fault.LAST_ALLOWED),
    ],
)
async def test_a_good_answer_may_ask_for_a_pause_too(
    sources: Sources, servers: SourceServers, name: str, fault: Fault
) -> None:
    source = sources.make(name)
    servers.faults[name] = fault
    assert await source.search(QUESTION)
    with pytest.raises(SourceLimited):
        await source.search(QUESTION)


# ---------------------------------------------------------------------- subjects


@pytest.mark.parametrize(
    ("subject", "tag", "compact", "name"),
    [
        ("C++", "c++", "cpp", "C++"),
        ("C#", "c#", "csharp", "C#"),
        (".NET", ".net", "dotnet", ".NET"),
        ("React", "reactjs", "react", "React"),
        ("Go (programming language)", "go", "go", "Go"),
        ("Machine learning", "machine-learning", "machinelearning", "Machine learning"),
        ("日本語", "日本語", "", "日本語"),
    ],
)
def test_the_names_that_sources_know_a_subject_by(subject: str, tag: str, compact: str, name: str) -> None:
    words = search_words(Question(subject=subject, module_title="m", lesson_title="Loops"))
    assert (words.tag, words.compact_tag, words.name) == (tag, compact, name)
    assert words.narrow == f"{name} Loops"


def page(title: str, text: str, kind: str = "text", language: str = "en") -> Hit:
    return Hit(
        title=title,
        author="",
        url="https://example.org/",
        licence="",
        licence_url="",
        open_licence=True,
        language=language,
        retrieved_at=datetime(2030, 1, 1, tzinfo=UTC),
        passages=(Passage.model_validate({"kind": kind, "text": text}),),
    )


@pytest.mark.parametrize(
    ("subject", "hit", "other"),
    [
        ("Go (programming language)", page("Go (game)", "Go is played with stones."), True),
        ("Go (programming language)", page("Go", "A board game for two players with stones."), True),
        ("Go (programming language)", page("Go (programming language)", "Go is compiled."), False),
        ("Go (programming language)", page("Loops", "The compiler turns a loop of the program."), False),
        ("Go (programming language)", page("Loops", "for {}", "code"), False),
        ("Go (programming language)", page("Go", "Ein Brettspiel.", language="de"), False),
        ("Go (board game)", page("Go", "A board game for two players."), False),
        ("Go (board game)", page("Go (programming language)", "Go is compiled."), True),
        ("Go", page("Go", "A board game for two players with stones."), False),
        ("Photography", page("Light", "Light falls on the film."), False),
    ],
)
def test_a_page_on_another_subject_of_the_same_name(subject: str, hit: Hit, other: bool) -> None:
    question = Question(subject=subject, module_title="m", lesson_title="Loops")
    assert of_other_subject(question, hit) is other


def test_the_fakes_run_as_a_process_of_their_own() -> None:
    with in_own_process() as origin, httpx.Client(trust_env=False, timeout=10) as http:
        assert http.put(f"{origin}/faults", json={"*": "500"}).json() == {"*": "500"}
        assert http.get(f"{origin}/devto/articles").status_code == 500
        assert http.get(f"{origin}/requests").json()[0]["source"] == "devto"
