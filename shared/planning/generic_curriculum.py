"""An honest plan for any subject, made without knowledge of it: the stages of most learning."""

from __future__ import annotations

from dataclasses import dataclass

from shared.models.curriculum import CurriculumPlan, LessonPlan, ModuleOutline, ModulePlan, Tier
from shared.models.learner import SkillLevel
from shared.models.specification import CurriculumSpecification
from shared.planning.curriculum import PlannedCurriculum

NOTE = (
    "A general plan: it was made without knowledge of {subject}, from the stages that most subjects have "
    "in common. Its lessons are looked up when they are opened."
)
# A title holds 150 characters; the longest template below needs about 60 of them.
MAX_SUBJECT_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class _Lesson:
    title: str
    objectives: tuple[str, ...]
    minutes: int


@dataclass(frozen=True, slots=True)
class _Module:
    title: str
    description: str
    lessons: tuple[_Lesson, ...]


_ORIENTATION = _Module(
    "Getting to know {subject}",
    "What {subject} is, where it comes from and what it is used for.",
    (
        _Lesson(
            "What {subject} is",
            ("Say in your own words what {subject} is", "Name what belongs to {subject} and what does not"),
            30,
        ),
        _Lesson(
            "The history of {subject}",
            ("Outline the history of {subject}", "Name people and events that shaped {subject}"),
            30,
        ),
        _Lesson(
            "What {subject} is used for",
            ("Give examples of the use of {subject}", "Decide what you want to use {subject} for"),
            30,
        ),
    ),
)
_FOUNDATIONS = _Module(
    "Foundations of {subject}",
    "The terms and ideas that everything else in {subject} builds on.",
    (
        _Lesson(
            "Key terms of {subject}",
            ("Define the key terms of {subject}", "Use the key terms of {subject} correctly"),
            45,
        ),
        _Lesson(
            "Basic principles of {subject}",
            (
                "Explain the basic principles of {subject}",
                "Recognise the principles of {subject} in an example",
            ),
            45,
        ),
        _Lesson(
            "Tools and materials for {subject}",
            ("List what is needed for {subject}", "Choose what to begin {subject} with"),
            30,
        ),
    ),
)
_FIRST_STEPS = _Module(
    "First steps in {subject}",
    "Doing something small in {subject} oneself, slowly and with examples at hand.",
    (
        _Lesson(
            "A first example of {subject}",
            ("Follow an example of {subject} step by step", "Repeat the example without help"),
            60,
        ),
        _Lesson(
            "Common beginners' mistakes in {subject}",
            ("Recognise common mistakes in {subject}", "Correct a mistake of your own"),
            45,
        ),
    ),
)
_METHODS = _Module(
    "Methods and techniques of {subject}",
    "How {subject} is practised, and which technique fits which task.",
    (
        _Lesson(
            "The main techniques of {subject}",
            ("Describe the main techniques of {subject}", "Choose a technique for a given task"),
            60,
        ),
        _Lesson(
            "Practising {subject} deliberately",
            ("Plan short, regular practice of {subject}", "Measure your progress in {subject}"),
            60,
        ),
        _Lesson(
            "Solving typical problems in {subject}",
            ("Break a typical problem of {subject} into steps", "Check the solution of a problem"),
            60,
        ),
    ),
)
_BRANCHES = _Module(
    "Branches of {subject}",
    "The main areas of {subject}, how they differ and what connects them.",
    (
        _Lesson(
            "The main areas of {subject}",
            ("Name the main areas of {subject}", "Compare two areas of {subject}"),
            45,
        ),
        _Lesson(
            "{subject} and neighbouring fields",
            ("Explain how {subject} relates to neighbouring fields", "Tell {subject} from what resembles it"),
            45,
        ),
    ),
)
_THEORY = _Module(
    "Theory behind {subject}",
    "Why {subject} works as it does: models, schools and open questions.",
    (
        _Lesson(
            "Theories and models in {subject}",
            ("Explain an important theory in {subject}", "Say where a model of {subject} stops to hold"),
            60,
        ),
        _Lesson(
            "Debates and open questions in {subject}",
            ("Present two sides of a debate in {subject}", "Judge the evidence for a claim about {subject}"),
            60,
        ),
    ),
)
_RESEARCH = _Module(
    "Current developments in {subject}",
    "What is new in {subject}, and how to read the work of those who advance it.",
    (
        _Lesson(
            "Recent developments in {subject}",
            ("Summarise recent developments in {subject}", "Judge what a development changes in practice"),
            60,
        ),
        _Lesson(
            "Reading specialist literature on {subject}",
            ("Find reliable sources on {subject}", "Summarise a specialist text on {subject}"),
            60,
        ),
    ),
)
_QUALITY = _Module(
    "Quality and ethics in {subject}",
    "What good work in {subject} is, and what those who do it are responsible for.",
    (
        _Lesson(
            "Standards of good work in {subject}",
            ("List criteria of good work in {subject}", "Assess a piece of work by these criteria"),
            45,
        ),
        _Lesson(
            "Risks and responsibility in {subject}",
            ("Name risks of {subject}", "Describe responsible practice of {subject}"),
            45,
        ),
    ),
)
_PROJECT = _Module(
    "A project in {subject}",
    "Using what was learned: planning, doing and reviewing a project of one's own in {subject}.",
    (
        _Lesson(
            "Planning a project in {subject}",
            ("Choose a project in {subject} of fitting size", "Divide the project into steps"),
            60,
        ),
        _Lesson(
            "Carrying out and reviewing the project",
            ("Carry out a project in {subject}", "Review the result and name what to improve"),
            120,
        ),
    ),
)
_FOCUS = _Module(
    "{subject}: {focus}",
    "What was learned of {subject}, turned to {focus}.",
    (
        _Lesson(
            "{focus} with {subject}",
            ("Explain what {subject} contributes to {focus}", "List what {focus} asks of {subject}"),
            60,
        ),
        _Lesson(
            "Examples of {focus} with {subject}",
            ("Analyse an example of {focus} with {subject}", "Carry out a small task of {focus}"),
            60,
        ),
    ),
)

