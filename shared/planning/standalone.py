"""Lessons that stand alone: a topic of a subject, without a roadmap around it.

Everything is made from the parameters, so that whoever asks for the same gets the same lesson.
"""

from __future__ import annotations

from shared.models.learner import LearningStyle, SkillLevel
from shared.models.specification import CurriculumSpecification, LessonSpecification
from shared.models.topics import LookupQuery
from shared.planning.problems import reading, refuse_harm
from shared.planning.subject import impersonal, interpret_subject

LANGUAGE = "en"
ESTIMATED_MINUTES = 30

# What a first, a second and each later lesson on one topic are for.
_OBJECTIVES = (
    (
        "Explain what {topic} is and what it is for",
        "Follow an example of {topic} step by step",
        "Use {topic} in a small task of your own",
    ),
    (
        "Practise {topic} on typical tasks",
        "Recognise and correct common mistakes with {topic}",
        "Choose between different ways of using {topic}",
    ),
    (
        "Apply {topic} to a larger task",
        "Explain how {topic} works underneath",
        "Judge when {topic} is the wrong choice",
    ),
)


def standalone_specification(
    subject: str,
    topic: str,
    style: LearningStyle = LearningStyle.MIXED,
    lesson_number: int = 1,
    *,
    fields: tuple[str, str] = ("subject", "topic"),
) -> LessonSpecification:
    """Return the specification of the nth lesson (from 1) on a topic: for beginners, in English.

    The topic is the module's title and the lesson's; later lessons say their number. Nothing that either says
    of a learner is in it, since it is shared. Raises Problem (422) where nothing else is said, or plain harm;
    it names the `fields` in which a caller has sent subject and topic.
    """
    of_subject, of_topic = fields
    refuse_harm(**{of_subject: subject, of_topic: topic})
    with reading(of_subject):
        subject = interpret_subject(subject).subject
    with reading(of_topic):
        topic = impersonal(topic)
    module_title = topic if lesson_number == 1 else f"{topic} ({lesson_number})"
    stage = _OBJECTIVES[min(lesson_number, len(_OBJECTIVES)) - 1]
    return LessonSpecification(
        curriculum=CurriculumSpecification(subject=subject, level=SkillLevel.BEGINNER, language=LANGUAGE),
        module_title=module_title,
        title=topic,
        objectives=[objective.format(topic=topic) for objective in stage],
        style=style,
    )


def looked_up_specification(query: LookupQuery) -> LessonSpecification:
    """Return the specification of a lesson that is looked up by its step; the step may be its own subject."""
    return standalone_specification(
        query.subject or query.step_title,
        query.step_title,
        query.learning_style,
        query.lesson_number,
        fields=("subject" if query.subject else "step_title", "step_title"),
    )
