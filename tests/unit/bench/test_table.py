"""What the benchmark prints and stores."""

from __future__ import annotations

import json

from bench.figures import Spread
from bench.results import Machine, Measurement, Row, to_json
from bench.table import block, heading, summary

MACHINE = Machine(cores=2, python="3.12.1", system="Linux x86_64", load=0.2)
KEPT = Row("one roadmap", Spread.of([1.04, 1.05, 1.07]), "×", 1.1)
MISSED = Row("twenty roadmaps", Spread.of([1.3, 1.31]), "×", 1.25)
TOLD = Row("  events", Spread.of([26]), "events")
MEASUREMENT = Measurement("Generation", "Measured from outside.", [KEPT, MISSED, TOLD])


def test_a_row_is_judged_by_its_median_and_only_with_a_limit() -> None:
    assert (KEPT.met, MISSED.met, TOLD.met) == (True, False, None)
    assert Row("exactly", Spread.of([1.1]), "×", 1.1).met is True


def test_the_table_shows_median_noise_limit_and_verdict() -> None:
    kept, missed, told = block(MEASUREMENT).splitlines()[-3:]
    assert kept.split() == ["one", "roadmap", "1.05", "×", "1.04", "–", "1.07", "1.10", "met"]
    assert missed.split()[-2:] == ["1.25", "MISSED"]
    assert told.split() == ["events", "26", "events"]


def test_the_columns_stand_under_each_other() -> None:
    header, kept, missed, _ = block(MEASUREMENT).splitlines()[-4:]
    assert header.index("limit") + len("limit") == kept.index("1.10") + 4 == missed.index("1.25") + 4


def test_the_summary_names_what_was_missed() -> None:
    assert summary([MEASUREMENT]) == "1 of 2 limits are met. Missed: twenty roadmaps."
    assert summary([Measurement("Generation", "", [KEPT, TOLD])]) == "No limit is missed."


def test_the_heading_says_when_other_programs_disturb() -> None:
    assert "busy" not in heading(MACHINE)
    assert "busy" in heading(Machine(cores=2, python="3.12.1", system="Linux x86_64", load=3.0))


def test_the_stored_form_holds_figures_limits_and_no_names_of_this_machine() -> None:
    stored = json.loads(json.dumps(to_json(MACHINE, 61.4, [MEASUREMENT])))
    assert set(stored["machine"]) == {"cores", "python", "system", "load_at_start"}
    assert stored["seconds"] == 61
    rows = stored["measurements"][0]["rows"]
    assert rows[1] == {
        "what": "twenty roadmaps",
        "unit": "×",
        "median": 1.305,
        "low": 1.3,
        "high": 1.31,
        "samples": 2,
        "limit": 1.25,
        "met": False,
    }
    assert "limit" not in rows[2]


def test_this_machine_can_be_described() -> None:
    here = Machine.here()
    assert here.cores >= 1
    assert here.python.startswith("3.")