_MODULES: dict[SkillLevel, tuple[_Module, ...]] = {
    SkillLevel.BEGINNER: (_ORIENTATION, _FOUNDATIONS, _FIRST_STEPS, _METHODS, _BRANCHES, _PROJECT),
    SkillLevel.INTERMEDIATE: (_FOUNDATIONS, _METHODS, _BRANCHES, _THEORY, _QUALITY, _PROJECT),
    SkillLevel.ADVANCED: (_BRANCHES, _THEORY, _METHODS, _RESEARCH, _QUALITY, _PROJECT),
}


def generic_curriculum(specification: CurriculumSpecification) -> PlannedCurriculum:
    """Return the general plan of a specification: a pure function of subject, focus and level.

    The tier says what it is; such a plan is never shared. Its texts are English in every language.
    """
    modules = _MODULES[specification.level]
    if specification.focus.strip():
        modules = (*modules[:-1], _FOCUS, modules[-1])
    words = {"subject": _shortened(specification.subject), "focus": _shortened(specification.focus)}
    return PlannedCurriculum(
        tier=Tier.GENERIC,
        note=NOTE.format(**words),
        plan=CurriculumPlan(modules=[_module_plan(module, words) for module in modules]),
        outlines=tuple(_outline(module, words) for module in modules),
    )


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MAX_SUBJECT_CHARACTERS else text[: MAX_SUBJECT_CHARACTERS - 1].rstrip() + "…"


def _filled(template: str, words: dict[str, str]) -> str:
    """Fill in the words; a text that begins with one of them begins with a capital letter."""
    text = template.format(**words)
    return text[:1].upper() + text[1:] if template.startswith("{focus}") else text


def _module_plan(module: _Module, words: dict[str, str]) -> ModulePlan:
    return ModulePlan(
        title=_filled(module.title, words),
        description=_filled(module.description, words),
        hours=sum(lesson.minutes for lesson in module.lessons) / 60,
    )


def _outline(module: _Module, words: dict[str, str]) -> ModuleOutline:
    return ModuleOutline(
        lessons=[
            LessonPlan(
                title=_filled(lesson.title, words),
                description=f"{_filled(lesson.objectives[0], words)}.",
                objectives=[_filled(objective, words) for objective in lesson.objectives],
                estimated_minutes=lesson.minutes,
            )
            for lesson in module.lessons
        ]
    )
