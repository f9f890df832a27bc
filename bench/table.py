"""The benchmark's output: one block for each measurement, one line for each figure."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from bench.results import Machine, Measurement, Row

WIDTH = 96
DECIMALS = {"×": 2, "requests": 0, "calls": 0, "s": 2, "ms": 1, "events": 0, "turns": 0}
RATIO = "×"


def heading(machine: Machine) -> str:
    """Return what one must know before reading the figures."""
    busy = "" if machine.load < machine.cores / 2 else "  (busy: other programs take part of the time)"
    return (
        f"SkillSync benchmark on {machine.cores} cores, Python {machine.python}, {machine.system}, "
        f"load {machine.load:.2f}{busy}"
    )


def block(measurement: Measurement) -> str:
    """Return one measurement as text."""
    named = max(len(row.what) for row in measurement.rows)
    lines = [measurement.title, *textwrap.wrap(measurement.method, WIDTH - 2)]
    lines[1:] = [f"  {line}" for line in lines[1:]]
    lines.append(f"  {'':<{named}}  {'median':>14}  {'min – max':>15}  {'limit':>6}")
    lines += [_line(row, named) for row in measurement.rows]
    return "\n".join(lines)


def summary(measurements: Sequence[Measurement]) -> str:
    """Return how many limits were kept, and which were not."""
    judged = [row for measurement in measurements for row in measurement.rows if row.met is not None]
    missed = [row.what for row in judged if not row.met]
    if not missed:
        return "No limit is missed."
    return f"{len(judged) - len(missed)} of {len(judged)} limits are met. Missed: {'; '.join(missed)}."


def _line(row: Row, named: int) -> str:
    decimals = DECIMALS.get(row.unit, 2)
    spread = row.spread
    median = f"{spread.median:.{decimals}f} {row.unit}"
    between = f"{spread.low:.{decimals}f} – {spread.high:.{decimals}f}" if spread.samples > 1 else ""
    limit = "" if row.limit is None else f"{row.limit:.2f}"
    verdict = "" if row.met is None else ("met" if row.met else "MISSED")
    return f"  {row.what:<{named}}  {median:>14}  {between:>15}  {limit:>6}  {verdict}".rstrip()
