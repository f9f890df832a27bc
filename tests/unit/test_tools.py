"""What a machine lacks is skipped by name, and never where everything is required."""

from __future__ import annotations

from pathlib import Path

import pytest
from _pytest.outcomes import Failed, Skipped

from tests.conformance import environment
from tests.support.tools import REQUIRE_EVERY_TOOL, need


def test_what_is_there_is_no_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REQUIRE_EVERY_TOOL, "1")
    need("a tool", True)


@pytest.mark.parametrize("value", [None, "", "0"])
def test_what_is_missing_is_skipped_by_name(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(REQUIRE_EVERY_TOOL, raising=False)
    if value is not None:
        monkeypatch.setenv(REQUIRE_EVERY_TOOL, value)
    with pytest.raises(Skipped, match=r"a tool is not available on this machine: no such file"):
        need("a tool", False, "no such file")


def test_what_is_missing_fails_where_everything_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REQUIRE_EVERY_TOOL, "1")
    with pytest.raises(Failed, match="a tool is not available"):
        need("a tool", False)


@pytest.fixture
def no_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home without any Python 3.13, and a PATH with nothing on it."""
    for name in ("PYTHON313", "PYENV_ROOT", "UV_PYTHON_INSTALL_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def fake_python(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_without_an_interpreter_the_text_says_so(no_python: Path) -> None:
    with pytest.raises(environment.NotAvailable, match=r"no Python 3\.13 runs here \(tried: no candidates\)"):
        environment.find_interpreter()


def test_a_shim_that_fails_is_passed_over(no_python: Path) -> None:
    shim = fake_python(no_python / "bin" / "python3.13", "exit 127")
    with pytest.raises(environment.NotAvailable, match=str(shim)):
        environment.find_interpreter()
    real = fake_python(no_python / ".pyenv/versions/3.13.7/bin/python3.13", "echo 3.13")
    assert environment.find_interpreter() == real


@pytest.mark.parametrize("script", ["echo 3.12", "echo", "exit 1"])
def test_another_version_is_passed_over(script: str, no_python: Path) -> None:
    fake_python(no_python / "bin" / "python3.13", script)
    managed = fake_python(
        no_python / ".local/share/uv/python/cpython-3.13.1-linux/bin/python3.13", "echo 3.13"
    )
    assert environment.find_interpreter() == managed


def test_the_one_that_is_named_comes_first(no_python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_python(no_python / "bin" / "python3.13", "echo 3.13")
    named = fake_python(no_python / "elsewhere" / "python", "echo 3.13")
    monkeypatch.setenv("PYTHON313", str(named))
    assert environment.find_interpreter() == named
