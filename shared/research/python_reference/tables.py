"""Reading grid tables as Sphinx's text builder draws them."""

from __future__ import annotations

from collections.abc import Sequence

from shared.research.python_reference.inline import join_lines


def table_rows(lines: Sequence[str]) -> list[list[str]]:
    """Return the rows of a grid table below its head, each as the texts of its cells.

    Rows are parted by `+---+`, the head from the body by `|===|`; a cell's text may take several lines.
    """
    rows: list[list[str]] = []
    cells: list[list[str]] = []
    for line in lines:
        if set(line) <= set("+|="):
            rows.clear()
            cells = []
        elif line.startswith("+"):
            if cells:
                rows.append([join_lines(cell).strip() for cell in cells])
            cells = []
        elif line.startswith("|"):
            parts = line.strip().strip("|").split(" | ")
            cells = cells or [[] for _ in parts]
            for cell, part in zip(cells, parts, strict=False):
                cell.append(part.strip())
    return [row for row in rows if any(row)]
