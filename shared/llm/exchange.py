"""What goes to a model provider and what comes back, apart from how it travels."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from pydantic import ConfigDict, Field

from shared.models.base import Model


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A conversation and the JSON schema its answer must follow; `max_tokens` bounds the answer."""

    messages: tuple[Message, ...]
    schema_name: str
    schema: dict[str, Any] = field(repr=False)
    temperature: float
    max_tokens: int


class FailureKind(StrEnum):
    """Why a call brought no answer; what to do about it differs for each."""

    AUTH = "auth"
    """The key is missing, wrong or not allowed this."""
    PAYMENT = "payment"
    """The account has no credit left."""
    MODEL_GONE = "model_gone"
    """The provider does not know the model (any more)."""
    RATE_LIMITED = "rate_limited"
    """Too many requests or tokens, per minute or (`per_day`) per day."""
    TOO_LARGE = "too_large"
    """The request exceeds what the provider accepts in one piece, now and later."""
    CONTEXT_OVERFLOW = "context_overflow"
    """The prompt does not fit into the model's context."""
    BAD_JSON = "bad_json"
    """The model wrote something that does not follow the schema."""
    REFUSED = "refused"
    """The model or the provider's moderation declined; never shopped around."""
    TRUNCATED = "truncated"
    """The answer stopped at its length limit; never a whole answer."""
    SERVER = "server"
    """The provider failed, or broke off in the middle."""
    TIMEOUT = "timeout"
    """No whole answer before the deadline."""
    CONNECTION = "connection"
    """The provider could not be reached at all."""
    MALFORMED = "malformed"
    """The reply is not a chat completion (a web page, a redirect, too long, an empty answer)."""
    REJECTED = "rejected"
    """The provider does not accept this request; repeating it changes nothing."""


class Usage(Model):
    """Tokens that the provider counted; 0 when it did not say."""

    model_config = ConfigDict(extra="ignore")

    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)


class ChatReply(Model):
    """A whole answer: the raw text, and what it cost in tokens, USD and wall-clock seconds."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=False)

    content: str
    model: str
    usage: Usage = Field(default_factory=Usage)
    cost_usd: float = Field(default=0.0, ge=0)
    seconds: float = Field(default=0.0, ge=0)


class ChatFailure(Model):
    """No answer, and why; `detail` is one line for operators and never holds a key.

    `retry_after` is in seconds when the provider named a time. `failed_generation` is what the model wrote
    when the provider itself found that it does not follow the schema. A failed call may have cost something.
    """

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=False)

    kind: FailureKind
    detail: str
    http_status: int | None = None
    retry_after: float | None = Field(default=None, ge=0)
    per_day: bool = False
    failed_generation: str = ""
    usage: Usage = Field(default_factory=Usage)
    cost_usd: float = Field(default=0.0, ge=0)
    seconds: float = Field(default=0.0, ge=0)
