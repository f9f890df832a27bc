"""One instance that asks as fast as it is let; a process of its own, started by `bench.throughput`.

`python -m bench.turns WAY FILE SECONDS URL LIMIT [URL LIMIT ...]` prints, as a JSON list, the seconds at
which each answer came. WAY is `shared`, the app's own way, or `spaced`: a chain in which each instance
keeps a pause between its requests to a provider and goes to the next one only after a failure.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import uuid
from pathlib import Path

import httpx

from bench.processes import environment
from shared.clients import Clients
from shared.lessons.prompts import plan_prompt
from shared.llm.chat import complete
from shared.llm.exchange import ChatReply, ChatRequest, Message
from shared.llm.schema import strict_schema
from shared.llm.structured import Answer, CallStep
from shared.models.inputs import ProviderTurn
from shared.models.learner import SkillLevel
from shared.models.outcomes import Deferred
from shared.models.specification import CurriculumSpecification
from shared.services.asking import take_turn
from shared.settings import ProviderSettings, Settings, load_settings

AT_ONCE = 60
NAMES = ("first", "second", "third")
PROMPT = plan_prompt(CurriculumSpecification(subject="Python", level=SkillLevel.BEGINNER, language="en"))


def chain(file: Path, urls: list[str], limits: list[str]) -> Settings:
    """Return the settings of an app whose chain is these providers."""
    settings = environment(file.parent) | {"SQLITE_PATH": str(file), "LLM_CHAIN": ",".join(NAMES)}
    for name, url, limit in zip(NAMES, urls, limits, strict=True):
        group = f"LLM__{name.upper()}__"
        settings |= {f"{group}BASE_URL": url, f"{group}MODEL": "fake", f"{group}REQUESTS_PER_MINUTE": limit}
    return load_settings(settings)


async def shared_limits(clients: Clients, ends_at: float, answers: list[float]) -> None:
    """Take turn after turn as the app does; an orchestrator's timer is a sleep here."""
    while time.time() < ends_at:
        step = CallStep(uuid.uuid4().hex, "1", "plan")
        turn = ProviderTurn()
        while time.time() < ends_at:
            outcome = await take_turn(clients, turn, PROMPT, step, "refused")
            if isinstance(outcome, Answer):
                answers.append(time.time())
            if not isinstance(outcome, Deferred):
                break
            turn = ProviderTurn(reservation=outcome.reservation)
            await asyncio.sleep(min(outcome.until.timestamp(), ends_at) - time.time())


class SpacedProvider:
    """A provider that one instance asks with a pause in between."""

    def __init__(self, provider: ProviderSettings) -> None:
        self._provider = provider
        self._pause = 60 / (provider.requests_per_minute or 1)
        self._turn = asyncio.Lock()

    async def ask(self, client: httpx.AsyncClient) -> bool:
        """Wait for the pause to end and ask once."""
        request = ChatRequest(
            (Message("system", PROMPT.system), Message("user", PROMPT.user)),
            PROMPT.schema_name,
            strict_schema(PROMPT.schema_model),
            PROMPT.temperature,
            PROMPT.max_tokens,
        )
        async with self._turn:
            await asyncio.sleep(self._pause)
        return isinstance(await complete(client, self._provider, request), ChatReply)


async def spaced_chain(
    client: httpx.AsyncClient, chain: list[SpacedProvider], ends_at: float, answers: list[float]
) -> None:
    """Ask the first provider, and the next one only when that failed."""
    while time.time() < ends_at:
        for provider in chain:
            if await provider.ask(client):
                answers.append(time.time())
                break


async def main(way: str, file: str, seconds: str, *providers: str) -> None:
    """Ask for so many seconds, then print when answers came."""
    settings = chain(Path(file), list(providers[::2]), list(providers[1::2]))
    clients = Clients(settings)
    answers: list[float] = []
    ends_at = time.time() + float(seconds)
    if way == "shared":
        asking = [shared_limits(clients, ends_at, answers) for _ in range(AT_ONCE)]
    else:
        spaced = [SpacedProvider(provider) for provider in settings.providers]
        asking = [spaced_chain(clients.http, spaced, ends_at, answers) for _ in range(AT_ONCE)]
    try:
        async with asyncio.timeout(float(seconds) + 1):
            await asyncio.gather(*asking)
    except TimeoutError:
        pass
    await clients.close()
    print(json.dumps(answers))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
