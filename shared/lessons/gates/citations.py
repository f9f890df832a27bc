"""Citations: every link leads to a page of the brief, wherever in the body it stands; code is left alone."""

from __future__ import annotations

import re

from shared.lessons.gates.gate import Assignment, Finding, share
from shared.lessons.gates.texts import revised, rewrite, written
from shared.models.content import LessonContent, LessonResource, Video
from shared.models.research import Brief
from shared.security.inspection import inspect_markdown
from shared.security.markdown import clean_markdown
from shared.security.sanitising import safe_url, url_identity

_ADDRESS_IN_DIAGRAM = re.compile(r"[a-z][a-z0-9+.-]*://|\bwww\.", re.IGNORECASE)


def measure(content: LessonContent, assignment: Assignment) -> Finding:
    """Give the share of the links that lead to pages or licences of the brief."""
    known = _identities(assignment.brief, licences=True)
    found = [inspect_markdown(text) for _, text in written(content)]
    links = [link for one in found for link in (*one.links, *one.addresses)]
    links += [resource.url for resource in content.resources]
    links += [content.video.url] if content.video else []
    invented = sum(url_identity(link) not in known for link in links)
    invented += sum(bool(_ADDRESS_IN_DIAGRAM.search(diagram.mermaid)) for diagram in content.diagrams)
    if not links and not invented:
        return Finding(1.0, True, "The lesson holds no links.")
    total = max(len(links), invented)
    reason = f"{total - invented} of {total} links lead to pages that were retrieved."
    objections = ("write no web addresses; cite by source_ids",) * bool(invented)
    return Finding(share(total - invented, total), not invented, reason, objections)


def mend(content: LessonContent, assignment: Assignment) -> LessonContent:
    """Remove links elsewhere (their labels stay), and a video and resources that the brief does not hold.

    Spellings of one address stay: case of the host, percent-encoding, default port, trailing slash, fragment.
    """
    known = _identities(assignment.brief, licences=True)
    pages = _identities(assignment.brief, licences=False)

    def clean(text: str) -> str:
        return clean_markdown(text, lambda url: url_identity(url) in known)

    mended = rewrite(content, markdown=clean, prose=clean)
    return mended.model_copy(
        update={
            "video": _video(mended.video, pages) if mended.video else None,
            "resources": _resources(mended.resources, pages),
            "diagrams": [one for one in mended.diagrams if not _ADDRESS_IN_DIAGRAM.search(one.mermaid)],
        }
    )


def _identities(brief: Brief, *, licences: bool) -> set[str]:
    addresses = [source.url for source in brief.sources]
    if licences:
        addresses += [source.licence_url for source in brief.sources]
    return {identity for address in addresses if (identity := url_identity(address))}


def _video(video: Video, pages: set[str]) -> Video | None:
    return revised(video, url=safe_url(video.url)) if url_identity(video.url) in pages else None


def _resources(resources: list[LessonResource], pages: set[str]) -> list[LessonResource]:
    kept: dict[str, LessonResource] = {}
    for resource in resources:
        if url_identity(resource.url) in pages:
            url = safe_url(resource.url)
            kept.setdefault(url, resource.model_copy(update={"url": url}))
    return list(kept.values())
