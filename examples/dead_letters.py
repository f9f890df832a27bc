"""The dead letters of a namespace, from a terminal: `make dead-letters`, or with ARGS="redrive 7 12".

`list` names them with the broker's reason and the app's own; `show NUMBER` prints one with what was sent;
`redrive NUMBER ...` or `redrive --all` puts them back into the queue. Namespace and store are read from the
settings as the app reads them (local.settings.json, or `--settings FILE`; environment variables win). The
reasons come from the store; the rest needs the namespace alone.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from devhost.errors import SettingsError
from devhost.settings import load_settings as load_host_settings
from shared.clients import Clients
from shared.errors import ConfigurationError, Problem, QueueUnavailable, StoreError
from shared.models.dead_letters import MOST_AT_ONCE, DeadLetterSummary, RedriveRequest
from shared.models.validation import validated
from shared.services.dead_letters import DeadLetters
from shared.settings import load_settings

ROOT = Path(__file__).resolve().parents[1]


def line(letter: DeadLetterSummary) -> str:
    """Return one line for a dead letter."""
    why = letter.reason or "no reason given"
    if letter.poison is not None:
        field = f" in {letter.poison.field}" if letter.poison.field else ""
        why = f"{letter.poison.reason}{field}: {letter.poison.detail}"
    at = f"{letter.enqueued_at:%Y-%m-%d %H:%M:%S}" if letter.enqueued_at else "unknown time"
    return f"{letter.sequence_number:>8}  {at}  {letter.message_id}  {why}"


async def everything(letters: DeadLetters) -> list[DeadLetterSummary]:
    """Return all dead letters that there are now, oldest first."""
    found: list[DeadLetterSummary] = []
    continuation: str | None = None
    while True:
        page = await letters.page(MOST_AT_ONCE, continuation)
        found += page.items
        continuation = page.continuation
        if continuation is None:
            return found


async def list_all(letters: DeadLetters) -> None:
    """Print all dead letters."""
    found = await everything(letters)
    for letter in found:
        print(line(letter))
    print(f"{len(found)} dead letters")


async def show(letters: DeadLetters, number: int) -> None:
    """Print one dead letter and its body."""
    letter = await letters.view(number)
    print(line(letter))
    print(f"          {letter.reason}: {letter.description} ({letter.deliveries} deliveries)")
    print(letter.body)


async def redrive(letters: DeadLetters, numbers: Sequence[int]) -> int:
    """Put dead letters back; returns how many of them were not there."""
    missing = 0
    for start in range(0, len(numbers), MOST_AT_ONCE):
        some = list(numbers[start : start + MOST_AT_ONCE])
        result = await letters.redrive(validated(RedriveRequest, {"sequence_numbers": some}))
        for one in result.redriven:
            print(f"{one.sequence_number:>8}  is in the queue again as {one.message_id}")
        for number in result.not_found:
            print(f"{number:>8}  was not there")
        missing += len(result.not_found)
    return missing


async def run(arguments: argparse.Namespace, clients: Clients) -> int:
    """Do what was asked for; returns the exit code."""
    try:
        letters = DeadLetters(clients)
        if arguments.command == "list":
            await list_all(letters)
        elif arguments.command == "show":
            await show(letters, arguments.number)
        else:
            # Those that there are now: one that fails again comes back as another.
            there = await everything(letters) if arguments.all else []
            numbers = [letter.sequence_number for letter in there] or arguments.number
            return 1 if await redrive(letters, numbers) else 0
    except Problem as problem:
        print(problem.detail, file=sys.stderr)
        return 1
    except (QueueUnavailable, StoreError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    finally:
        await clients.close()
    return 0


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the command line; `list` where nothing was asked for."""
    parser = argparse.ArgumentParser(prog="python -m examples.dead_letters", description=__doc__)
    parser.add_argument("--settings", type=Path, help="a settings file instead of local.settings.json")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="all of them, oldest first")
    commands.add_parser("show", help="one with what was sent").add_argument("number", type=int)
    redriving = commands.add_parser("redrive", help="put them back into the queue")
    redriving.add_argument("number", type=int, nargs="*")
    redriving.add_argument("--all", action="store_true", help="all that there are now")
    return parser.parse_args(list(arguments) or ["list"])


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit code."""
    asked = parsed(arguments)
    try:
        environment = load_host_settings(ROOT, asked.settings, os.environ).environment
        clients = Clients(load_settings(environment))
    except (SettingsError, ConfigurationError) as error:
        print(error, file=sys.stderr)
        return 1
    return asyncio.run(run(asked, clients))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
