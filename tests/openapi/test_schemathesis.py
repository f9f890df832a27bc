"""schemathesis plays the API against its own description: no fault, no undescribed answer, no wrong shape.

It finds the app on the local host, with tokens, and a learner who owns a roadmap, a lesson and a task, so
that its requests reach what is there. `schemathesis.toml` says what is switched off, and why. To search
longer and elsewhere, set SCHEMATHESIS_EXAMPLES and SCHEMATHESIS_SEED.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.openapi.sense import reasons
from tests.support.access_rows import LOOPS, ROWS, Owner, new_owner
from tests.support.app import app_host
from tests.support.described import check_described, function_of
from tests.support.learner import GOAL, Learner
from tests.support.local_host import ROOT, LocalHost
from tests.support.tokens import KeySetServer, Signer

CONFIG = Path(__file__).with_name("schemathesis.toml")
DELETING, REMOVING = "delete_roadmap", "remove_learner_data"
EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "8"))
# So many scenarios are played step by step: few steps lead to many an operation.
SCENARIOS = 8 * EXAMPLES
# schemathesis gives a run of them up, and calls it a success, when the same draws lead on otherwise than
# before, as the state of a host lets them. So it is begun again, with other draws, until there are enough.
MOST_TURNS = 2 * EXAMPLES
# Three processes side by side: most of what /ops is asked waits for Service Bus, and it has no state to play.
# Threads of one process would meet in CPython's ast, which Hypothesis reads functions with.
EACH_ALONE = ("--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES))
PARTS = {
    "ops": ("--include-path-regex", "^/ops/", *EACH_ALONE),
    "rest": ("--exclude-path-regex", "^/ops/", *EACH_ALONE),
    "stateful": ("--phases", "stateful", "--max-examples", str(SCENARIOS)),
}
SEED = os.environ.get("SCHEMATHESIS_SEED", "1")
# How often a request takes a known id, in generated data. A back end names a lesson and, twice, its learner:
# each by chance would seldom be all of them.
FOUND, FOUND_TOGETHER = 0.7, 1.0
SECONDS = 900
INTERNAL_SERVER_ERROR = 500
# What `sense.py` tells of may be refused; the check in `hooks.py` holds that it is refused for nothing else.
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
        'include-operation-id = "create_roadmap"': {"body.goal": str(GOAL["goal"])},
        'include-operation-id = "look_up_lesson"': {"query.step_title": "Loops", "query.subject": "Python"},
    }


def config(known: dict[str, dict[str, str]]) -> str:
    """Return the configuration with what is known."""
    parts = [CONFIG.read_text(encoding="utf-8")]
    parts += [
        f"[[operations]]\ninclude-operation-id = {json.dumps(sorted(reasons()))}",
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


def play(host: LocalHost, signer: Signer, part: str, folder: Path) -> list[str]:
    """Run a part of it, the one that is played step by step as often as it takes; return what it says."""
    told = [play_once(host, signer, part, folder, 0)]
    while part == "stateful" and scenarios(told) < SCENARIOS and len(told) < MOST_TURNS:
        told.append(play_once(host, signer, part, folder, len(told)))
    return told


def scenarios(told: Iterable[str]) -> int:
    """Return how many scenarios have been played."""
    return sum(int(number) for text in told for number in re.findall(r"Scenarios: +(\d+)", text))


def play_once(host: LocalHost, signer: Signer, part: str, folder: Path, turn: int) -> str:
    """Run a part of it as a learner of its own, who owns what is known, and record it in the folder.

    Steps that delete what others look at would hide it from them. Who asks for the removal of all own data is
    another learner still.
    """
    options, seed, part = PARTS[part], int(SEED) + turn, f"{part}-{turn}"
    token = signer.token(part, roles=["admin"])
    owner, spare = new_owner(host.url, part, token), new_owner(host.url, part, token)
    # With it a goal is enough for a roadmap.
    with Learner(host.url, part, token=token) as learner:
        learner.http.put("/me/profile", json={name: GOAL[name] for name in GOAL if name != "goal"})
    file = folder / f"{part}.toml"
    file.write_text(config(known_values(owner, spare)), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(file), "run"),
        # No --checks: naming any there would switch on what the configuration switches off.
        *(f"{host.url}/api/openapi.json", "--seed", str(seed), "--no-color"),
        *options,
        *("--report", "har", "--report-har-path", str(folder / f"{part}.har")),
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "SKILLSYNC_TOKEN": token,
        "SKILLSYNC_LEAVING_TOKEN": signer.token(f"{part}-leaving"),
        "SKILLSYNC_KEY": host.function_key(),
    }
    run = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-2000:]
    return run.stdout


def statuses(reports: Iterable[Path]) -> dict[str | None, set[int]]:
    """Return what each function has answered, from the records of all requests; None is no function."""
    found: dict[str | None, set[int]] = defaultdict(set)
    for report in reports:
        for entry in json.loads(report.read_text(encoding="utf-8"))["log"]["entries"]:
            path = urlsplit(entry["request"]["url"]).path
            found[function_of(entry["request"]["method"], path)].add(entry["response"]["status"])
    return found


def send_noted(host: LocalHost, token: str, noted: Iterable[Path]) -> set[str | None]:
    """Send what schemathesis left out, and hold each answer to what it reaches; returns what that was."""
    sent = {tuple(json.loads(line)) for file in noted for line in file.read_text("utf-8").splitlines()}
    reached = set()
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{host.url}/api", headers=headers, timeout=60, trust_env=False) as http:
        for method, path in sorted(sent):
            answer = http.request(method, path)
            function = function_of(method, f"/api{path}")
            if function is None:
                assert (answer.status_code, answer.content) == (404, b""), f"{method} {path}"
            else:
                assert answer.status_code < INTERNAL_SERVER_ERROR, f"{method} {path}: {answer.text}"
                check_described(answer)
            reached.add(function)
    return reached


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
        told = dict(
            zip(PARTS, side_by_side.map(lambda part: play(host, signer, part, tmp_path), PARTS), strict=True)
        )
        reached = send_noted(host, signer.token("noted", roles=["admin"]), tmp_path.glob("*.noted"))
    assert scenarios(told["stateful"]) >= SCENARIOS, "it was given up every time"
    answered = statuses(tmp_path.glob("*.har"))
    expected = {name: row.status for name, row in ROWS.items() if name != NOT_PLAYED}
    missed = {name: answered[name] for name, status in expected.items() if status not in answered[name]}
    assert missed == {}, "what was never reached has not been checked"
    assert reached >= {None, "get_topic_lesson"}, "what another route or none answers was sent too"
    assert answered[None] == {404}, "methods that a path does not take"
