"""The prompts: versioned templates, filled with the fields of a specification and the brief alone.

One is not for anything shared: the one that interprets a goal holds the learner's own words.
"""

from shared.lessons.prompts.curriculum import outline_prompt, plan_prompt
from shared.lessons.prompts.drafts import InterpretationDraft, LessonDraft, PlanDraft
from shared.lessons.prompts.interpretation import interpret_prompt
from shared.lessons.prompts.lesson import lesson_prompt
from shared.lessons.prompts.prompt import Prompt

__all__ = [
    "InterpretationDraft",
    "LessonDraft",
    "PlanDraft",
    "Prompt",
    "interpret_prompt",
    "lesson_prompt",
    "outline_prompt",
    "plan_prompt",
]
