"""Access keys."""

import json
import stat
from pathlib import Path

import pytest

from devhost.engine.keys import AccessLevel, Keys
from devhost.errors import HostError


def test_keys_are_made_once_and_only_the_owner_reads_them(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    first = Keys(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert Keys(file).master == first.master
    assert Keys(tmp_path / "other.json").master != first.master


def test_what_each_key_opens(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys.json")
    keys.ensure_functions(["One", "two"])
    document = json.loads((tmp_path / "keys.json").read_text())
    one = document["functions"]["one"]["default"]
    assert keys.level(keys.master, "One") is AccessLevel.ADMIN
    assert keys.level(document["functionKeys"]["default"], "One") is AccessLevel.FUNCTION
    assert keys.level(one, "one") is AccessLevel.FUNCTION
    assert keys.level(one, "two") is AccessLevel.ANONYMOUS
    assert keys.level(keys.durable, "one") is AccessLevel.SYSTEM
    assert keys.level("wrong", "one") is AccessLevel.ANONYMOUS
    assert keys.level(None) is AccessLevel.ANONYMOUS
    assert keys.level("clé\udce9", "one") is AccessLevel.ANONYMOUS


def test_only_the_master_key_opens_other_levels() -> None:
    assert AccessLevel.ADMIN.opens(AccessLevel.FUNCTION)
    assert AccessLevel.FUNCTION.opens(AccessLevel.ANONYMOUS)
    assert not AccessLevel.SYSTEM.opens(AccessLevel.FUNCTION)
    assert not AccessLevel.FUNCTION.opens(AccessLevel.ADMIN)


@pytest.mark.parametrize("content", ["x", "[]", '{"masterKey": "a"}'])
def test_a_damaged_file_is_not_overwritten(tmp_path: Path, content: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(content)
    with pytest.raises(HostError, match="not a file of keys"):
        Keys(file)
    assert file.read_text() == content
