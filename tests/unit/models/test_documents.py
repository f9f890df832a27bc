"""Documents of newer code, which older code meets while a deployment is under way, and after a roll-back."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from shared.models.batch import Batch, BatchLesson
from shared.models.document import now

BATCH = Batch(
    id="batch",
    user_id="ada",
    roadmap_id="roadmap",
    module_id="module",
    number=1,
    requested_at=now(),
    lessons={"lesson": BatchLesson(revision=1, attempt=1)},
)


def of_newer_code(**changes: Any) -> dict[str, Any]:
    return {**BATCH.to_store(), "_etag": "1", **changes}


def test_a_field_that_newer_code_has_added_stays_when_older_code_writes() -> None:
    read = Batch.from_store(of_newer_code(mood="calm"))
    assert read.to_store()["mood"] == "calm"


def test_a_field_that_newer_code_has_added_further_inside_does_not_stop_older_code() -> None:
    inside = {"lesson": {"revision": 1, "attempt": 1, "sends": 2, "mood": "calm"}}
    read = Batch.from_store(of_newer_code(lessons=inside))
    assert read.lessons["lesson"].sends == 2
    assert (read.etag, read.id) == ("1", "batch")


def test_an_error_does_not_show_what_a_document_says() -> None:
    """It may be a learner's goal, and errors are logged."""
    for changes in ({"number": "bees"}, {"lessons": {"lesson": {"revision": "bees", "attempt": 1}}}):
        with pytest.raises(ValidationError) as error:
            Batch.from_store(of_newer_code(**changes))
        assert "bees" not in str(error.value)
