"""Orchestration versions: who gets which, and which orchestrations a host leaves alone or fails."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devhost.durable.versions import VersionRule, compare_versions
from tests.devhost.durable.hub import Hub

MISMATCH = "VersionMismatch: Orchestration version did not comply with Worker Versioning"


# ---------------------------------------------------------------------- who gets which
def test_an_orchestration_gets_the_version_of_its_start_and_its_children_the_host_s() -> None:
    with Hub("versioning", versions=VersionRule("1.0")) as hub:
        assert hub.run("versions")["output"] == ["1.0", "1.0", "0.1"]
        assert hub.run("versions", version="0.9")["output"] == ["0.9", "1.0", "0.1"]


def test_without_a_default_there_is_no_version() -> None:
    with Hub("versioning") as hub:
        assert hub.run("version_of_child")["output"] == ""


def test_a_version_stays_across_continue_as_new(tmp_path: Path) -> None:
    database = tmp_path / "engine.db"
    with Hub("versioning", versions=VersionRule("1.0"), database=database) as hub:
        instance_id = hub.start("eternal_version", 0)
        hub.wait_for_custom_status(instance_id, {"turn": 1, "version": "1.0"})
    with Hub("versioning", versions=VersionRule("2.0"), database=database) as hub:
        hub.raise_event(instance_id, "go", "")
        assert hub.wait(instance_id)["output"] == "1.0"


# ---------------------------------------------------------------------- which may run
def test_a_newer_orchestration_waits_for_a_newer_host(tmp_path: Path) -> None:
    database = tmp_path / "engine.db"
    with Hub("versioning", versions=VersionRule("1.0"), database=database) as hub:
        instance_id = hub.start("version_of_child", version="1.1")
        assert hub.run("version_of_child")["output"] == "1.0", "the others go on"
        assert hub.status(instance_id)["runtimeStatus"] == "Pending"
    with Hub("versioning", versions=VersionRule("2.0"), database=database) as hub:
        assert hub.wait(instance_id)["output"] == "1.1"


def test_an_older_host_leaves_running_work_alone(tmp_path: Path) -> None:
    """What a roll-back meets: it neither replays the newer history nor hears what is sent to it."""
    database = tmp_path / "engine.db"
    with Hub("versioning", versions=VersionRule("2.0"), database=database) as hub:
        instance_id = hub.start("eternal_version", 0)
        hub.wait_for_custom_status(instance_id, {"turn": 1, "version": "2.0"})
    with Hub("versioning", versions=VersionRule("1.0"), database=database) as hub:
        hub.raise_event(instance_id, "go", "")
        assert hub.operate(instance_id, "terminate").status_code == 202
        assert hub.run("version_of_child")["output"] == "1.0"
        assert hub.status(instance_id)["runtimeStatus"] == "Running"
    with Hub("versioning", versions=VersionRule("2.0"), database=database) as hub:
        assert hub.wait(instance_id)["runtimeStatus"] == "Terminated"


def test_a_version_without_a_default_is_newer() -> None:
    with Hub("versioning") as hub:
        instance_id = hub.start("version_of_child", version="0.1")
        assert hub.run("version_of_child")["output"] == ""
        assert hub.status(instance_id)["runtimeStatus"] == "Pending"


def test_fail_ends_what_may_not_run() -> None:
    with Hub("versioning", versions=VersionRule("1.0", failure="Fail")) as hub:
        status = hub.run("versions", version="1.1")
        assert (status["runtimeStatus"], status["output"]) == ("Failed", MISMATCH)
        assert hub.run("versions")["runtimeStatus"] == "Completed"


def test_a_child_that_may_not_run_fails_its_parent() -> None:
    with Hub("versioning", versions=VersionRule("0.9", failure="Fail")) as hub:
        status = hub.run("newer_child")
        assert status["runtimeStatus"] == "Failed"
        assert MISMATCH in status["output"]


def test_none_runs_everything() -> None:
    with Hub("versioning", versions=VersionRule("1.0", match="None")) as hub:
        assert hub.run("version_of_child", version="9.0")["output"] == "9.0"


@pytest.mark.parametrize(
    ("default", "version", "admitted"),
    [
        ("1.0", "1.0", True),
        ("1.0", "0.9", False),
        ("1.0", "1.0.0", False),
        ("1.0", None, False),
        (None, None, True),
        (None, "", True),
    ],
)
def test_strict_admits_the_same_version_only(
    default: str | None, version: str | None, *, admitted: bool
) -> None:
    assert VersionRule(default, match="Strict").admits(version) is admitted


# ---------------------------------------------------------------------- which is newer
@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (None, "1.0"),
        ("", "0.0"),
        ("1.9", "1.10"),
        ("1.0", "1.0.0"),
        ("1.0.0", "1.0.0.1"),
        ("9", "x"),
        # A single number is no System.Version: it is compared as text.
        ("10", "9"),
        ("1.0", "v1"),
        ("2025-01-01", "2025-02-01"),
        ("Release-A", "release-b"),
        # More than 31 bits is no System.Version either.
        ("10.4294967296", "9.4294967296"),
    ],
)
def test_which_is_newer(older: str | None, newer: str) -> None:
    assert compare_versions(older, newer) < 0
    assert compare_versions(newer, older) > 0


@pytest.mark.parametrize(("one", "other"), [("", None), (" ", ""), ("1.0", " 1.0 "), ("Beta", "bETA")])
def test_which_are_equal(one: str | None, other: str | None) -> None:
    assert compare_versions(one, other) == 0


NUMBERS = st.lists(st.integers(0, 2**31 - 1), min_size=2, max_size=4)


@given(NUMBERS, NUMBERS)
def test_numbers_are_compared_part_by_part(one: list[int], other: list[int]) -> None:
    texts = [".".join(map(str, numbers)) for numbers in (one, other)]
    assert (compare_versions(*texts) < 0) is (one < other)
    assert (compare_versions(*texts) == 0) is (one == other)
