"""Several processes write to one SQLite store at once; nothing that one was told is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from shared.store.contract import Document
from shared.store.sqlite import SqliteDocumentStore
from tests.support.store_worker import ACCOUNTS, OPENING_BALANCE, PARTITION, SLOTS

ROOT = Path(__file__).parent.parent.parent
PROCESSES = 4
OPERATIONS = 400
SECONDS = 3.0


def _run_workers(path: Path, seed: int) -> list[dict[str, Any]]:
    workers = []
    for number in range(PROCESSES):
        arguments = [str(path), str(seed * 100 + number), str(SECONDS), str(OPERATIONS)]
        workers.append(
            subprocess.Popen(
                [sys.executable, "-m", "tests.support.store_worker", *arguments],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    reports = []
    for worker in workers:
        output, errors = worker.communicate(timeout=90)
        assert worker.returncode == 0, errors
        reports.append(json.loads(output))
    return reports


@pytest.mark.parametrize("seed", [1, 2])
async def test_no_update_is_lost_between_processes(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "documents.db"
    reports = _run_workers(path, seed)
    store = SqliteDocumentStore(path)
    found = await store.query("operations", PARTITION, {}, limit=100_000)
    documents = {document["id"]: document for document in found.items}
    await store.close()

    _check_counter(documents["counter"], reports)
    _check_chain(documents["chain"], reports)
    _check_accounts(documents, reports)
    tokens = sorted(token for report in reports for token in report["tokens"])
    assert tokens == list(range(1, documents["lease"]["token"] + 1))
    for slot in SLOTS:
        assert sum(report["slots"].get(slot, 0) for report in reports) == int(slot in documents)
    # A run in which nothing clashed would have proved nothing.
    refused = Counter(kind for report in reports for kind in report["refused"])
    assert {"PreconditionFailed in _extend", "Conflict in _doomed_transfer"} <= set(refused)


def _check_counter(counter: Document, reports: list[dict[str, Any]]) -> None:
    assert counter["count"] == sum(report["incremented"] for report in reports)
    told = [mark for report in reports for mark in report["appended"]]
    assert sorted(counter["appended"]) == sorted(told)
    for report in reports:
        own = [mark for mark in counter["appended"] if mark in set(report["appended"])]
        assert own == report["appended"]


def _check_chain(chain: Document, reports: list[dict[str, Any]]) -> None:
    """Every successful replace follows exactly one other: the ETags form one chain without a fork."""
    links = [tuple(link) for report in reports for link in report["links"]]
    following = dict(links)
    assert len(following) == len(links) == len(chain["log"]) == len(set(chain["log"]))
    (etag,) = set(following) - set(following.values())
    steps = 0
    while etag in following:
        etag = following[etag]
        steps += 1
    assert steps == len(links)
    assert etag == chain["_etag"]


def _check_accounts(documents: dict[str, Document], reports: list[dict[str, Any]]) -> None:
    """The records of the transfers that were told to have happened explain every balance."""
    records = {name: document for name, document in documents.items() if name.startswith("transfer-")}
    assert sorted(records) == sorted(name for report in reports for name in report["transfers"])
    balances = dict.fromkeys(ACCOUNTS, OPENING_BALANCE)
    for record in records.values():
        balances[record["source"]] -= record["amount"]
        balances[record["target"]] += record["amount"]
    assert balances == {account: documents[account]["balance"] for account in ACCOUNTS}
    assert min(balances.values()) >= 0
