"""What a lesson says of the sources that it rests on."""

from __future__ import annotations

from shared.models.content import LessonContent
from shared.models.library import SourceAttribution
from shared.models.research import Brief
from shared.security.sanitising import url_identity


def attribute(content: LessonContent, brief: Brief) -> list[SourceAttribution]:
    """Return the sources that the lesson's sections cite or its resources list, in the brief's order."""
    cited = {source_id for section in content.sections for source_id in section.source_ids}
    listed = {url_identity(resource.url) for resource in content.resources} - {""}
    return [
        SourceAttribution(
            id=source.id,
            title=source.title,
            author=source.author,
            url=source.url,
            licence=source.licence,
            licence_url=source.licence_url,
            origin=source.origin,
            language=source.language,
            retrieved_at=source.retrieved_at,
        )
        for source in brief.sources
        if source.id in cited or url_identity(source.url) in listed
    ]
