"""What who waits is told while a budget of the day is spent: lessons are written all the same."""

from __future__ import annotations

from shared.clients import Clients
from shared.security.pseudonym import pseudonym

NOTE = (
    "The day's budget for language models is used up: until midnight UTC lessons quote their sources, and "
    "are written anew later."
)


async def budget_note(clients: Clients, user_id: str) -> str:
    """Return the sentence for who waits now; empty while the budgets hold, or without a provider."""
    from shared.llm.usage import DayUsage, Spending  # a status that waits for nothing never needs it

    settings = clients.settings
    if not settings.providers:
        return ""
    budgets = {
        Spending.ALL: settings.daily_budget_usd,
        Spending.id_of(pseudonym(settings, user_id)): settings.learner_daily_budget_usd,
    }
    for id_, budget in budgets.items():
        spent = await clients.documents.find(Spending, DayUsage.today(), id_)
        if spent is not None and spent.cost_usd >= budget:
            return NOTE
    return ""
