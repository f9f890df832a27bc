"""A wrong setting ends the start: what is printed names it, and is short enough to be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.app import app_host
from tests.support.local_host import LocalHostError


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("AUTH_MODE", "nobody", "AUTH_MODE: Input should be "),
        ("RESEARCH_SOURCES", "gopher", "RESEARCH_SOURCES: no source is called 'gopher'"),
        ("TASK_HUB", "two words", "Task hub name 'two words' should contain only alphanumeric characters"),
    ],
)
def test_it_is_named_in_a_few_lines(tmp_path: Path, setting: str, value: str, said: str) -> None:
    with pytest.raises(LocalHostError) as raised, app_host(tmp_path, settings={setting: value}):
        pass
    printed = str(raised.value)
    assert said in printed
    assert "exit code 1" in printed
    assert "settings.py" not in printed
    assert len(printed.strip().splitlines()) <= 8, printed
