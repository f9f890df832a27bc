"""A provider's turn from the wire to the outcome: who is asked, who is not, and what each failure means."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shared.clients import Clients
from shared.lessons.prompts import lesson_prompt, plan_prompt
from shared.llm import structured
from shared.llm.breaker import Breaker
from shared.llm.limiter import Limiter, ProviderState
from shared.llm.structured import Answer, CallStep
from shared.llm.usage import DayUsage, ProviderUsage, Spending
from shared.llm.window import Reservation, Window
from shared.models.inputs import ProviderTurn
from shared.models.library import ProviderFallback
from shared.models.outcomes import Deferred, Failed, Next
from shared.models.research import Brief, Passage
from shared.services.asking import LOCAL, limiter_of, take_turn
from shared.services.readiness import readiness
from shared.settings import load_settings
from tests.support.app import app_settings
from tests.support.lesson_briefs import PLANTS, specification
from tests.support.model_provider import ModelProvider

Open = Callable[..., Clients]
LOOPS = specification("Loops", ("Write a loop", "Leave a loop early"), subject="python")
PLAN = plan_prompt(specification().curriculum)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structured, "RETRY_PAUSE_SECONDS", 0.0)


@pytest.fixture
def first() -> Iterator[ModelProvider]:
    with ModelProvider() as provider:
        yield provider


@pytest.fixture
def second() -> Iterator[ModelProvider]:
    with ModelProvider() as provider:
        yield provider


@pytest.fixture
async def opened(tmp_path: Path, first: ModelProvider, second: ModelProvider) -> AsyncIterator[Open]:
    """Open the clients of one app process whose chain is the two providers."""
    made = []

    def build(**given: str) -> Clients:
        settings = {
            "LLM_CHAIN": "first,second",
            "LLM__FIRST__BASE_URL": first.base_url,
            "LLM__FIRST__MODEL": "m",
            "LLM__FIRST__PRICE_OUT": "1",
            "LLM__SECOND__BASE_URL": second.base_url,
            "LLM__SECOND__MODEL": "m",
            **given,
        }
        made.append(Clients(load_settings(app_settings(tmp_path, **settings))))
        return made[-1]

    yield build
    for clients in made:
        await clients.close()


def long_brief() -> Brief:
    """Sources of which each has more to say than is ever shown."""
    passages = [Passage(text="A loop repeats its body as long as its condition holds. " * 200)]
    sources = [
        source.model_copy(update={"id": f"s{number}", "passages": passages})
        for number, source in enumerate(PLANTS.sources * 8, start=1)
    ]
    return PLANTS.model_copy(update={"sources": sources[:8]})


async def turn(clients: Clients, name: str = "1", prompt: Any = PLAN, **given: Any) -> Any:
    learner = given.pop("learner", "ada")
    step = CallStep("k" * 64, name, "plan", learner, background=given.pop("background", False))
    return await take_turn(clients, ProviderTurn(**given), prompt, step, "goal_refused")


async def breaker_of(clients: Clients) -> Breaker:
    state = await Limiter(clients.documents).state(clients.settings.provider_settings[0])
    return state.breaker


@dataclass(frozen=True)
class Fault:
    """One way in which a provider says no, and what follows from it."""

    answer: str
    kind: str
    calls: int = 1
    """How often this provider is asked in the turn."""
    opens: str = ""
    """Why the breaker is open afterwards: what operators are told."""
    refused: bool = False
    """Learners are told at once; everywhere else the next provider writes."""
    retry_after: float | None = None


FAULTS = [
    Fault("401", "auth", opens="auth"),
    Fault("403", "auth", opens="auth"),
    Fault("402", "payment", opens="payment"),
    Fault("404", "model_gone", opens="model_gone"),
    Fault("429-day", "rate_limited", opens="per_day"),
    Fault("429", "rate_limited", retry_after=60),
    Fault("429", "rate_limited"),
    Fault("413", "too_large"),
    Fault("context", "context_overflow"),
    Fault("422", "rejected"),
    Fault("500", "server", calls=2),
    Fault("503", "server", calls=2),
    Fault("error-inside", "server", calls=2),
    Fault("drop", "server", calls=2),
    Fault("hang", "timeout", calls=2),
    Fault("html", "malformed"),
    Fault("empty", "malformed"),
    Fault("garbage", "bad_json", calls=2),
    Fault("invalid", "bad_json", calls=2),
    Fault("bad-json", "bad_json", calls=2),
    Fault("length", "truncated"),
    Fault("refusal", "refused", refused=True),
    Fault("filtered", "refused", refused=True),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.answer}-{fault.retry_after or ''}")
async def test_each_failure_has_its_meaning(
    opened: Open, first: ModelProvider, second: ModelProvider, fault: Fault
) -> None:
    clients = opened(LLM__FIRST__TIMEOUT_S="0.5")
    first.script(fault.answer, retry_after=fault.retry_after)
    outcome = await turn(clients)
    assert first.calls()["plan"] == fault.calls
    day = await clients.documents.read(ProviderUsage, DayUsage.today(), ProviderUsage.id_of("first"))
    # What the model itself got wrong was an answer as far as the provider is concerned.
    failures = 0 if fault.answer in ("garbage", "invalid") else fault.calls
    assert (day.calls, day.failures[fault.kind]) == (fault.calls, failures)
    breaker = await breaker_of(clients)
    assert breaker.reason == fault.opens
    assert bool(fault.opens) == (
        f"first (open: {fault.opens} until" in (await readiness(clients)).checks["providers"]
    )
    if fault.refused:
        assert outcome == Failed(code="goal_refused")
        assert second.calls()["plan"] == 0, "a refusal is not shopped around"
        return
    assert isinstance(outcome, Next)
    assert (outcome.tried, outcome.provider) == ("first", "second")
    assert outcome.reason.startswith(f"{fault.kind}: ")
    tried = [ProviderFallback(provider=outcome.tried, reason=outcome.reason)]
    answer = await turn(clients, provider=outcome.provider, fallbacks=tried)
    assert isinstance(answer, Answer)
    assert (answer.provider, second.calls()["plan"]) == ("second", 1)


async def test_a_provider_that_cannot_be_reached_is_handed_on(opened: Open) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        clients = opened(LLM__FIRST__BASE_URL=f"http://127.0.0.1:{unused.getsockname()[1]}/v1")
        outcome = await turn(clients)
    assert isinstance(outcome, Next)
    assert outcome.reason.startswith("connection: ")


async def test_an_open_breaker_costs_no_further_call(opened: Open, first: ModelProvider) -> None:
    clients = opened()
    first.script("401")
    await turn(clients, "1")
    other_process = opened()
    answer = await turn(other_process, "2")
    assert isinstance(answer, Answer)
    assert answer.provider == "second"
    assert answer.passed_over[0].reason.startswith("open: auth until ")
    assert first.calls()["plan"] == 1


async def test_three_failures_in_a_row_open_the_breaker_briefly(opened: Open, first: ModelProvider) -> None:
    clients = opened()
    first.script("500")
    await turn(clients, "1")
    assert (await breaker_of(clients)).reason == ""
    await turn(clients, "2")
    breaker = await breaker_of(clients)
    assert breaker.reason == "server"
    assert first.calls()["plan"] == 3
    answer = await turn(clients, "3")
    assert answer.provider == "second"
    assert first.calls()["plan"] == 3


async def test_when_nobody_can_be_asked_the_local_tier_is_told_why(
    opened: Open, first: ModelProvider, second: ModelProvider
) -> None:
    clients = opened()
    first.script("401")
    second.script("402")
    outcome = await turn(clients, "1")
    await turn(clients, "1", fallbacks=[ProviderFallback(provider="first", reason=outcome.reason)])
    ended = await turn(clients, "2")
    assert isinstance(ended, Next)
    assert (ended.tried, ended.provider) == ("first", LOCAL)
    assert ended.reason.startswith("open: auth")
    assert ended.skipped is not None
    assert ended.skipped[0].reason.startswith("open: payment")


async def test_a_busy_provider_is_passed_over_and_the_sum_of_limits_is_used(
    opened: Open, first: ModelProvider, second: ModelProvider
) -> None:
    clients = opened(LLM__FIRST__REQUESTS_PER_MINUTE="2", LLM__SECOND__REQUESTS_PER_MINUTE="3")
    outcomes = [await turn(clients, str(number)) for number in range(6)]
    assert [type(one) for one in outcomes] == [Answer] * 5 + [Deferred]
    assert (first.calls()["plan"], second.calls()["plan"]) == (2, 3)
    assert outcomes[2].passed_over == (
        ProviderFallback(provider="first", reason="busy: a later provider was free sooner"),
    )
    assert outcomes[-1].reservation.startswith("first:")
    again = await turn(clients, "5", reservation=outcomes[-1].reservation)
    assert again == outcomes[-1], "who comes early keeps the place"


async def test_a_place_is_taken_where_it_is_much_nearer(
    opened: Open, first: ModelProvider, second: ModelProvider
) -> None:
    """Both are full, and the chain's first has its next slot twenty seconds later than the second."""
    clients = opened(LLM__FIRST__REQUESTS_PER_MINUTE="1", LLM__SECOND__REQUESTS_PER_MINUTE="1")
    limiter = clients.kept(limiter_of)
    now = limiter.now
    for provider, sent_at in zip(clients.settings.providers, (now, now - 20), strict=True):
        sent = Reservation(id="sent", at=sent_at, tokens=10, redeemed=True)
        state = ProviderState(
            id=ProviderState.ID,
            key=ProviderState.key_of(provider.name),
            window=Window(reservations=[sent]),
        )
        await clients.documents.create(state)
    place = await turn(clients)
    assert isinstance(place, Deferred)
    assert place.reservation is not None
    assert place.reservation.startswith("second:")
    assert 35 < place.until.timestamp() - now < 45
    assert first.requests == second.requests == []


