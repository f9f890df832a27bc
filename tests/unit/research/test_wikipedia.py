"""The Wikipedia source against a fake Wikipedia on a real socket."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from shared.research.http import MAX_BODY_BYTES
from shared.research.limits import DEFAULT_PAUSE, LONGEST_PAUSE, limited_until
from shared.research.protocol import Question, SourceFailed, SourceLimited
from shared.research.sources.wikipedia import WikipediaSource, edition, queries
from shared.research.wikitext import article_passages
from shared.settings import SourceSettings
from tests.support.function_table import DEVELOPMENT
from tests.support.wikipedia_articles import ARTICLES, PHOTOGRAPHY, Article
from tests.support.wikipedia_server import Fault, WikipediaServer


@pytest.fixture
def wikipedia() -> Iterator[WikipediaServer]:
    with WikipediaServer() as server:
        yield server


@pytest.fixture
async def source(wikipedia: WikipediaServer) -> AsyncIterator[WikipediaSource]:
    settings = SourceSettings(name="wikipedia", base_url=wikipedia.base_url, timeout_seconds=5)
    async with httpx.AsyncClient(trust_env=False) as http:
        yield WikipediaSource(settings, http)


def question(title: str = "Exposure: light on the sensor", **changes: str) -> Question:
    fields = {"subject": "Photography", "module_title": "Basics", "language": "en"} | changes
    return Question(lesson_title=title, objectives=("Choose an aperture",), **fields)


async def test_articles_come_whole_with_licence_and_an_address_of_our_own_making(
    source: WikipediaSource,
) -> None:
    hits = await source.search(question())

    titles = {hit.title for hit in hits}
    assert {"Photography", "Exposure (photography)"} <= titles
    hit = next(hit for hit in hits if hit.title == "Exposure (photography)")
    assert hit.url == "https://en.wikipedia.org/wiki/Exposure_%28photography%29"
    assert (hit.author, hit.licence, hit.open_licence) == ("Wikipedia contributors", "CC BY-SA 4.0", True)
    assert hit.licence_url == "https://creativecommons.org/licenses/by-sa/4.0/"
    assert "Exposure settings" in {passage.heading for passage in hit.passages}
    assert not any("evil.example" in hit.url for hit in hits)


async def test_appendices_are_not_quoted(source: WikipediaSource) -> None:
    hits = await source.search(question("Photography"))
    texts = [passage.text for hit in hits for passage in hit.passages]
    assert any("rule of thirds" in text for text in texts)
    assert not any("no lesson should quote" in text for text in texts)


@pytest.mark.parametrize(
    ("language", "subject", "url"),
    [
        ("de", "Fotografie", "https://de.wikipedia.org/wiki/Fotografie"),
        ("ja-JP", "日本語", "https://ja.wikipedia.org/wiki/%E6%97%A5%E6%9C%AC%E8%AA%9E"),
    ],
)
async def test_the_learners_edition_is_asked(
    source: WikipediaSource, wikipedia: WikipediaServer, language: str, subject: str, url: str
) -> None:
    hits = await source.search(question("x", subject=subject, language=language))
    assert [hit.url for hit in hits] == [url]
    assert {hit.language for hit in hits} == {language[:2]}
    assert all(request.path.startswith(f"/{language[:2]}/") for request in wikipedia.requests)


async def test_requests_want_no_compression(source: WikipediaSource, wikipedia: WikipediaServer) -> None:
    await source.search(question())
    for request in wikipedia.requests:
        assert request.headers["Accept-Encoding"] == "identity"


async def test_a_proxy_of_the_environment_is_the_clients_affair_and_not_used(
    wikipedia: WikipediaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shared.clients import Clients
    from shared.settings import load_settings

    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    clients = Clients(load_settings(DEVELOPMENT))
    try:
        source = WikipediaSource(SourceSettings(name="wikipedia", base_url=wikipedia.base_url), clients.http)
        assert await source.search(question())
    finally:
        await clients.close()


async def test_a_disambiguation_page_is_noticed_and_the_next_article_read(
    source: WikipediaSource, wikipedia: WikipediaServer
) -> None:
    hits = await source.search(question("Picture frame film frame", subject="Frame photograph"))
    assert "Frame" not in {hit.title for hit in hits}
    assert hits
    assert any(request.path.endswith("/summary/Frame") for request in wikipedia.requests)


async def test_only_disambiguation_pages_are_an_empty_answer() -> None:
    only = Article("Mercury", "Mercury may refer to a planet, a metal, or a god.", type="disambiguation")
    with WikipediaServer([only]) as wikipedia:
        settings = SourceSettings(name="wikipedia", base_url=wikipedia.base_url)
        async with httpx.AsyncClient(trust_env=False) as http:
            assert await WikipediaSource(settings, http).search(question("Mercury", subject="Mercury")) == []


async def test_a_redirect_within_wikipedia_is_followed(source: WikipediaSource) -> None:
    hits = await source.search(question("Photograph composition", subject="Photograph composition"))
    assert "Composition in photography" in {hit.title for hit in hits}


async def test_the_search_widens_when_the_lesson_is_too_special(
    source: WikipediaSource, wikipedia: WikipediaServer
) -> None:
    hits = await source.search(question("Zzz qqq", subject="xyzzy", focus="photography"))
    assert hits
    asked = [request.query["q"] for request in wikipedia.requests if "q" in request.query]
    assert asked == ["xyzzy Zzz qqq", "xyzzy photography"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault.BROKEN, "status 500"),
        (Fault.DROP, "could not be reached"),
        (Fault.GARBAGE, "not JSON"),
        (Fault.WRONG_SHAPE, "unknown shape (at pages)"),
        (Fault.WRONG_TYPE, "text/html instead of JSON"),
        (Fault.COMPRESSED, "compressed"),
        (Fault.HUGE, f"more than {MAX_BODY_BYTES:,} bytes"),
        (Fault.REDIRECT_AWAY, "redirects to another place"),
        (Fault.REDIRECT_CIRCLE, "redirects in a circle"),
    ],
)
async def test_each_failure_says_what_happened(
    source: WikipediaSource, wikipedia: WikipediaServer, fault: Fault, said: str
) -> None:
    wikipedia.fault = fault
    with pytest.raises(SourceFailed) as failure:
        await source.search(question())
    assert said in str(failure.value)


async def test_a_server_that_hangs_is_given_up(wikipedia: WikipediaServer) -> None:
    wikipedia.fault = Fault.HANG
    settings = SourceSettings(name="wikipedia", base_url=wikipedia.base_url, timeout_seconds=0.2)
    async with httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(SourceFailed, match="did not answer within"):
            await WikipediaSource(settings, http).search(question())


async def test_a_refused_connection_is_a_failure() -> None:
    with WikipediaServer() as gone:
        base_url = gone.base_url
    settings = SourceSettings(name="wikipedia", base_url=base_url, timeout_seconds=2)
    async with httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(SourceFailed, match="could not be reached"):
            await WikipediaSource(settings, http).search(question())


@pytest.mark.parametrize("fault", [Fault.LIMITED, Fault.LIMITED_UNTIL_DATE, Fault.UNAVAILABLE])
async def test_a_limit_is_obeyed_without_asking_again(
    source: WikipediaSource, wikipedia: WikipediaServer, fault: Fault
) -> None:
    wikipedia.fault = fault
    with pytest.raises(SourceLimited) as limit:
        await source.search(question())
    asked = len(wikipedia.requests)

    wikipedia.fault = Fault.NONE
    with pytest.raises(SourceLimited) as again:
        await source.search(question())
    assert again.value.until == limit.value.until
    assert len(wikipedia.requests) == asked


async def test_without_the_whole_text_the_summary_is_used(
    source: WikipediaSource, wikipedia: WikipediaServer
) -> None:
    wikipedia.fault = Fault.NO_EXTRACTS
    hits = await source.search(question("Photography"))
    assert PHOTOGRAPHY.lead in {passage.text for hit in hits for passage in hit.passages}


NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        ("120", timedelta(seconds=120)),
        ("Tue, 01 Jan 2030 12:10:00 GMT", timedelta(minutes=10)),
        ("Tue, 01 Jan 2030 11:00:00 GMT", DEFAULT_PAUSE),
        ("999999", LONGEST_PAUSE),
        ("0", DEFAULT_PAUSE),
        ("", DEFAULT_PAUSE),
        ("soon", DEFAULT_PAUSE),
        ("-5", DEFAULT_PAUSE),
        ("9" * 4000, DEFAULT_PAUSE),
        ("²", DEFAULT_PAUSE),
    ],
)
def test_retry_after(header: str, pause: timedelta) -> None:
    assert limited_until(header, NOW) == NOW + pause


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en", "en"), ("pt-BR", "pt"), ("zh-Hant-TW", "zh"), ("nb", "no"), ("../evil", "en"), ("", "en")],
)
def test_edition(language: str, expected: str) -> None:
    assert edition(language) == expected


def test_queries_hold_no_search_operators_and_keep_the_subjects_own_signs() -> None:
    asked = queries(question('intitle:"x" -war ~y* C# and C++ for Node.js', subject=".NET"))
    assert asked == [".NET intitle x war y C# and C++ for Node.js", ".NET"]
    assert all(len(query) <= 300 for query in queries(question("word " * 200)))


def test_formulas_and_scraps_are_left_out_and_long_paragraphs_split() -> None:
    long = "This sentence is one of many in a paragraph that never seems to end. " * 30
    lead = "Lead paragraph that is long enough to be worth a quotation."
    text = "\n".join([lead, "{\\displaystyle x} is a formula of note here, and no prose.", "short", long])
    passages = article_passages(text, "Title")
    assert passages[0].heading == "Title"
    assert all(40 <= len(passage.text) <= 900 for passage in passages)
    assert not any("displaystyle" in passage.text for passage in passages)
    assert " ".join(passage.text for passage in passages[1:]) == long.strip()


def test_the_fake_runs_as_a_process_of_its_own() -> None:
    root = Path(__file__).parents[3]
    command = [sys.executable, "-m", "tests.support.wikipedia_server", "--port", "0"]
    with subprocess.Popen(
        command, cwd=root, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as process:
        try:
            assert process.stdout is not None
            base_url = process.stdout.readline().strip()
            origin = base_url.removesuffix("/{lang}")
            with httpx.Client(trust_env=False, timeout=10) as http:
                answer = http.get(f"{origin}/en/w/rest.php/v1/search/page", params={"q": "photography"})
                assert answer.json()["pages"][0]["title"] in {article.title for article in ARTICLES}
                assert http.put(f"{origin}/fault", content="500").json() == {"fault": "500"}
                assert http.get(f"{origin}/en/w/rest.php/v1/search/page").status_code == 500
        finally:
            process.terminate()
        assert process.wait(10) == 0
