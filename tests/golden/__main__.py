"""`python -m tests.golden` prints each gate's rate before and after, and fails when one has fallen.

`--update` writes the present rates as the new baseline.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from tests.golden.measure import BASELINE, baseline, fallen, outcomes, rates


def main() -> int:
    """Print the table and the replies whose fate is not the expected one; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--update", action="store_true", help="write the baseline")
    update = parser.parse_args().update
    found = outcomes()
    table = rates(found)
    if update:
        stored = {name: asdict(rate) for name, rate in table.items()}
        BASELINE.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
    lines = [f"{'gate':<20}{'measured':>9}{'before':>9}{'after':>9}"]
    lines += [
        f"{name:<20}{rate.measured:>9}{_share(rate.before, rate.measured)}{_share(rate.after, rate.measured)}"
        for name, rate in table.items()
    ]
    wrong = [
        f"{outcome.golden.name}: refused by {', '.join(outcome.refused_by) or 'nobody'}, "
        f"not by {', '.join(outcome.golden.refused_by) or 'nobody'}"
        for outcome in found
        if outcome.refused_by != outcome.golden.refused_by
    ]
    problems = [*fallen(table, baseline()), *wrong]
    sys.stdout.write("\n".join([*lines, "", *(problems or ["No gate has fallen."])]) + "\n")
    return 1 if problems else 0


def _share(part: int, whole: int) -> str:
    return f"{part / whole:>9.0%}" if whole else f"{'-':>9}"


if __name__ == "__main__":
    sys.exit(main())
