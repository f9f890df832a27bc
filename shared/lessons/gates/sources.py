"""Sources: every source id is one of the brief's; what rests on none is counted and shown as unsourced."""

from __future__ import annotations

from shared.lessons.gates.gate import Assignment, Finding, nothing, share
from shared.models.content import LessonContent, Section

_ENOUGH = 0.5


def measure(content: LessonContent, assignment: Assignment) -> Finding:
    """Give the share of the sections that name a source of the brief, and no other."""
    known = {source.id for source in assignment.brief.sources}
    invented = {id_ for section in content.sections for id_ in section.source_ids} - known
    if not known and not invented:
        return nothing("No sources were found; every section is shown as unsourced.")
    sourced = [section for section in content.sections if known.intersection(section.source_ids)]
    sound = [section for section in sourced if known.issuperset(section.source_ids)]
    figure = share(len(sound), len(content.sections))
    reason = f"{len(sourced)} of {len(content.sections)} sections name their sources"
    reason += f"; {len(invented)} source ids do not exist." if invented else "."
    objections = () if sourced or not known else ("no section lists in source_ids a source it rests on",)
    return Finding(figure, figure >= _ENOUGH and not invented, reason, objections)


def mend(content: LessonContent, assignment: Assignment) -> LessonContent:
    """Drop unknown ids and repeated ones; a section without any is shown as unsourced."""
    known = {source.id for source in assignment.brief.sources}

    def with_known(section: Section) -> Section:
        ids = [id_ for id_ in dict.fromkeys(section.source_ids) if id_ in known]
        return section.model_copy(update={"source_ids": ids})

    return content.model_copy(update={"sections": [with_known(section) for section in content.sections]})