async def test_work_of_the_background_uses_its_share_of_every_provider_and_no_place(
    opened: Open, first: ModelProvider, second: ModelProvider
) -> None:
    clients = opened(LLM__FIRST__REQUESTS_PER_MINUTE="4", LLM__SECOND__REQUESTS_PER_MINUTE="3")
    aside = [await turn(clients, f"batch-{number}", background=True) for number in range(6)]
    assert [type(one) for one in aside] == [Answer] * 4 + [Deferred] * 2
    assert (first.calls()["plan"], second.calls()["plan"]) == (2, 2)
    assert all(one.reservation is None for one in aside[4:])
    waited_for = [await turn(clients, f"learner-{number}") for number in range(3)]
    assert [type(one) for one in waited_for] == [Answer] * 3
    assert (first.calls()["plan"], second.calls()["plan"]) == (4, 3)


async def test_who_waits_is_served_before_the_background_even_when_it_came_later(opened: Open) -> None:
    clients = opened(LLM_CHAIN="first", LLM__FIRST__REQUESTS_PER_MINUTE="3")
    for number in range(3):
        await turn(clients, f"learner-{number}")
    aside = await turn(clients, "batch", background=True)
    place = await turn(clients, "late-learner")
    assert (aside.reservation, place.reservation.partition(":")[0]) == (None, "first")
    assert place.until <= aside.until, "it did not queue up behind the background"


