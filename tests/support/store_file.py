"""Reading the embedded store's file from outside, as an operator would."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any


def stored_documents(path: Path, kind: str) -> list[dict[str, Any]]:
    """Return all documents of a type; empty as long as the store does not exist."""
    return _read(path, "SELECT body FROM documents WHERE type = ?", kind)


def all_documents(path: Path) -> list[dict[str, Any]]:
    """Return all documents; empty as long as the store does not exist."""
    return _read(path, "SELECT body FROM documents")


def _read(path: Path, statement: str, *parameters: str) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection:
        try:
            rows = connection.execute(statement, parameters).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise
    return [json.loads(body) for (body,) in rows]
