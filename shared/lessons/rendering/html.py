"""A lesson as one HTML page that needs nothing else: no script, no font, no image, light and dark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from pathlib import Path

from shared.lessons.code import is_session
from shared.lessons.exercise_solution import is_code
from shared.lessons.phrases import Phrases, primary_language
from shared.lessons.rendering.blocks import line_html, prose_html, section_html
from shared.lessons.rendering.facts import VersionFacts, facts_line, why_lines
from shared.lessons.rendering.markdown import answer_of, answered, clock
from shared.models.content import (
    Diagram,
    Exercise,
    QuizQuestion,
    Section,
    ShownContent,
    ShownQuestion,
)
from shared.models.library import SourceAttribution
from shared.security.sanitising import safe_url

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur", "ps", "dv", "yi"})


@cache
def _style() -> str:
    return Path(__file__).with_name("page.css").read_text(encoding="utf-8")


def to_html(
    lesson_title: str,
    content: ShownContent,
    version_facts: VersionFacts,
    attribution: Sequence[SourceAttribution],
) -> str:
    """Return a complete page; every stored text is escaped or passes nh3."""
    language = version_facts.language
    direction = "rtl" if primary_language(language) in _RIGHT_TO_LEFT else "ltr"
    page = _Page(content, Phrases.of(language), attribution, language)
    title = " ".join(lesson_title.split())
    body = "\n".join(
        [
            f"<header><h1>{line_html(title)}</h1>{_facts(version_facts, content)}</header>",
            page.contents(),
            f"<main>{''.join(page.main())}{page.why(why_lines(version_facts, attribution))}</main>",
        ]
    )
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language)}" dir="{direction}">\n<head>\n'
        '<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(title.replace('`', ''))}</title>\n<style>\n{_style()}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _facts(facts: VersionFacts, content: ShownContent) -> str:
    line = " · ".join(escape(fact) for fact in facts_line(facts, content))
    return f'<p class="facts">{line}</p>'


def _link(text: str, url: str) -> str:
    target = safe_url(url)
    rel = "noopener noreferrer nofollow"
    return f'<a href="{escape(target)}" rel="{rel}">{line_html(text)}</a>' if target else line_html(text)


def _pre(code: str) -> str:
    kind = ' class="language-pycon"' if is_session(code) else ""
    return f'<pre tabindex="0"><code{kind}>{escape(code)}</code></pre>'


def _details(label: str, inner: str) -> str:
    return f"<details><summary>{escape(label)}</summary><div>{inner}</div></details>"


class _Page:
    """The parts of one lesson's page."""

    def __init__(
        self,
        content: ShownContent,
        phrases: Phrases,
        attribution: Sequence[SourceAttribution],
        language: str,
    ) -> None:
        self._content = content
        self._phrases = phrases
        self._attribution = attribution
        self._language = primary_language(language)
        self._source_languages = {source.id: primary_language(source.language) for source in attribution}

    def contents(self) -> str:
        """The table of contents."""
        entries = [
            ("objectives", self._phrases("label_objectives"), True),
            ("concepts", self._phrases("label_concepts"), bool(self._content.key_concepts)),
            *(
                (f"section-{number}", section.heading, True)
                for number, section in enumerate(self._content.sections, 1)
            ),
            ("diagrams", self._phrases("label_diagram"), bool(self._content.diagrams)),
            ("video", self._phrases("label_video"), self._content.video is not None),
            ("exercises", self._phrases("label_exercises"), bool(self._content.exercises)),
            ("quiz", self._phrases("label_quiz"), bool(self._content.quiz)),
            ("sources", self._phrases("label_sources"), bool(self._attribution)),
        ]
        items = "".join(
            f'<li><a href="#{name}">{line_html(text)}</a></li>' for name, text, exists in entries if exists
        )
        label = escape(self._phrases("label_contents"))
        folded = f"<details open><summary>{label}</summary><ol>{items}</ol></details>"
        return f'<nav aria-label="{label}">{folded}</nav>'

    def main(self) -> Iterator[str]:
        """The lesson from its summary to its sources."""
        content = self._content
        yield f'<div class="lead">{prose_html(content.summary)}</div>'
        objectives = "".join(f"<li>{line_html(objective)}</li>" for objective in content.objectives)
        yield self._part("objectives", self._phrases("label_objectives"), f"<ul>{objectives}</ul>")
        if content.key_concepts:
            concepts = "".join(
                f"<dt>{line_html(concept.term)}</dt><dd{self._foreign()}>{line_html(concept.definition)}</dd>"
                for concept in content.key_concepts
            )
            yield self._part("concepts", self._phrases("label_concepts"), f"<dl>{concepts}</dl>")
        for number, section in enumerate(content.sections, start=1):
            yield self._section(number, section)
        if content.diagrams:
            figures = "".join(self._diagram(diagram) for diagram in content.diagrams)
            yield self._part("diagrams", self._phrases("label_diagram"), figures)
        yield self._video()
        if content.exercises:
            exercises = "".join(
                self._exercise(number, item) for number, item in enumerate(content.exercises, 1)
            )
            yield self._part("exercises", self._phrases("label_exercises"), exercises)
        if content.quiz:
            questions = "".join(self._question(question) for question in content.quiz)
            later = "" if answered(content) else self._note("label_answers_later")
            yield self._part("quiz", self._phrases("label_quiz"), f'<ol class="quiz">{questions}</ol>{later}')
        yield self._resources()
        yield self._sources()

    def why(self, lines: Sequence[str]) -> str:
        """How this lesson came to be and how it measured, folded."""
        items = "".join(f"<li>{line_html(line)}</li>" for line in lines)
        return _details(self._phrases("label_why"), f"<ul>{items}</ul>") if items else ""

    def _part(self, name: str, heading: str, inner: str, attributes: str = "") -> str:
        return (
            f'<section id="{name}" aria-labelledby="{name}-heading">'
            f'<h2 id="{name}-heading">{line_html(heading)}</h2>'
            f"<div{attributes}>{inner}</div></section>"
        )

    def _note(self, key: str) -> str:
        return f'<p class="facts">{escape(self._phrases(key))}</p>'

    def _foreign(self, source_ids: Sequence[str] | None = None) -> str:
        """Mark text in the language of its sources for screen readers, where it is one and not the page's."""
        wanted = self._source_languages if source_ids is None else source_ids
        languages = {self._source_languages[name] for name in wanted if name in self._source_languages}
        foreign = languages - {self._language}
        return f' lang="{escape(foreign.pop())}"' if len(languages) == 1 and foreign else ""

    def _section(self, number: int, section: Section) -> str:
        foreign = self._foreign(section.source_ids) if section.source_ids else ""
        note = "" if section.source_ids else self._note("label_unsourced")
        return self._part(
            f"section-{number}", section.heading, section_html(section.markdown) + note, foreign
        )

    def _diagram(self, diagram: Diagram) -> str:
        source = _details(self._phrases("label_source_code"), _pre(diagram.mermaid))
        return (
            f"<figure><figcaption><strong>{line_html(diagram.title)}</strong><br>{line_html(diagram.alt_text)}"
            f"</figcaption>{source}</figure>"
        )

    def _video(self) -> str:
        video = self._content.video
        if video is None:
            return ""
        moments = "".join(
            f"<li>{clock(item.seconds)} {line_html(item.title)}</li>" for item in video.key_moments
        )
        notes = "".join(f"<li>{line_html(note)}</li>" for note in video.study_notes)
        link = f"<p>{_link(video.title, video.url)} ({line_html(video.channel)}) {escape(video.duration)}</p>"
        return self._part("video", self._phrases("label_video"), f"{link}<ul>{moments}</ul><ul>{notes}</ul>")

    def _exercise(self, number: int, exercise: Exercise) -> str:
        level = f'<span class="level">{escape(self._phrases(f"label_{exercise.difficulty}"))}</span>'
        starter = _pre(exercise.starter_code) if exercise.starter_code.strip() else ""
        hints = "".join(
            _details(self._phrases("label_hint", number=place), prose_html(hint))
            for place, hint in enumerate(exercise.hints, start=1)
        )
        solution = _pre(exercise.solution) if is_code(exercise) else prose_html(exercise.solution)
        shown = _details(self._phrases("label_solution"), solution) if exercise.solution else ""
        return (
            f"<article><h3>{number}. {line_html(exercise.title)} {level}</h3>{prose_html(exercise.task)}"
            f"{starter}{hints}{shown}</article>"
        )

    def _question(self, question: ShownQuestion) -> str:
        options = "".join(f"<li>{line_html(option)}</li>" for option in question.options)
        asked = f'{prose_html(question.question)}<ol class="options" type="A">{options}</ol>'
        return f"<li>{asked}{self._answer(question) if isinstance(question, QuizQuestion) else ''}</li>"

    def _answer(self, question: QuizQuestion) -> str:
        answer = f"<p><strong>{line_html(answer_of(question))}</strong></p>{prose_html(question.explanation)}"
        return _details(self._phrases("label_answer"), answer)

    def _resources(self) -> str:
        cited = {safe_url(source.url) for source in self._attribution}
        items = "".join(
            f"<li>{_link(item.title, item.url)}</li>"
            for item in self._content.resources
            if safe_url(item.url) not in cited
        )
        return self._part("resources", self._phrases("label_resources"), f"<ul>{items}</ul>") if items else ""

    def _sources(self) -> str:
        items = "".join(
            f"<li>{_link(source.title, source.url)}, {line_html(source.author)}, "
            f"{_link(source.licence, source.licence_url)}, "
            f"{escape(self._phrases('label_retrieved', date=f'{source.retrieved_at:%Y-%m-%d}'))}</li>"
            for source in self._attribution
        )
        return self._part("sources", self._phrases("label_sources"), f"<ul>{items}</ul>") if items else ""