async def test_a_lesson_of_the_background_is_made_to_fit_its_share_of_the_tokens(
    opened: Open, first: ModelProvider
) -> None:
    clients = opened(LLM__FIRST__TOKENS_PER_MINUTE="11000")
    answer = await turn(clients, prompt=lesson_prompt(LOOPS, long_brief()), background=True)
    assert isinstance(answer, Answer)
    sent = first.requests[0].body
    size = sum(len(message["content"].encode()) for message in sent["messages"]) / 3
    assert 3_500 <= sent["max_tokens"] <= 7_700 - size


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ({"LLM__FIRST__REQUESTS_PER_MINUTE": "1"}, "busy: its requests of a minute are kept for who waits"),
        ({"LLM__FIRST__TOKENS_PER_MINUTE": "8000"}, "too_large: a minute holds 5600 tokens"),
    ],
)
async def test_a_provider_too_small_for_the_background_is_left_to_who_waits(
    opened: Open, first: ModelProvider, limit: dict[str, str], reason: str
) -> None:
    clients = opened(**limit)
    answer = await turn(clients, background=True, prompt=lesson_prompt(LOOPS, long_brief()))
    assert (answer.provider, answer.passed_over[0].reason) == ("second", reason)
    waited_for = await turn(clients, "2", prompt=lesson_prompt(LOOPS, long_brief()))
    assert waited_for.provider == "first"


async def test_a_second_try_in_the_background_waits_at_the_provider_that_was_paid(
    opened: Open, first: ModelProvider, second: ModelProvider
) -> None:
    clients = opened(LLM__FIRST__REQUESTS_PER_MINUTE="2")
    first.script("garbage", times=1)
    outcome = await turn(clients, background=True)
    assert isinstance(outcome, Deferred)
    assert (first.calls()["plan"], second.calls().get("plan", 0)) == (1, 0)


async def test_a_repeat_goes_on_where_it_was_paid(
    opened: Open, first: ModelProvider, second: ModelProvider
) -> None:
    clients = opened(LLM__FIRST__REQUESTS_PER_MINUTE="1")
    await turn(clients, "1")
    answered = await turn(clients, "2")
    assert answered.provider == "second"
    repeated = await turn(opened(), "2")
    assert (repeated.provider, repeated.value) == ("second", answered.value)
    assert (first.calls()["plan"], second.calls()["plan"]) == (1, 1)


