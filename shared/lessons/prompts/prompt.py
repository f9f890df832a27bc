"""What a prompt is: the two messages, the version of their template and the model of the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import BaseModel

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Prompt(Generic[T]):
    """A question to a language model.

    `version` names the template and changes with every change of its words; `schema_model` is what the
    answer must validate as, `schema_name` its name on the wire; `max_tokens` bounds the answer, and with less
    than `least_tokens` (0: than `max_tokens`) no whole answer is to be expected. `shorter` returns the same
    question with less of its sources, where it has any.
    """

    system: str = field(repr=False)
    user: str = field(repr=False)
    version: str
    schema_model: type[T]
    schema_name: str
    temperature: float
    max_tokens: int
    least_tokens: int = 0
    shorter: Callable[[], Prompt[T]] | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.least_tokens:
            object.__setattr__(self, "least_tokens", self.max_tokens)
