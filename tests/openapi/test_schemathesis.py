"""schemathesis plays the API against its own description: no fault, no undescribed answer, no wrong shape.

It finds the app on the local host, with tokens, and a learner who owns a roadmap, a lesson and a task, so
that its requests reach what is there. `schemathesis.toml` says what is switched off, and why. To search
longer and elsewhere, set SCHEMATHESIS_EXAMPLES and SCHEMATHESIS_SEED.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.access_rows import LOOPS, ROWS, Owner, new_owner
from tests.support.app import app_host
from tests.support.described import function_of
from tests.support.function_table import api_description
from tests.support.local_host import ROOT, LocalHost
from tests.support.tokens import KeySetServer, Signer

CONFIG = Path(__file__).with_name("schemathesis.toml")
DELETING, REMOVING = "delete_roadmap", "remove_learner_data"
EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "8"))
# How much more there is of what is played step by step: few steps lead to many an operation.
STEPS = 3
# Three processes side by side: most of what /ops is asked waits for Service Bus, and it has no state to play.
# Threads of one process would meet in CPython's ast, which Hypothesis reads functions with.
EACH_ALONE = ("--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES))
PARTS = {
    "ops": ("--include-path-regex", "^/ops/", *EACH_ALONE),
    "rest": ("--exclude-path-regex", "^/ops/", *EACH_ALONE),
    "stateful": ("--phases", "stateful", "--max-examples", str(STEPS * EXAMPLES)),
}
SEED = os.environ.get("SCHEMATHESIS_SEED", "1")
# How often a request takes a known id, in generated data. A back end names a lesson and, twice, its learner:
# each by chance would seldom be all of them.
FOUND, FOUND_TOGETHER = 0.7, 1.0
SECONDS = 900
# A request that fits its schema can still make no sense here: a goal that names nothing, fields that neither
# the body nor the profile has, hours told twice, two names for one learner, nothing to put back, answers to
# another quiz, the tag of an older profile.
SENSELESS = (
    *("create_lesson_task", "create_roadmap", "generate_lesson_content", "get_topic_lesson"),
    *("get_topic_lesson_by_query", "look_up_lesson", "put_lesson_progress", "put_profile"),
    "redrive_dead_letters",
)
EXPECTED = ["2xx", "3xx", "401", "403", "404", "409", "410", "412", "422", "429"]
# schemathesis does not test where it has read the description.
NOT_PLAYED = "get_openapi"


def known_values(owner: Owner, spare: Owner) -> dict[str, dict[str, str]]:
    """Return what leads to things that are there, by the condition of the operations that take it."""
    body = {"body.lesson_id": owner.lesson, "body.user_id": owner.user_id, "header.X-User-Id": owner.user_id}
    return {
        f'include-path-regex = "^/roadmaps/"\nexclude-operation-id = "{DELETING}"': {
            "path.id": owner.roadmap
        },
        f'include-operation-id = "{DELETING}"': {"path.id": spare.roadmap},
        'include-path-regex = "^/modules/"': {"path.id": owner.module},
        r'include-path-regex = "^/lessons/\\{id"': {"path.id": owner.lesson, "path.version": "1.0"},
        'include-path-regex = "^/lessons/status/"': {"path.id": owner.task},
        r'include-path-regex = "^/library/lessons/\\{key"': {"path.key": LOOPS, "path.version": "1.0"},
        'include-path = "/generate_lesson_content"': body,
    }


def of_sense() -> list[str]:
    """Return the operations that can refuse what fits their schema: all lists do, for a continuation."""
    operations = (
        operation
        for methods in api_description()["document"]["paths"].values()
        for operation in methods.values()
    )
    lists = [
        operation["operationId"]
        for operation in operations
        if "continuation" in {parameter["name"] for parameter in operation.get("parameters", [])}
    ]
    return [*SENSELESS, *lists]


def config(known: dict[str, dict[str, str]]) -> str:
    """Return the configuration with what is known."""
    parts = [CONFIG.read_text(encoding="utf-8")]
    parts += [
        f"[[operations]]\ninclude-operation-id = {json.dumps(of_sense())}",
        f"[operations.checks.positive_data_acceptance]\nexpected-statuses = {json.dumps(EXPECTED)}",
    ]
    for number, (condition, parameters) in enumerate(known.items()):
        names = {place: f"{place.replace('.', '_')}_{number}" for place in parameters}
        probability = FOUND_TOGETHER if "body.user_id" in parameters else FOUND
        parts += [f'[dictionaries.{names[place]}]\nvalues = ["{one}"]' for place, one in parameters.items()]
        parts.append(f"[[operations]]\n{condition}\n[operations.parameters]")
        parts += [
            f'"{place}" = {{ dictionary = "{names[place]}", probability = {probability} }}' for place in names
        ]
    parts.append(f'[[operations]]\ninclude-operation-id = "{REMOVING}"')
    parts.append('headers = { Authorization = "Bearer ${SKILLSYNC_LEAVING_TOKEN}" }\n')
    return "\n".join(parts)


def play(host: LocalHost, signer: Signer, part: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a part of it as a learner of its own, who owns what is known, and record it in the folder.

    Steps that delete what others look at would hide it from them. Who asks for the removal of all own data is
    another learner still.
    """
    token = signer.token(part, roles=["admin"])
    owner, spare = new_owner(host.url, part, token), new_owner(host.url, part, token)
    file = folder / f"{part}.toml"
    file.write_text(config(known_values(owner, spare)), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(file), "run"),
        # No --checks: naming any there would switch on what the configuration switches off.
        *(f"{host.url}/api/openapi.json", "--seed", SEED, "--no-color"),
        *PARTS[part],
        *("--report", "har", "--report-har-path", str(folder / f"{part}.har")),
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "SKILLSYNC_TOKEN": token,
        "SKILLSYNC_LEAVING_TOKEN": signer.token(f"{part}-leaving"),
        "SKILLSYNC_KEY": host.function_key(),
    }
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def statuses(reports: Iterable[Path]) -> dict[str | None, set[int]]:
    """Return what each function has answered, from the records of all requests; None is no function."""
    found: dict[str | None, set[int]] = defaultdict(set)
    for report in reports:
        for entry in json.loads(report.read_text(encoding="utf-8"))["log"]["entries"]:
            path = urlsplit(entry["request"]["url"]).path
            found[function_of(entry["request"]["method"], path)].add(entry["response"]["status"])
    return found


def test_one_check_is_off() -> None:
    checks = tomllib.loads(CONFIG.read_text(encoding="utf-8"))["checks"]
    assert [name for name, check in checks.items() if check.get("enabled") is False] == ["unsupported_method"]


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 60)
def test_the_api_does_what_its_description_says(tmp_path: Path) -> None:
    signer = Signer()
    with (
        KeySetServer(signer) as keys,
        app_host(tmp_path, settings=keys.settings()) as host,
        ThreadPoolExecutor(len(PARTS)) as side_by_side,
    ):
        runs = list(side_by_side.map(lambda part: play(host, signer, part, tmp_path), PARTS))
    for run in runs:
        assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-2000:]
    answered = statuses(tmp_path / f"{part}.har" for part in PARTS)
    expected = {name: row.status for name, row in ROWS.items() if name != NOT_PLAYED}
    missed = {name: answered[name] for name, status in expected.items() if status not in answered[name]}
    assert missed == {}, "what was never reached has not been checked"
    assert answered[None] == {404}, "methods that a path does not take"
