"""Diagrams: only Mermaid that a small grammar has written itself, so that it parses and links nowhere."""

from __future__ import annotations

from shared.lessons.gates.gate import Assignment, Finding, nothing, share, shortened
from shared.lessons.gates.texts import revised
from shared.lessons.mermaid import canonical
from shared.models.content import Diagram, LessonContent


def measure(content: LessonContent, _: Assignment) -> Finding:
    """Give the share of the diagrams that are in canonical form."""
    if not content.diagrams:
        return nothing("The lesson holds no diagram.")
    sound = [diagram for diagram in content.diagrams if canonical(diagram.mermaid) == diagram.mermaid]
    objections = tuple(
        f"the diagram “{shortened(diagram.title)}” is no plain Mermaid flowchart or sequence diagram"
        for diagram in content.diagrams
        if canonical(diagram.mermaid) is None
    )
    reason = f"{len(sound)} of {len(content.diagrams)} diagrams are valid and hold no link or directive."
    figure = share(len(sound), len(content.diagrams))
    return Finding(figure, figure == 1.0, reason, objections)


def mend(content: LessonContent, _: Assignment) -> LessonContent:
    """Write each diagram anew; one that cannot be read goes."""
    return content.model_copy(
        update={"diagrams": [one for diagram in content.diagrams if (one := _mended(diagram))]}
    )


def _mended(diagram: Diagram) -> Diagram | None:
    mermaid = canonical(diagram.mermaid)
    return revised(diagram, mermaid=mermaid) if mermaid is not None else None