async def test_a_lesson_is_made_to_fit_the_tokens_of_a_minute(opened: Open, first: ModelProvider) -> None:
    brief = long_brief()
    clients = opened(LLM__FIRST__TOKENS_PER_MINUTE="8000")
    answer = await turn(clients, prompt=lesson_prompt(LOOPS, brief))
    assert isinstance(answer, Answer)
    sent = first.requests[0].body
    size = sum(len(message["content"].encode()) for message in sent["messages"]) / 3
    assert 3_500 <= sent["max_tokens"] <= 8_000 - size
    assert "condition holds" in sent["messages"][1]["content"], "something is left of the sources"
    assert (answer.prompt.max_tokens, answer.prompt.user) == (
        sent["max_tokens"],
        sent["messages"][1]["content"],
    )


async def test_what_fits_no_minute_goes_to_the_next_provider(opened: Open, first: ModelProvider) -> None:
    answer = await turn(opened(LLM__FIRST__TOKENS_PER_MINUTE="900"))
    assert answer.provider == "second"
    assert answer.passed_over[0].reason == "too_large: a minute holds 900 tokens"
    assert first.calls()["plan"] == 0


async def test_a_prompt_that_overflows_is_sent_again_with_fewer_sources(
    opened: Open, first: ModelProvider
) -> None:
    first.script("context", times=1)
    brief = long_brief()
    answer = await turn(opened(), prompt=lesson_prompt(LOOPS, brief))
    assert isinstance(answer, Answer)
    assert answer.provider == "first"
    before, after = (len(one.body["messages"][1]["content"]) for one in first.requests)
    assert after < before


async def test_a_providers_day_counts_calls_tokens_and_what_they_cost(
    opened: Open, first: ModelProvider
) -> None:
    clients = opened(LLM__FIRST__PRICE_IN="3")
    answers = [await turn(clients, str(number)) for number in range(3)]
    first.script("length", times=1)
    truncated = await turn(clients, "4")
    assert isinstance(truncated, Next)
    day = await clients.documents.read(ProviderUsage, DayUsage.today(), ProviderUsage.id_of("first"))
    spent = await clients.documents.read(Spending, DayUsage.today(), Spending.ALL)
    assert (day.calls, day.failures["truncated"], sum(day.failures.values())) == (4, 1, 1)
    assert day.prompt_tokens > sum(answer.spent.prompt_tokens for answer in answers)
    assert day.cost_usd == pytest.approx((3 * day.prompt_tokens + day.completion_tokens) / 1_000_000)
    assert spent.cost_usd == pytest.approx(day.cost_usd), "what was reserved beyond it is given back"


async def test_a_spent_budget_leaves_the_local_tier(opened: Open, first: ModelProvider) -> None:
    ended = await turn(opened(LLM_DAILY_BUDGET_USD="0"))
    assert isinstance(ended, Next)
    assert (ended.provider, ended.reason) == (LOCAL, "budget: the 0 USD of the day are spent")
    assert first.calls()["plan"] == 0


async def test_a_learners_share_is_that_learners_alone(opened: Open) -> None:
    clients = opened(LEARNER_DAILY_BUDGET_USD="0.005")
    assert isinstance(await turn(clients, "1"), Answer)
    outcomes = [await turn(clients, str(number)) for number in range(2, 12)]
    assert outcomes[-1].reason == "budget: the learner's 0.005 USD of the day are spent"
    assert isinstance(await turn(clients, "other", learner="grace"), Answer)
    spent = await clients.documents.read(Spending, DayUsage.today(), Spending.id_of("ada"))
    assert 0 < spent.cost_usd <= 0.005


async def test_calls_that_begin_together_do_not_exceed_the_budget(opened: Open, first: ModelProvider) -> None:
    # A plan may cost 4,000 tokens of one millionth each: the budget holds two at a time.
    clients = opened(LLM_DAILY_BUDGET_USD="0.009")
    outcomes = await asyncio.gather(*(turn(clients, str(number)) for number in range(10)))
    answered = [one for one in outcomes if isinstance(one, Answer)]
    assert 1 <= len(answered) <= first.calls()["plan"]
    spent = await clients.documents.read(Spending, DayUsage.today(), Spending.ALL)
    assert spent.cost_usd == pytest.approx(sum(one.spent.cost_usd for one in answered))
    assert spent.cost_usd <= 0.009


async def test_a_slot_that_money_denied_is_given_back(opened: Open) -> None:
    clients = opened(LLM_DAILY_BUDGET_USD="0", LLM__FIRST__REQUESTS_PER_MINUTE="1")
    await turn(clients)
    state = await clients.kept(limiter_of).state(clients.settings.providers[0])
    assert state.window.reservations == []
