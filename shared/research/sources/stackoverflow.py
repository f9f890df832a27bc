"""Stack Overflow: answered questions and their best answers.

`/search/advanced` for the questions, `/questions/{ids}/answers` for the answers, both with their bodies.
https://api.stackexchange.com/docs
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import unescape

from pydantic import Field

from shared.computing import computed
from shared.research.fetching.passages import html_passages
from shared.research.limits import of_stack_exchange
from shared.research.network_source import NetworkSource, Wire
from shared.research.protocol import Hit, Question
from shared.research.relevance import best_titled
from shared.research.subjects import software_words

SITE = "stackoverflow"
# Content from before May 2018 stands under older versions of CC BY-SA, which the answer names.
LICENCE = "CC BY-SA 4.0"
LICENCE_URLS = {f"CC BY-SA {version}": f"https://creativecommons.org/licenses/by-sa/{version}/"
                for version in ("2.5", "3.0", "4.0")}  # fmt: skip
MAX_QUESTIONS = 3
SEARCH_LIMIT = 20
LEAST_SCORE = 1


class _Owner(Wire):
    display_name: str = ""


class _Asked(Wire):
    question_id: int = Field(ge=1)
    title: str = Field(min_length=1, max_length=1000)
    score: int = 0
    tags: list[str] = Field(default_factory=list)


class _Answer(Wire):
    question_id: int = Field(ge=1)
    answer_id: int = Field(ge=1)
    score: int = 0
    is_accepted: bool = False
    body: str = ""
    owner: _Owner = _Owner()
    content_license: str = LICENCE


class _Questions(Wire):
    items: list[_Asked]


class _Answers(Wire):
    items: list[_Answer]


class StackOverflowSource(NetworkSource):
    """Looks a lesson up among answered questions."""

    name = "stackoverflow"
    limits = staticmethod(of_stack_exchange)

    def query(self, question: Question) -> str:
        """Return the tag and the words searched for."""
        words = software_words(question)
        return f"[{words.tag}] {words.narrow}"

    async def find(self, question: Question) -> Sequence[Hit]:
        """Return the answers to the questions that fit best."""
        words = software_words(question)
        # The tag keeps out whatever else has the subject's name.
        parameters = self._parameters(q=words.narrow, tagged=words.tag, accepted="True", sort="relevance")
        parameters |= {"order": "desc", "pagesize": str(SEARCH_LIMIT)}
        found = await self.get(_Questions, f"{self._base_url}/search/advanced", parameters)
        worthy = [one for one in found.items if one.score >= LEAST_SCORE]
        titled = [(unescape(one.title), one) for one in worthy]
        chosen = best_titled(question, titled, MAX_QUESTIONS)
        return await self._answered(chosen) if chosen else []

    async def _answered(self, questions: Sequence[_Asked]) -> list[Hit]:
        ids = ";".join(str(one.question_id) for one in questions)
        parameters = self._parameters(sort="votes", order="desc", pagesize="30")
        answers = (await self.get(_Answers, f"{self._base_url}/questions/{ids}/answers", parameters)).items
        # Reading HTML computes: not on the loop that everybody shares.
        hits = await computed(lambda: [_hit(one, answers) for one in questions])
        return [hit for hit in hits if hit is not None]

    def _parameters(self, **parameters: str) -> dict[str, str]:
        key = {"key": self._key} if self._key else {}
        return {"site": SITE, "filter": "withbody", **parameters, **key}


def _hit(asked: _Asked, answers: Sequence[_Answer]) -> Hit | None:
    """Return a question's best answer, the accepted one unless another has twice its votes."""
    own = [answer for answer in answers if answer.question_id == asked.question_id]
    if not own:
        return None
    best = max(own, key=lambda answer: (answer.score * (2 if answer.is_accepted else 1), -answer.answer_id))
    title = unescape(asked.title)
    licence = best.content_license if best.content_license in LICENCE_URLS else LICENCE
    return Hit(
        title=title,
        author=f"{unescape(best.owner.display_name) or 'a contributor'} on Stack Overflow",
        # Built here and never taken from the answer, which must not choose where learners are sent.
        url=f"https://stackoverflow.com/a/{best.answer_id}",
        licence=licence,
        licence_url=LICENCE_URLS[licence],
        open_licence=True,
        language="en",
        retrieved_at=datetime.now(UTC),
        passages=tuple(html_passages(best.body, title)),
    )
