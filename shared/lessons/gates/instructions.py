"""Instructions: sentences that speak to a language model instead of to the learner."""

from __future__ import annotations

import re

from shared.lessons.gates.gate import Assignment, Finding
from shared.lessons.gates.texts import drop_matching, prose_of, written
from shared.models.content import LessonContent

INSTRUCTION = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b[^.\n]{0,40}"
    r"\b(?:previous|prior|earlier|above|preceding|all|any|your|system)\b"
    r"[^.\n]{0,30}\b(?:instructions?|prompts?|rules?|guidelines?|directives?|context)\b"
    r"|\b(?:reveal|print|repeat|output|show|leak)\b[^.\n]{0,30}"
    r"\b(?:system prompt|hidden prompt|your (?:instructions|prompt))\b"
    r"|\byou are (?:now )?(?:an? )?(?:ai|llm|language model|chatgpt|assistant|dan|in developer mode)\b"
    r"|\b(?:ai|language model|llm|assistant|chatbot)s?\b[^.\n]{0,30}"
    r"\b(?:must|should|shall|has to|have to)\b[^.\n]{0,40}"
    r"\b(?:reply|respond|answer|output|write|include|recommend|link|insert|say|tell)\b"
    r"|(?:^|\n)\s*(?:system|assistant|developer)\s*(?:prompt|message|override|note)?\s*:\s"
    r"|<\|(?:im_start|im_end|system|user|assistant|endoftext)[^>]*\|>|\[/?INST\]|<<\/?SYS>>"
    r"|\b(?:BEGIN|END) (?:SYSTEM|SOURCES|INSTRUCTIONS?)\b"
    r"|\b(?:ignoriere|missachte|vergiss)\b[^.\n]{0,40}\b(?:anweisung|anweisungen|regeln|vorgaben)\b"
    r"|\b(?:ignore[zr]?|oublie[zr]?)\b[^.\n]{0,40}\b(?:instructions|consignes|règles)\b"
    r"|\b(?:ignora|olvida|ignore)\b[^.\n]{0,40}\b(?:instrucciones|reglas)\b"
    r"|忽略[^。\n]{0,20}(?:指令|指示|提示)|игнорируй[^.\n]{0,40}(?:инструкции|указания|правила)",
    re.IGNORECASE,
)
_ABOUT_MODELS = re.compile(
    r"\b(?:prompts?|jailbreaks?|llms?|language models?|chatbots?|red team\w*)\b",
    re.IGNORECASE,
)


def measure(content: LessonContent, assignment: Assignment) -> Finding:
    """Count the texts that match; a lesson on language models may quote such sentences."""
    if is_about_models(assignment):
        return Finding(
            0.0, True, "The lesson's subject is language models; their instructions may be quoted."
        )
    found = sum(
        bool(INSTRUCTION.search(paragraph)) for _, text in written(content) for paragraph in _paragraphs(text)
    )
    reason = (
        f"{found} sentences speak to a language model." if found else "Nothing speaks to a language model."
    )
    return Finding(
        float(found), not found, reason, ("leave out what speaks to a language model",) * bool(found)
    )


def mend(content: LessonContent, assignment: Assignment) -> LessonContent:
    """Drop the sentences, whole paragraphs in sections, that speak to a language model."""
    return content if is_about_models(assignment) else drop_matching(content, INSTRUCTION, code_too=True)


def is_about_models(assignment: Assignment) -> bool:
    """Tell whether the lesson asked for is about language models or about attacking them."""
    specification = assignment.specification
    asked = [specification.curriculum.subject, specification.curriculum.focus, specification.module_title]
    return bool(_ABOUT_MODELS.search(" ".join([*asked, specification.title, *specification.objectives])))


def _paragraphs(text: str) -> list[str]:
    return [*prose_of(text), *text.split("\n\n")[:1]]
