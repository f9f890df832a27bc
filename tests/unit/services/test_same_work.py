"""What is another learner's costs the same work as what nobody has: not even the time may tell them apart."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shared.clients import Clients
from shared.errors import Problem
from shared.models.graphql import GraphQLRequest
from shared.models.progress import ProgressRequest, ProgressState
from shared.models.roadmap import Lesson, Task
from shared.models.versions import RegenerationRequest
from shared.orchestrations import Orchestrations
from shared.security.identity import Caller
from shared.services.batch_creation import BatchCreation
from shared.services.learning import Learning
from shared.services.lesson_cancellation import LessonCancellation
from shared.services.lesson_generation import LessonGeneration
from shared.services.lessons import Lessons
from shared.services.regeneration import LessonRegeneration
from shared.services.roadmap_cancellation import RoadmapCancellation
from shared.services.roadmap_deletion import RoadmapDeletion
from shared.services.roadmap_retry import RoadmapRetry
from shared.services.roadmaps import Roadmaps
from shared.services.tasks import Tasks
from shared.services.versions import Versions
from shared.services.voting import Voting
from shared.store.contract import BatchOperation, Document, DocumentStore, JsonValue, Page
from shared.store.documents import Documents
from tests.support.access_rows import LEARNER, ROWS
from tests.support.flow import Flow
from tests.support.forwarding_store import ForwardingStore
from tests.support.furnishing import furnish, processes
from tests.support.graphql import OF_ONE_LEARNER
from tests.support.model_provider import ModelProvider
from triggers.graphql_schema.context import Context
from triggers.graphql_schema.execution import execute

ADA, MALLORY = "ada-the-first", "mallory"
# Nothing is sent there: what is refused comes to nothing before.
QUEUE = (
    "Endpoint=sb://127.0.0.1:9;SharedAccessKeyName=n;SharedAccessKey=dGVzdA==;UseDevelopmentEmulator=true;"
)
DONE = ProgressRequest(state=ProgressState.COMPLETED)

Use = Callable[[Clients, Orchestrations, str], Awaitable[object]]
# Every route that takes an id of one learner, by what the id names, and what it asks first.
USES: dict[str, tuple[str, Use]] = {
    "cancel_lesson": ("lesson", lambda c, _, id_: LessonCancellation(c).cancel(MALLORY, id_)),
    "cancel_roadmap": ("roadmap", lambda c, o, id_: RoadmapCancellation(c, o).cancel(MALLORY, id_)),
    "choose_lesson_version": ("lesson", lambda c, _, id_: Versions(c).choose(MALLORY, id_, "1.0")),
    "delete_roadmap": ("roadmap", lambda c, o, id_: RoadmapDeletion(c, o).delete(MALLORY, id_)),
    "generate_lesson": ("lesson", lambda c, o, id_: LessonGeneration(c, o).request(MALLORY, id_)),
    "generate_module": ("module", lambda c, o, id_: BatchCreation(c, o).create(MALLORY, id_)),
    "get_batch": ("batch", lambda c, _, id_: Roadmaps(c).batch(MALLORY, id_)),
    "get_lesson": ("lesson", lambda c, _, id_: Lessons(c).view(MALLORY, id_)),
    "get_lesson_status": ("lesson", lambda c, _, id_: Lessons(c).status(MALLORY, id_)),
    "get_lesson_task": ("task", lambda c, _, id_: Tasks(c).task(MALLORY, id_)),
    "get_lesson_version": ("lesson", lambda c, _, id_: Versions(c).version(MALLORY, id_, "1.0")),
    "get_roadmap": ("roadmap", lambda c, _, id_: Roadmaps(c).roadmap(MALLORY, id_)),
    "get_roadmap_status": ("roadmap", lambda c, _, id_: Roadmaps(c).roadmap(MALLORY, id_)),
    "list_lesson_versions": ("lesson", lambda c, _, id_: Versions(c).page(MALLORY, id_, 20, None)),
    "list_module_lessons": ("module", lambda c, _, id_: Roadmaps(c).module_lessons(MALLORY, id_, 20, None)),
    "put_lesson_progress": ("lesson", lambda c, _, id_: Learning(c).record(MALLORY, id_, DONE)),
    "regenerate_lesson": (
        "lesson",
        lambda c, o, id_: LessonRegeneration(c, o).request(MALLORY, id_, RegenerationRequest()),
    ),
    "retry_roadmap": ("roadmap", lambda c, o, id_: RoadmapRetry(c, o).retry(MALLORY, id_)),
    "vote_on_lesson": ("lesson", lambda c, o, id_: Voting(c, o).vote(MALLORY, id_, 1)),
}


class RecordingStore(ForwardingStore):
    """Passes everything on, and remembers what it was asked."""

    def __init__(self, store: DocumentStore) -> None:
        super().__init__(store)
        self.asked: list[tuple[object, ...]] = []

    async def create(self, container: str, document: Document) -> Document:
        """See DocumentStore."""
        self.asked.append(("create", container, document["id"]))
        return await super().create(container, document)

    async def read(self, container: str, partition: str, document_id: str) -> Document:
        """See DocumentStore."""
        self.asked.append(("read", container, partition, document_id))
        return await super().read(container, partition, document_id)

    async def replace(self, container: str, document: Document, etag: str) -> Document:
        """See DocumentStore."""
        self.asked.append(("replace", container, document["id"]))
        return await super().replace(container, document, etag)

    async def patch(self, container: str, partition: str, document_id: str, *rest: Any) -> Document:
        """See DocumentStore."""
        self.asked.append(("patch", container, partition, document_id))
        return await super().patch(container, partition, document_id, *rest)

    async def delete(self, container: str, partition: str, document_id: str, etag: str | None = None) -> None:
        """See DocumentStore."""
        self.asked.append(("delete", container, partition, document_id))
        await super().delete(container, partition, document_id, etag)

    async def batch(
        self, container: str, partition: str, operations: Sequence[BatchOperation]
    ) -> list[Document | None]:
        """See DocumentStore."""
        self.asked.append(("batch", container, partition, len(operations)))
        return await super().batch(container, partition, operations)

    async def query(
        self, container: str, partition: str, equals: Mapping[str, JsonValue], **rest: Any
    ) -> Page:
        """See DocumentStore."""
        self.asked.append(("query", container, partition, *equals.items()))
        return await super().query(container, partition, equals, **rest)

    async def query_across(
        self, container: str, document_type: str, equals: Mapping[str, JsonValue], **rest: Any
    ) -> list[Document]:
        """See DocumentStore."""
        self.asked.append(("query_across", container, document_type, *equals.items()))
        return await super().query_across(container, document_type, equals, **rest)

    async def page_across(
        self, container: str, document_type: str, equals: Mapping[str, JsonValue], **rest: Any
    ) -> Page:
        """See DocumentStore."""
        self.asked.append(("page_across", container, document_type, *equals.items()))
        return await super().page_across(container, document_type, equals, **rest)


@dataclass(frozen=True, slots=True)
class Watched:
    """Clients whose store remembers, a durable client that does too, and what Ada has."""

    clients: Clients
    store: RecordingStore
    flow: Flow
    ids: Mapping[str, str]


@pytest.fixture(scope="module")
def provider() -> Iterator[ModelProvider]:
    with ModelProvider(modules=2) as provider:
        yield provider


@pytest.fixture
async def watched(tmp_path: Path, provider: ModelProvider) -> AsyncIterator[Watched]:
    async with processes(tmp_path, provider, ServiceBusConnection=QUEUE) as [clients]:
        documents = clients.documents
        store = RecordingStore(documents.store)
        clients._documents = Documents(store, lambda _: None)
        flow = Flow([clients])
        await furnish(clients, flow, ADA)
        [task] = [one async for one in documents.every(Task, ADA)]
        [lesson, *_] = [one async for one in documents.every(Lesson, ADA) if one.roadmap_id and one.version]
        batch = await BatchCreation(clients, flow.orchestrations).create(ADA, str(lesson.module_id))
        flow.started.clear()
        ids = {
            "batch": batch.id,
            "lesson": lesson.id,
            "roadmap": str(lesson.roadmap_id),
            "module": str(lesson.module_id),
            "task": task.id,
        }
        yield Watched(clients, store, flow, ids)


Refused = Callable[[str], Awaitable[object]]


async def assert_same_work(watched: Watched, thing: str, refused: Refused) -> None:
    """Hold that another's thing and none are refused in the same words after the same questions."""
    found = []
    for id_ in (watched.ids[thing], str(uuid.uuid4())):
        watched.store.asked.clear()
        told = await refused(id_)
        found.append((told, [str(entry).replace(id_, "ID") for entry in watched.store.asked]))
        assert not watched.flow.started
    assert found[0] == found[1]
    assert found[0][1], "it was looked for"
    assert not [entry for entry in found[0][1] if ADA in entry], "her partition is not even asked"


