"""The golden set: each reply meets its fate, no gate falls below its baseline, and a fall is noticed."""

from __future__ import annotations

import dataclasses

import pytest

from tests.golden.measure import Outcome, baseline, fallen, golden_set, outcomes, rates


@pytest.fixture(scope="module")
def found() -> list[Outcome]:
    return outcomes()


def test_the_set_is_wide() -> None:
    replies = golden_set()
    assert len(replies) == 21
    assert len({golden.specification.curriculum.subject for golden in replies}) >= 9
    assert len({golden.specification.curriculum.language for golden in replies}) >= 6
    assert len({golden.specification.style for golden in replies}) == 4
    assert len({golden.fault for golden in replies}) >= 17


def test_each_reply_meets_its_fate(found: list[Outcome]) -> None:
    fates = {outcome.golden.name: outcome.refused_by for outcome in found}
    assert fates == {outcome.golden.name: outcome.golden.refused_by for outcome in found}


def test_no_gate_has_fallen(found: list[Outcome]) -> None:
    assert fallen(rates(found), baseline()) == []


def test_the_gates_mend(found: list[Outcome]) -> None:
    table = rates(found)
    for gate in ("reply", "markup", "instructions", "citations", "sources", "diagrams", "quiz", "accepted"):
        assert table[gate].after > table[gate].before, gate


def test_a_fall_is_noticed(found: list[Outcome]) -> None:
    table = rates(found)
    lower = {**table, "quiz": dataclasses.replace(table["quiz"], after=table["quiz"].after - 1)}
    then, whole = table["quiz"].after, table["quiz"].measured
    assert fallen(lower, table) == [f"quiz fell from {then}/{whole} to {then - 1}/{whole}"]
    del lower["markup"]
    assert "markup is no longer measured" in fallen(lower, table)
