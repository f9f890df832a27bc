"""One prompt to one provider, from the wire to the validated answer."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.lessons.prompts.prompt import Prompt
from shared.llm import structured
from shared.llm.exchange import FailureKind
from shared.llm.ledger import InProgress
from shared.llm.schema import strict_schema
from shared.llm.structured import Answer, CallStep, Failure, Line, Opening, Waiting, ask
from shared.models.curriculum import ModuleOutline
from shared.settings import ProviderSettings
from shared.store.documents import Documents
from tests.support import model_answers
from tests.support.model_provider import ModelProvider
from tests.unit.llm.conftest import KEY

STEP = CallStep(key="c" * 64, generation="1", step="outline-1")
PROMPT = Prompt(
    system="Outline the module.",
    user='Specification: {"module": "Loops"}',
    version="test-1",
    schema_model=ModuleOutline,
    schema_name="module_outline",
    temperature=0.3,
    max_tokens=1000,
)
IMPATIENT = Opening(patient=False)
"""Somebody else could answer: a far slot is not worth waiting for."""
GOOD = model_answers.outline("Loops")

Ask = Callable[..., Any]


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structured, "RETRY_PAUSE_SECONDS", 0.0)


@pytest.fixture
def ask_provider(
    line: Line,
    model_provider: ModelProvider,
    settings_for: Callable[..., ProviderSettings],
) -> Ask:
    async def run(**given: Any) -> Any:
        provider = settings_for(model_provider.base_url, **given.pop("settings", {}))
        opening = given.pop("opening", Opening())
        return await ask(line, provider, PROMPT, given.pop("step", STEP), opening, **given)

    return run


async def test_an_answer_says_who_gave_it_and_what_it_cost(
    ask_provider: Ask, model_provider: ModelProvider
) -> None:
    answer = await ask_provider()
    assert isinstance(answer, Answer)
    assert answer.value == ModuleOutline.model_validate(GOOD)
    assert (answer.provider, answer.model, answer.spent.tries) == ("fake", "fake-model", 1)
    expected = (answer.spent.prompt_tokens + 2 * answer.spent.completion_tokens) / 1_000_000
    assert answer.spent.cost_usd == pytest.approx(expected)
    assert answer.spent.cost_usd > 0


async def test_every_request_carries_the_strict_schema(
    ask_provider: Ask, model_provider: ModelProvider
) -> None:
    model_provider.script("garbage", times=1)
    await ask_provider()
    assert len(model_provider.requests) == 2
    for received in model_provider.requests:
        json_schema = received.body["response_format"]["json_schema"]
        assert json_schema == {
            "name": "module_outline",
            "strict": True,
            "schema": strict_schema(ModuleOutline),
        }
        assert (received.body["temperature"], received.body["max_tokens"]) == (0.3, 1000)


async def test_a_repeat_of_the_step_pays_nothing(ask_provider: Ask, model_provider: ModelProvider) -> None:
    first = await ask_provider()
    assert await ask_provider() == first
    assert model_provider.calls()["outline"] == 1


async def test_a_repeat_of_a_failed_step_pays_nothing(
    ask_provider: Ask, model_provider: ModelProvider
) -> None:
    model_provider.script("invalid", times=2)
    first = await ask_provider()
    assert isinstance(first, Failure)
    assert await ask_provider() == first
    assert model_provider.calls()["outline"] == 2


@pytest.mark.parametrize("answer", ["thinking", "fenced"])
async def test_what_surrounds_the_answer_costs_no_second_call(
    ask_provider: Ask, model_provider: ModelProvider, answer: str
) -> None:
    model_provider.script(answer)
    assert isinstance(await ask_provider(), Answer)
    assert model_provider.calls()["outline"] == 1


async def test_a_wrong_answer_is_sent_back_once_with_what_is_wrong(
    ask_provider: Ask, model_provider: ModelProvider
) -> None:
    bad = json.dumps({"lessons": [{**GOOD["lessons"][0], "estimated_minutes": 1}]})
    model_provider.script("content", content=bad, times=1)
    answer = await ask_provider()

    assert isinstance(answer, Answer)
    assert answer.spent.tries == 2
    messages = model_provider.requests[1].body["messages"]
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert messages[2]["content"] == bad
    assert "lessons.0.estimated_minutes: Input should be greater than or equal to 5" in messages[3]["content"]


@pytest.mark.parametrize("answer", ["garbage", "invalid"])
async def test_a_second_wrong_answer_is_the_last(
    ask_provider: Ask, model_provider: ModelProvider, answer: str
) -> None:
    model_provider.script(answer)
    # Somebody else could answer, so that a limit per minute is not waited for.
    failure = await ask_provider(opening=Opening(patient=False))
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.BAD_JSON
    assert failure.spent.tries == 2
    assert failure.spent.cost_usd > 0
    assert model_provider.calls()["outline"] == 2


async def test_objections_send_a_valid_answer_back_once(
    ask_provider: Ask, model_provider: ModelProvider
) -> None:
    asked: list[ModuleOutline] = []

    def objections(outline: ModuleOutline) -> Sequence[str]:
        asked.append(outline)
        return ["lesson 2 repeats lesson 1"] if len(asked) == 1 else []

    assert isinstance(await ask_provider(objections=objections), Answer)
    assert "- lesson 2 repeats lesson 1" in model_provider.requests[1].body["messages"][3]["content"]


async def test_who_judges_an_answer_holds_nobody_up(ask_provider: Ask, model_provider: ModelProvider) -> None:
    """Gates compute for a tenth of a second: meanwhile the loop serves everything else of the process."""
    loop, served = asyncio.get_running_loop(), threading.Event()

    def slow(_: ModuleOutline) -> Sequence[str]:
        loop.call_soon_threadsafe(served.set)  # which only a loop that goes on does
        return [] if served.wait(10) else ["the loop stood still"]

    assert isinstance(await ask_provider(objections=slow), Answer)
    assert len(model_provider.requests) == 1, "nothing was objected to"


async def test_a_failed_generation_is_repaired_before_it_is_asked_again(
    ask_provider: Ask, model_provider: ModelProvider
) -> None:
    almost = json.dumps(GOOD).replace("]}", "],}")
    model_provider.script("bad-json", content=almost)
    answer = await ask_provider()
    assert isinstance(answer, Answer)
    assert answer.value == ModuleOutline.model_validate(GOOD)
    assert model_provider.calls()["outline"] == 1


async def test_a_hopeless_failed_generation_is_asked_again_once(
    ask_provider: Ask, model_provider: ModelProvider
) -> None:
    model_provider.script("bad-json", content='{"lessons": [{"title": "cut')
    failure = await ask_provider()
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.BAD_JSON
    assert model_provider.calls()["outline"] == 2


@pytest.mark.parametrize("answer", ["500", "503", "error-inside", "drop"])
async def test_a_failing_server_gets_one_more_chance(
    ask_provider: Ask, model_provider: ModelProvider, answer: str
) -> None:
    model_provider.script(answer, times=1)
    assert isinstance(await ask_provider(), Answer)
    assert model_provider.calls()["outline"] == 2
    model_provider.script(answer)
    failure = await ask_provider(step=CallStep(STEP.key, "2", STEP.step))
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.SERVER
    assert model_provider.calls()["outline"] == 4


async def test_a_provider_that_hangs_gets_one_more_chance(
    ask_provider: Ask, model_provider: ModelProvider
) -> None:
    model_provider.script("hang", times=1)
    answer = await ask_provider(settings={"timeout_seconds": 0.5})
    if isinstance(answer, Failure):  # a machine so loaded that even the good answer took longer
        assert answer.kind is FailureKind.TIMEOUT
    assert model_provider.calls()["outline"] == 2


async def test_no_chance_is_given_beyond_the_deadline(
    ask_provider: Ask, model_provider: ModelProvider
) -> None:
    model_provider.script("hang")
    failure = await ask_provider(deadline_seconds=0.5)
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.TIMEOUT
    assert model_provider.calls()["outline"] == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("401", FailureKind.AUTH),
        ("402", FailureKind.PAYMENT),
        ("404", FailureKind.MODEL_GONE),
        ("413", FailureKind.TOO_LARGE),
        ("429", FailureKind.RATE_LIMITED),
        ("429-day", FailureKind.RATE_LIMITED),
        ("context", FailureKind.CONTEXT_OVERFLOW),
        ("422", FailureKind.REJECTED),
        ("302", FailureKind.MALFORMED),
        ("length", FailureKind.TRUNCATED),
        ("refusal", FailureKind.REFUSED),
        ("filtered", FailureKind.REFUSED),
        ("html", FailureKind.MALFORMED),
        ("empty", FailureKind.MALFORMED),
    ],
)
async def test_what_a_repeat_cannot_help_costs_one_call(
    ask_provider: Ask, model_provider: ModelProvider, answer: str, kind: FailureKind
) -> None:
    model_provider.script(answer)
    failure = await ask_provider(opening=IMPATIENT)
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.provider) == (kind, "fake")
    assert failure.reason.startswith(f"{kind.value}: ")
    assert failure.per_day is (answer == "429-day")
    assert model_provider.calls()["outline"] == 1


async def test_a_named_time_to_wait_reaches_the_caller(
    ask_provider: Ask, model_provider: ModelProvider
) -> None:
    model_provider.script("429", retry_after=12.5)
    failure = await ask_provider(opening=IMPATIENT)
    assert isinstance(failure, Failure)
    assert failure.retry_after == 12.5


async def test_a_limit_that_ends_soon_is_waited_for(ask_provider: Ask, model_provider: ModelProvider) -> None:
    model_provider.script("429", retry_after=0.2, times=1)
    answer = await ask_provider(opening=IMPATIENT)
    assert isinstance(answer, Answer)
    assert answer.spent.tries == 2


async def test_a_limit_that_ends_later_is_waited_for_elsewhere_when_nobody_else_could_answer(
    ask_provider: Ask, model_provider: ModelProvider
) -> None:
    model_provider.script("429", retry_after=40, times=1)
    waiting = await ask_provider(settings={"requests_per_minute": 10})
    assert isinstance(waiting, Waiting)
    assert 35 < (waiting.until - datetime.now(UTC)).total_seconds() <= 40
    assert waiting.reservation
    assert model_provider.calls()["outline"] == 1


async def test_copies_at_the_same_time_make_one_call(
    ask_provider: Ask, model_provider: ModelProvider
) -> None:
    outcomes = await asyncio.gather(*(ask_provider() for _ in range(10)))
    assert model_provider.calls()["outline"] == 1
    assert all(isinstance(outcome, Answer | InProgress) for outcome in outcomes)
    assert isinstance(await ask_provider(), Answer)
    assert model_provider.calls()["outline"] == 1


async def test_a_process_that_dies_after_its_first_wrong_answer_pays_only_for_the_second(
    line: Line,
    model_provider: ModelProvider,
    settings_for: Callable[..., ProviderSettings],
) -> None:
    class Died(BaseException):
        pass

    def die(_: ModuleOutline) -> Sequence[str]:
        raise Died

    provider = settings_for(model_provider.base_url)
    with pytest.raises(Died):
        await ask(line, provider, PROMPT, STEP, Opening(), objections=die)

    def first_answer_was_bad(_: ModuleOutline) -> Sequence[str]:
        return [] if len(model_provider.requests) > 1 else ["shorter, please"]

    answer = await ask(line, provider, PROMPT, STEP, Opening(), objections=first_answer_was_bad)
    assert isinstance(answer, Answer)
    assert (answer.spent.tries, model_provider.calls()["outline"]) == (2, 2)


async def test_the_key_stands_in_no_stored_document(
    ask_provider: Ask, model_provider: ModelProvider, documents: Documents
) -> None:
    model_provider.script("401")
    await ask_provider()
    stored = await documents.store.query_across("library", "CallRecord", {})
    assert len(stored) == 1
    assert KEY not in json.dumps(stored)
    assert model_provider.requests[0].headers["authorization"] == f"Bearer {KEY}"
