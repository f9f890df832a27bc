"""What a prompt is: the two messages, the version of their template and the model of the answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import BaseModel

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Prompt(Generic[T]):
    """A question to a language model.

    `version` names the template and changes with every change of its words; `schema_model` is what the
    answer must validate as, `schema_name` its name on the wire; `max_tokens` bounds the answer.
    """

    system: str = field(repr=False)
    user: str = field(repr=False)
    version: str
    schema_model: type[T]
    schema_name: str
    temperature: float
    max_tokens: int
