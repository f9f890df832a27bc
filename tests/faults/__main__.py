"""`python -m tests.faults [--seed N] [--count N] [--jobs N]`: random schedules of faults, each audited.

A failing one leaves its folder: the log of the host, its store and what was found (`evidence.json`).
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.faults.audit import Violation, audit
from tests.faults.evidence import Evidence
from tests.faults.run import play
from tests.faults.schedule import Schedule, Store, schedule_of
from tests.support.cosmos_emulator import CosmosEmulator
from tests.support.npm import NpmUnavailable
from tests.support.small_disk import CannotMount, SmallDisk

FOLDER = Path(".data/faults")


@dataclass(frozen=True, slots=True)
class Result:
    """How one seed went."""

    schedule: Schedule
    violations: Sequence[Violation]
    mended: Mapping[str, int]
    seconds: float
    folder: Path

    def __str__(self) -> str:
        schedule = self.schedule
        broken = ", ".join(f"{trouble.breakage} at {trouble.at:g} s" for trouble in schedule.troubles)
        line = (
            f"seed {schedule.seed}: {schedule.store}, {schedule.mode}, {schedule.workers} app process(es), "
            f"{len(schedule.scripts)} learners; {broken}: {self.seconds:.0f} s"
        )
        if not self.violations:
            mended = ", ".join(f"{count} {what}" for what, count in self.mended.items() if count)
            return f"{line}, all ended well ({mended or 'nothing to mend'})"
        found = "".join(f"\n  {violation}" for violation in self.violations)
        return (
            f"{line}, {len(self.violations)} VIOLATIONS{found}\n"
            f"  replay: make faults SEED={schedule.seed} COUNT=1\n  left behind: {self.folder}"
        )


def run_seed(seed: int, stores: Sequence[Store], emulator: CosmosEmulator | None, parent: Path) -> Result:
    """Play one seed and audit it; its folder stays only when something is wrong."""
    schedule = schedule_of(seed, stores)
    folder = parent / f"seed-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    started = time.monotonic()
    evidence = play(schedule, folder, emulator)
    violations = audit(evidence)
    result = Result(schedule, violations, evidence.mended, time.monotonic() - started, folder)
    if violations:
        keep(evidence, folder)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return result


def keep(evidence: Evidence, folder: Path) -> None:
    """Write down all that was found."""
    bodies = {" ".join(version): sorted(digests) for version, digests in evidence.bodies.items()}
    found = asdict(evidence) | {"bodies": bodies}
    (folder / "evidence.json").write_text(json.dumps(found, indent=1, default=sorted), encoding="utf-8")


def available_stores(stack: ExitStack, folder: Path) -> tuple[list[Store], CosmosEmulator | None, list[str]]:
    """Return the stores that this machine has, the emulator, and what is missing and why."""
    stores: list[Store] = ["sqlite"]
    missing = []
    emulator = None
    try:
        with SmallDisk(folder / "probe"):
            stores.append("small disk")
    except CannotMount as reason:
        missing.append(f"a disk that can be filled: {reason}")
    try:
        emulator = stack.enter_context(CosmosEmulator())
        stores.append("cosmos")
    except NpmUnavailable as reason:
        missing.append(f"the Cosmos DB emulator: {reason}")
    return stores, emulator, missing


def main() -> int:
    """Run the seeds; the exit code is 1 when one of them was not in order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--count", type=int, default=200, help="how many seeds")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with ExitStack() as stack:
        stores, emulator, missing = available_stores(stack, FOLDER)
        for what in missing:
            print(f"without {what}", flush=True)
        failed = []
        pool = stack.enter_context(ThreadPoolExecutor(given.jobs))
        stack.callback(pool.shutdown, cancel_futures=True)  # what runs ends, and clears up after itself
        seeds = range(given.seed, given.seed + given.count)
        for result in pool.map(lambda seed: run_seed(seed, stores, emulator, FOLDER), seeds):
            print(result, flush=True)
            if result.violations:
                failed.append(result.schedule.seed)
    print(f"{given.count - len(failed)} of {given.count} schedules ended well", flush=True)
    if failed:
        print(f"failed: {' '.join(map(str, failed))}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
