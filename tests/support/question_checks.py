"""What makes a composed question sound: its key stands in its passage, its distractors do not."""

from __future__ import annotations

import re
from collections.abc import Sequence

from shared.models.content import QuizQuestion
from shared.models.specification import normalise

BLANK = "_____"


def assert_sound(question: QuizQuestion, passages: Sequence[str]) -> None:
    """Fail unless the key, and only the key, is a verbatim span of the passage that is quoted for it."""
    key = question.options[question.answer_index]
    quoted = re.match(r"“(.*)” \(", question.explanation, re.DOTALL)
    proof = quoted[1] if quoted else key
    homes = [passage for passage in passages if proof in passage]
    assert homes, question.explanation
    # A sentence that several passages hold: every one of them has the key and lacks the distractors.
    fitting = [home for home in homes if key in home]
    assert fitting, (key, question.explanation)
    assert any(_lacks_the_others(home, question) for home in fitting), question
    if BLANK in question.question:
        blanked = question.question.split("\n", 1)[1][1:-1]
        whole = re.sub(rf"`?{BLANK}`?", lambda _: key, blanked)
        assert normalise(whole) == normalise(proof.replace(f"`{key}`", key))
    elif question.question.endswith(" …”"):
        opening = question.question.split("\n", 1)[1][1:-3]
        assert f"{opening} {key}" == proof, "the question is the sentence's own beginning"
    else:
        assert normalise(key) not in normalise(question.question) or not quoted
    longest_other = max(len(option) for option in question.options if option != key)
    assert len(key) <= max(2 * longest_other, longest_other + 5), "the key sticks out by its length"


def _lacks_the_others(passage: str, question: QuizQuestion) -> bool:
    key = question.options[question.answer_index]
    text = normalise(passage)
    return not any(
        re.search(rf"(?<![\w.]){re.escape(normalise(option))}(?![\w.])", text)
        for option in question.options
        if option != key
    )
