"""The extractive composer: an honest lesson from a brief's own words, without a language model."""

from shared.lessons.composer.compose import compose
from shared.lessons.composer.errors import NothingToCompose

__all__ = ["NothingToCompose", "compose"]
