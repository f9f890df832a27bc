"""What model calls cost by day (UTC): for each provider, for all together, and for each learner.

All documents of a day stand in one partition, so that one batch counts a call everywhere. Before a call its
highest price is reserved under the condition that both budgets still hold it; afterwards the difference is
given back. So a budget is never exceeded, however many calls begin at once.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from pydantic import Field

from shared.errors import Conflict, NotFound, PreconditionFailed
from shared.llm.exchange import ChatFailure, ChatReply, FailureKind
from shared.models.document import Document, now
from shared.models.tallies import ProviderTally, bucket_of
from shared.settings import Settings
from shared.store.contract import Condition, PatchOperation
from shared.store.documents import Documents, change
from shared.store.tallies import add

USAGE_TTL_SECONDS = 90 * 86_400


class DayUsage(Document):
    """Calls of one day; the base of what is counted for a provider, for a learner and for all."""

    container: ClassVar[str] = "operations"
    partition_field: ClassVar[str] = "key"

    key: str
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0
    ttl: int | None = USAGE_TTL_SECONDS

    @staticmethod
    def key_of(day: date) -> str:
        """Return the partition of a day (UTC)."""
        return f"usage-{day.isoformat()}"

    @classmethod
    def today(cls) -> str:
        """Return the partition of the present day."""
        return cls.key_of(now().date())


class ProviderUsage(DayUsage):
    """A provider's day, with its failures by kind."""

    document_type: ClassVar[str] = "ProviderUsage"

    failures: dict[str, int] = Field(default_factory=lambda: {kind.value: 0 for kind in FailureKind})

    @staticmethod
    def id_of(provider: str) -> str:
        """Return the document id of a provider."""
        return f"provider-{provider}"


class Spending(DayUsage):
    """What is spent of a budget, prices of running calls included: for all, or for a learner's pseudonym."""

    document_type: ClassVar[str] = "Spending"
    ALL: ClassVar[str] = "all"

    @staticmethod
    def id_of(learner: str) -> str:
        """Return the document id of a learner's pseudonym."""
        return f"learner-{learner}"


@dataclass(frozen=True, slots=True)
class Charge:
    """A reserved price; `documents` are the budgets that hold it."""

    key: str
    documents: tuple[str, ...]
    cost_usd: float


@dataclass(frozen=True, slots=True)
class OverBudget:
    """A budget of the day does not hold this call; `reason` is for operators."""

    reason: str


class Budgets:
    """Reserves and counts what calls cost."""

    def __init__(self, documents: Documents, settings: Settings) -> None:
        self._documents = documents
        self._settings = settings

    async def reserve(self, cost_usd: float, learner: str) -> Charge | OverBudget:
        """Reserve a call's highest price for a learner's pseudonym ("" for nobody's) and for all."""
        key = DayUsage.today()
        budgets = {Spending.ALL: self._settings.daily_budget_usd}
        if learner:
            budgets[Spending.id_of(learner)] = self._settings.learner_daily_budget_usd
        operations = [
            change(id_, [PatchOperation("increment", "/cost_usd", cost_usd)], _holds(budget, cost_usd))
            for id_, budget in budgets.items()
        ]
        try:
            try:
                await self._documents.batch(Spending, key, operations)
            except NotFound:
                for id_ in budgets:
                    await self._ensure(Spending(id=id_, key=key))
                await self._documents.batch(Spending, key, operations)
        except PreconditionFailed:
            return await self._over(key, cost_usd)
        return Charge(key, tuple(budgets), cost_usd)

    async def settle(self, charge: Charge, provider: str, outcome: ChatReply | ChatFailure) -> None:
        """Count a call that was made, and give back what was reserved beyond its price."""
        usage = [
            PatchOperation("increment", "/calls", 1),
            PatchOperation("increment", "/prompt_tokens", outcome.usage.prompt_tokens),
            PatchOperation("increment", "/completion_tokens", outcome.usage.completion_tokens),
        ]
        back = PatchOperation("increment", "/cost_usd", outcome.cost_usd - charge.cost_usd)
        counted = [*usage, PatchOperation("increment", "/cost_usd", outcome.cost_usd)]
        if isinstance(outcome, ChatFailure):
            counted.append(PatchOperation("increment", f"/failures/{outcome.kind.value}", 1))
        id_ = ProviderUsage.id_of(provider)
        operations = [change(spending, [*usage, back]) for spending in charge.documents]
        try:
            await self._documents.batch(Spending, charge.key, [*operations, change(id_, counted)])
        except NotFound:
            await self._ensure(ProviderUsage(id=id_, key=charge.key))
            await self._documents.batch(Spending, charge.key, [*operations, change(id_, counted)])
        if isinstance(outcome, ChatReply):
            tally = ProviderTally.of(provider)
            await add(self._documents, tally, {f"seconds/{bucket_of(outcome.seconds)}": 1})

    async def give_back(self, charge: Charge) -> None:
        """Undo a reservation whose call was not made."""
        back = [PatchOperation("increment", "/cost_usd", -charge.cost_usd)]
        await self._documents.batch(Spending, charge.key, [change(id_, back) for id_ in charge.documents])

    async def _over(self, key: str, cost_usd: float) -> OverBudget:
        spent = await self._documents.find(Spending, key, Spending.ALL)
        budget = self._settings.daily_budget_usd
        if spent is not None and not _is_held(spent.cost_usd, budget, cost_usd):
            return OverBudget(f"budget: the {budget:g} USD of the day are spent")
        share = self._settings.learner_daily_budget_usd
        return OverBudget(f"budget: the learner's {share:g} USD of the day are spent")

    async def _ensure(self, document: DayUsage) -> None:
        with suppress(Conflict):  # another call of the day was faster
            await self._documents.create(document)


def _holds(budget: float, cost_usd: float) -> list[Condition]:
    """Return when a budget holds one more call; a used-up one holds not even a free one."""
    if cost_usd <= 0:
        return [Condition("/cost_usd", "<", budget)]
    return [Condition("/cost_usd", "<=", budget - cost_usd)]


def _is_held(spent_usd: float, budget: float, cost_usd: float) -> bool:
    return spent_usd < budget if cost_usd <= 0 else spent_usd <= budget - cost_usd
