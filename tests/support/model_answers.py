"""What the fake model provider answers: plans, outlines and lessons made from the prompt alone."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STEP_OF_SCHEMA = {
    "goal_interpretation": "interpret",
    "curriculum_plan": "plan",
    "module_outline": "outline",
    "lesson": "lesson",
}
STEPS = ("interpret", "plan", "outline", "lesson", "other")
LESSONS_PER_MODULE = 3

MODULE_TITLES = (
    "First steps in {subject}",
    "The building blocks of {subject}",
    "Reading and explaining {subject}",
    "Everyday tasks with {subject}",
    "Mistakes and how to find them in {subject}",
    "Structure and style in {subject}",
    "Working with others on {subject}",
    "A complete project in {subject}",
    "Testing what you know of {subject}",
    "Tools around {subject}",
    "Speed and economy in {subject}",
    "Safety in {subject}",
    "History and ideas behind {subject}",
    "{subject} in the wild",
    "Comparing {subject} with its neighbours",
    "Patterns of {subject}",
    "Case studies in {subject}",
    "Teaching {subject} to someone else",
    "Automating {subject}",
    "Designing with {subject}",
    "Measuring progress in {subject}",
    "Unusual corners of {subject}",
    "The future of {subject}",
    "A portfolio in {subject}",
)
LESSON_TITLES = ("Meeting {module}", "Practising {module}", "Applying {module}")

_SPECIFICATION = re.compile(r"^(?:Specification|Learner): (\{.*\})$", re.MULTILINE)
_SOURCE = re.compile(r'<source id="(s\d{1,3})"[^>]*\btitle="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Asked:
    """A chat request as the fake reads it: the step, what it is about, and the sources it may cite."""

    step: str
    target: str
    specification: Mapping[str, Any]
    sources: Mapping[str, str]


def read_request(body: Mapping[str, Any]) -> Asked:
    """Recognise the step by the schema's name, and its target (goal, subject, module, ...) by the prompt."""
    response_format = body.get("response_format") or {}
    schema_name = str((response_format.get("json_schema") or {}).get("name", ""))
    step = STEP_OF_SCHEMA.get(schema_name, "other")
    text = "\n".join(
        str(message.get("content", ""))
        for message in body.get("messages", [])
        if message.get("role") == "user"
    )
    found = _SPECIFICATION.search(text)
    specification: dict[str, Any] = json.loads(found.group(1)) if found else {}
    field = {"interpret": "goal", "outline": "module", "lesson": "lesson"}.get(step, "subject")
    return Asked(
        step=step,
        target=str(specification.get(field, "")),
        specification=specification,
        sources={source: html.unescape(title) for source, title in _SOURCE.findall(text)},
    )


def answer(asked: Asked, modules: int) -> dict[str, Any]:
    """Return the JSON object that a well-behaved model would send for this request."""
    if asked.step == "interpret":
        return interpretation(asked.target)
    if asked.step == "plan":
        return plan(asked.target, modules)
    if asked.step == "outline":
        return outline(asked.target)
    if asked.step == "lesson":
        return lesson(asked)
    return {"ok": True}


def interpretation(goal: str) -> dict[str, Any]:
    """Return the last two words of a goal as its subject, as if a model had understood it."""
    return {
        "refused": False,
        "subject": " ".join(re.findall(r"\w+", goal)[-2:])[:80],
        "focus": "",
        "alternatives": [],
        "language": "en",
    }


def plan(subject: str, modules: int) -> dict[str, Any]:
    """Return a plan of `modules` modules, at most 24."""
    titles = [template.format(subject=subject)[:150] for template in MODULE_TITLES[:modules]]
    return {
        "modules": [
            {
                "title": title,
                "description": f"{title}: what it is, why it matters and how to use it with confidence.",
                "hours": 3.0 + index % 3,
            }
            for index, title in enumerate(titles)
        ]
    }


def outline(module: str) -> dict[str, Any]:
    """Return the three lessons of a module."""
    return {
        "lessons": [
            {
                "title": template.format(module=module)[:150],
                "description": f"Lesson {index} of {module}.",
                "objectives": [
                    f"Explain the main idea of part {index} of {module}"[:300],
                    f"Use part {index} of {module} on an example of your own"[:300],
                ],
                "estimated_minutes": 20 + 10 * index,
            }
            for index, template in enumerate(LESSON_TITLES, start=1)
        ]
    }


def lesson(asked: Asked) -> dict[str, Any]:
    """Return a lesson with quiz, exercises and a diagram that cites only sources of the prompt."""
    title = asked.target
    subject = str(asked.specification.get("subject", "the subject"))
    objectives = [
        str(objective) for objective in asked.specification.get("objectives") or [f"Understand {title}"]
    ]
    cited = list(asked.sources.items())
    return {
        "summary": f"{title} in short: what it means within {subject}, an example, and a task to try it.",
        "key_concepts": [
            {
                "term": f"Concept {index} of {title}"[:500],
                "definition": f"The idea behind objective {index}: {text}.",
            }
            for index, text in enumerate(objectives, start=1)
        ],
        "sections": [_section(index, text, cited) for index, text in enumerate(objectives)],
        "exercises": [
            {
                "title": f"Try it: {text}"[:500],
                "task": f"Work through this on paper first, then check it by running it: {text}.",
                "starter_code": "def attempt(value):\n    return value\n",
                "hints": ["Start with the smallest example.", "Say aloud what you expect before you run it."],
                "solution": "def attempt(value):\n    return value * 2\n",
                "difficulty": ("easy", "medium", "hard")[index % 3],
            }
            for index, text in enumerate(objectives[:3])
        ],
        "quiz": [_question(index, objectives[index % len(objectives)]) for index in range(4)],
        "diagrams": [
            {
                "title": f"How {title} fits together"[:500],
                "mermaid": "flowchart TD\n    A[Idea] --> B[Example]\n    B --> C[Exercise]\n    C --> A",
                "alt_text": "An idea leads to an example, the example to an exercise, and that back again.",
            }
        ],
    }


def _section(index: int, objective: str, cited: list[tuple[str, str]]) -> dict[str, Any]:
    source_ids, source_title = [], "common knowledge"
    if cited:
        source_id, source_title = cited[index % len(cited)]
        source_ids = [source_id]
    return {
        "heading": f"{index + 1}. {objective}"[:500],
        "markdown": (
            f"This part is about one thing: {objective}. It follows {source_title}.\n\n"
            "Read the example first and predict what it prints.\n\n"
            f"```python\nvalue = {index + 1}\nprint(value * 2)\n```\n\n"
            "Then change one thing at a time and watch what happens."
        ),
        "source_ids": source_ids,
    }


def _question(index: int, objective: str) -> dict[str, Any]:
    options = [f"Statement {letter} on question {index + 1}" for letter in "ABC"]
    options.insert(index % 4, f"What the lesson says for question {index + 1}")
    return {
        "question": f"Question {index + 1}: which statement fits the objective '{objective}'?",
        "options": options,
        "answer_index": index % 4,
        "explanation": f"The section on '{objective}' says so.",
        "objective": objective[:500],
    }
