"""What .funcignore leaves is the app, whole, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pathspec
import pytest

from tests.support.function_table import ROOT, run_app_script

PACKAGES = ("activities", "orchestrators", "shared", "triggers")
DEPLOYED = {*PACKAGES, "function_app.py", "host.json", "requirements.txt"}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what would be uploaded."""
    target = tmp_path_factory.mktemp("package")
    for path in uploaded():
        copy = target / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, copy)
    return target


def test_it_is_the_app_and_nothing_else() -> None:
    assert {path.parts[0] for path in uploaded()} == DEPLOYED


def test_no_file_of_the_app_is_left_out() -> None:
    """Templates, style sheets and definitions are as much of the app as its modules."""
    on_disk = {
        path.relative_to(ROOT)
        for folder in PACKAGES
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.name != "ruff.toml" and not path.match("*.pyc")
    }
    hidden = {path for path in on_disk if any(part.startswith(".") for part in path.parts)}
    assert on_disk - hidden - set(uploaded()) == set()


def test_it_starts_on_its_own(package: Path) -> None:
    script = (
        "import function_app, shared\n"
        "from pathlib import Path\n"
        "print(Path(shared.__path__[0]).parent, len(function_app.app.get_functions()))"
    )
    run = run_app_script(script, package)
    assert run.returncode == 0, run.stderr
    folder, functions = run.stdout.split()
    assert Path(folder).samefile(package)
    assert int(functions) >= 15


def test_every_module_in_it_can_be_imported(package: Path) -> None:
    """Not only those that `function_app` imports at once."""
    modules = [
        ".".join(path.with_suffix("").parts).removesuffix(".__init__")
        for path in uploaded()
        if path.suffix == ".py"
    ]
    run = run_app_script(f"import importlib\nfor name in {modules}: importlib.import_module(name)", package)
    assert run.returncode == 0, run.stderr


def uploaded() -> list[Path]:
    """Return the files that `func azure functionapp publish` takes: all but what .funcignore names."""
    lines = (ROOT / ".funcignore").read_text(encoding="utf-8").splitlines()
    ignored = pathspec.GitIgnoreSpec.from_lines(lines)

    def walk(folder: Path) -> Iterator[Path]:
        for path in sorted(folder.iterdir()):
            relative = path.relative_to(ROOT)
            if ignored.match_file(f"{relative}/" if path.is_dir() else str(relative)):
                continue
            if path.is_dir():
                yield from walk(path)
            else:
                yield relative

    return list(walk(ROOT))
