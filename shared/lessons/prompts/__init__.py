"""The prompts: versioned templates, filled with the fields of a specification and the brief alone."""

from shared.lessons.prompts.curriculum import outline_prompt, plan_prompt
from shared.lessons.prompts.drafts import LessonDraft, PlanDraft
from shared.lessons.prompts.lesson import lesson_prompt
from shared.lessons.prompts.prompt import Prompt

__all__ = ["LessonDraft", "PlanDraft", "Prompt", "lesson_prompt", "outline_prompt", "plan_prompt"]
