"""`python -m bench [PART ...]`: runs the benchmark, prints its table, writes bench/results.json.

With parts named, only those run and nothing is written.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from pathlib import Path

from bench import (
    batch,
    cached_lesson,
    cold_start,
    generation,
    lesson_path,
    load,
    one_lesson,
    orchestration,
    population,
    results,
    table,
    throughput,
)
from bench.progress import say

RESULTS = Path(__file__).with_name("results.json")
PARTS = {
    "generation": generation.measure,
    "cold_start": cold_start.measure,
    "cached_lesson": cached_lesson.measure,
    "orchestration": orchestration.measure,
    "lesson_path": lesson_path.measure,
    "throughput": throughput.measure,
    "one_lesson": one_lesson.measure,
    "population": population.measure,
    "batch": batch.measure,
    "load": load.measure,
}


def main() -> int:
    """Run the benchmark; returns the exit code.

    A missed limit is a finding and ends with 0; only a measurement that could not be taken ends otherwise.
    """
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure SkillSync.")
    parser.add_argument("part", nargs="*", choices=[*PARTS, []], help=f"one of {', '.join(PARTS)}")
    chosen: list[str] = parser.parse_args().part or list(PARTS)
    # The SDK warns of an app without HTTP functions, which the replayed one is on purpose.
    logging.basicConfig(level=logging.ERROR)
    machine = results.Machine.here()
    began = time.monotonic()
    measurements = [PARTS[part]() for part in chosen]
    seconds = time.monotonic() - began
    say("done")
    print("\n\n".join([table.heading(machine), *map(table.block, measurements), table.summary(measurements)]))
    if len(chosen) == len(PARTS):
        found = results.to_json(machine, seconds, measurements)
        RESULTS.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"Written to {RESULTS.parent.name}/{RESULTS.name}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