def test_every_route_that_takes_an_id_of_one_learner_is_here() -> None:
    """A new one fails here; the back ends' own route does what `generate_lesson` does."""
    named = re.compile(r"\{(lesson|module|roadmap|task)\}")
    assert set(USES) == {
        name for name, row in ROWS.items() if row.access == LEARNER and named.search(row.path)
    }


@pytest.mark.parametrize("use", USES)
async def test_absent_and_foreign_things_are_refused_alike_after_the_same_work(
    watched: Watched, use: str
) -> None:
    thing, call = USES[use]

    async def refused(id_: str) -> object:
        with pytest.raises(Problem) as raised:
            await call(watched.clients, watched.flow.orchestrations, id_)
        problem = raised.value
        assert (problem.status, problem.code) == (404, "not_found")
        return problem.detail, problem.errors, problem.headers

    await assert_same_work(watched, thing, refused)


@pytest.mark.parametrize("query", OF_ONE_LEARNER)
async def test_they_are_alike_over_graphql_too(watched: Watched, query: str) -> None:
    context = Context(watched.clients, Caller(MALLORY), watched.flow.orchestrations, None)

    async def refused(id_: str) -> object:
        answer = await execute(GraphQLRequest(query=query, variables={"id": id_}), context)
        [error] = answer.errors or []
        assert error.extensions == {"code": "not_found", "status": 404}
        return answer

    await assert_same_work(watched, OF_ONE_LEARNER[query], refused)
