"""The body of a lesson, as a model or the composer writes it and as it is stored."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from shared.models.base import Model, Printable

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), Printable]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000), Printable]
Markdown = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40_000), Printable
]
SourceId = Annotated[str, StringConstraints(pattern=r"^s[0-9]{1,3}$")]


class KeyConcept(Model):
    """A term and what it means."""

    term: Line
    definition: Text


class Section(Model):
    """A part of the lesson with the ids of the sources it rests on (empty: unsourced)."""

    heading: Line
    markdown: Markdown
    source_ids: list[SourceId] = Field(default_factory=list, max_length=20)


class Exercise(Model):
    """Something to do, with help on demand and a solution."""

    title: Line
    task: Text
    starter_code: Annotated[str, StringConstraints(max_length=8000), Printable] = ""
    hints: list[Text] = Field(default_factory=list, max_length=6)
    solution: Annotated[str, StringConstraints(max_length=8000), Printable] = ""
    difficulty: Literal["easy", "medium", "hard"] = "medium"


class AskedQuestion(Model):
    """A question as it is asked: which option is right is told after the first try."""

    question: Text
    options: list[Line] = Field(min_length=4, max_length=4)
    objective: str = Field(default="", max_length=500)


class QuizQuestion(Model):
    """A question with exactly four distinct options, one of them right."""

    question: Text
    options: list[Line] = Field(min_length=4, max_length=4)
    answer_index: int = Field(ge=0, le=3)
    explanation: Text
    objective: str = Field(default="", max_length=500)

    @model_validator(mode="after")
    def _options_differ(self) -> QuizQuestion:
        distinct = {" ".join(option.casefold().split()) for option in self.options}
        if len(distinct) != len(self.options):
            raise ValueError("options must be distinct")
        return self

    def asked(self) -> AskedQuestion:
        """Return the question without its key."""
        return AskedQuestion(question=self.question, options=self.options, objective=self.objective)


class Diagram(Model):
    """A Mermaid diagram and what it shows, in words."""

    title: Line
    mermaid: Annotated[str, StringConstraints(min_length=1, max_length=6000), Printable]
    alt_text: Text


class KeyMoment(Model):
    """A moment of a video, in whole seconds from its start."""

    seconds: int = Field(ge=0)
    title: Line


class Video(Model):
    """A video that the brief found."""

    id: str
    title: Line
    channel: Line
    url: str
    duration: str = ""
    key_moments: list[KeyMoment] = Field(default_factory=list)
    study_notes: list[Text] = Field(default_factory=list)


class LessonResource(Model):
    """A page to read on; from the brief only."""

    title: Line
    url: str = Field(max_length=2000)
    kind: str = Field(max_length=40)


class Body(Model):
    """A lesson body but for its quiz."""

    summary: Text
    objectives: list[Line] = Field(min_length=1, max_length=10)
    key_concepts: list[KeyConcept] = Field(default_factory=list, max_length=20)
    sections: list[Section] = Field(min_length=1, max_length=20)
    exercises: list[Exercise] = Field(default_factory=list, max_length=12)
    diagrams: list[Diagram] = Field(default_factory=list, max_length=5)
    video: Video | None = None
    resources: list[LessonResource] = Field(default_factory=list, max_length=20)
    reading_minutes: int = Field(default=1, ge=1, le=600)


class AskedContent(Body):
    """A body for a learner who has not tried its quiz yet."""

    quiz: list[AskedQuestion] = Field(default_factory=list, max_length=20)


class LessonContent(Body):
    """A whole lesson body, with the key of its quiz."""

    quiz: list[QuizQuestion] = Field(default_factory=list, max_length=20)

    def asked(self) -> AskedContent:
        """Return the body without the key of its quiz."""
        body = {name: getattr(self, name) for name in Body.model_fields}
        return AskedContent(**body, quiz=[question.asked() for question in self.quiz])


ShownContent = LessonContent | AskedContent
"""A body as it is shown: with the key of its quiz, or before it was tried without."""
ShownQuestion = QuizQuestion | AskedQuestion
