"""How large a request is, and making one fit what a provider takes in a minute."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from pydantic import BaseModel

from shared.lessons.prompts.prompt import Prompt
from shared.llm.exchange import Message
from shared.llm.schema import strict_schema
from shared.llm.window import background_share
from shared.settings import ProviderSettings

T = TypeVar("T", bound=BaseModel)

BYTES_PER_TOKEN = 3
"""English takes four to five bytes for a token, code about three; a Chinese character has three bytes."""


def estimated_tokens(texts: Sequence[str]) -> int:
    """Return an upper estimate of the tokens of some texts."""
    return sum(-(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN) for text in texts)


def prompt_tokens(prompt: Prompt[T], correction: Sequence[Message] = ()) -> int:
    """Return the estimate for everything that is sent: messages and schema."""
    schema = json.dumps(strict_schema(prompt.schema_model), separators=(",", ":"))
    return estimated_tokens([prompt.system, prompt.user, schema, *(turn.content for turn in correction)])


def most_tokens(provider: ProviderSettings, *, background: bool) -> int | None:
    """Return how many tokens one request may take, answer included; None is no limit."""
    most = provider.tokens_per_minute
    return background_share(most) if background else most


def fitted(prompt: Prompt[T], most: int | None, correction: Sequence[Message] = ()) -> Prompt[T] | None:
    """Return the largest form of a prompt that takes at most so many tokens, answer included.

    First the sources are shortened, until the answer has its least room; then the answer is given all that
    is left. None when even the smallest form is too large.
    """
    if most is None:
        return prompt
    form: Prompt[T] | None = prompt
    while form is not None:
        room = most - prompt_tokens(form, correction)
        if room >= form.least_tokens:
            return replace(form, max_tokens=min(form.max_tokens, room))
        form = form.shorter() if form.shorter is not None else None
    return None
