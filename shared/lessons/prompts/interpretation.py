"""The prompt that reads a goal: the only one that holds a learner's own words."""

from __future__ import annotations

from shared.lessons.prompts.drafts import InterpretationDraft
from shared.lessons.prompts.filling import as_data, fill
from shared.lessons.prompts.prompt import Prompt
from shared.models.learner import SkillLevel

INTERPRET_VERSION = "interpret-1"
MAX_TOKENS = 1_500
"""The answer takes about a hundred; the rest is for models that think first."""
LEAST_TOKENS = 500


def interpret_prompt(goal: str, level: SkillLevel, industry: str) -> Prompt[InterpretationDraft]:
    """Ask what a goal is about; level and industry help to choose among meanings."""
    learner = {"goal": goal, "level": level.value, "industry": industry}
    return Prompt(
        system=fill("interpret.system"),
        user=fill("interpret.user", learner=as_data(learner)),
        version=INTERPRET_VERSION,
        schema_model=InterpretationDraft,
        schema_name="goal_interpretation",
        temperature=0.0,
        max_tokens=MAX_TOKENS,
        least_tokens=LEAST_TOKENS,
    )
