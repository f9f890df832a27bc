"""Removing a learner: asking for it, how far it is, and what it makes void.

The removal is durable from its first write on, which is in the learner's own partition: it can be found, and
begun again, without anything outside that names the learner. From then on the learner's requests are refused.
"""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from shared.clients import Clients
from shared.errors import Conflict, PreconditionFailed, Problem
from shared.models.document import now
from shared.models.removal import Removal, RemovalStatus, Tombstone
from shared.orchestrations import Orchestrations, StartFailed
from shared.security.pseudonym import pseudonym
from shared.services.races import LOST_RACE, TRIES, pause, until_visible
from shared.settings import Settings
from shared.store.documents import Documents
from shared.telemetry import log, log_fault

REMOVED_NOW = Problem(
    HTTPStatus.CONFLICT,
    "removal_running",
    "Your data is being removed, as you asked. When that is done you can begin anew; DELETE /me tells how "
    "far it is.",
    headers={"Retry-After": "60"},
)


async def refuse_while_removed(documents: Documents, user_id: str) -> None:
    """Raise a 409 Problem for a learner whose data is being removed."""
    if await documents.find(Removal, user_id, Removal.ID) is not None:
        raise REMOVED_NOW


async def removed_since(
    documents: Documents, settings: Settings, user_id: str, requested_at: datetime | None
) -> bool:
    """Tell whether what a learner asked for at this time is void, since they were removed after it.

    What was asked for at no known time is void too. Until a removal is over, everything is.
    """
    key = Tombstone.key_of(pseudonym(settings, user_id))
    tombstone = await documents.find(Tombstone, key, Tombstone.ID)
    if tombstone is not None and tombstone.completed_at is None and requested_at is not None:
        # It may be over, which is not visible here yet, and what was asked for since is not void.
        await until_visible(min(requested_at, now()))
        tombstone = await documents.find(Tombstone, key, Tombstone.ID)
    if tombstone is None:
        return False
    return tombstone.completed_at is None or requested_at is None or requested_at <= tombstone.completed_at


def removal_instances(settings: Settings, removal: Removal) -> list[str]:
    """Return the orchestration instances of all attempts; they hold no user id."""
    learner = pseudonym(settings, removal.user_id)
    return [f"removal-{learner}-{attempt}" for attempt in range(1, removal.attempt + 1)]


def instance_id(settings: Settings, removal: Removal) -> str:
    """Return the orchestration instance of this attempt."""
    return removal_instances(settings, removal)[-1]


class LearnerRemoval:
    """The use case behind `DELETE /me`."""

    def __init__(self, clients: Clients, orchestrations: Orchestrations) -> None:
        self._settings = clients.settings
        self._documents = clients.documents
        self._orchestrations = orchestrations

    async def request(self, user_id: str) -> RemovalStatus:
        """Begin the removal of a learner, or tell how far it is; one who has nothing stays removed."""
        removal = await self._documents.find(Removal, user_id, Removal.ID)
        if removal is None:
            tombstone = await self._tombstone(user_id)
            if tombstone is not None and tombstone.completed_at and await self._has_nothing(user_id):
                return RemovalStatus.completed(tombstone)
            removal = await self._begin(user_id)
        await self.go_on(removal)
        return RemovalStatus.running(removal)

    async def _tombstone(self, user_id: str) -> Tombstone | None:
        key = Tombstone.key_of(pseudonym(self._settings, user_id))
        return await self._documents.find(Tombstone, key, Tombstone.ID)

    async def _has_nothing(self, user_id: str) -> bool:
        page = await self._documents.store.query(Removal.container, user_id, {}, limit=1)
        return not page.items

    async def _begin(self, user_id: str) -> Removal:
        try:
            removal = await self._documents.create(
                Removal(id=Removal.ID, user_id=user_id, requested_at=now())
            )
        except Conflict:  # another request of this learner was faster
            return await self._documents.read(Removal, user_id, Removal.ID)
        log("learner.removal_requested", learner=pseudonym(self._settings, user_id))
        return removal

    async def go_on(self, removal: Removal) -> None:
        """Make sure that the tombstone stands and that the orchestration of this attempt runs."""
        await self._entomb(removal)
        work = {"user_id": removal.user_id, "attempt": removal.attempt}
        try:
            await self._orchestrations.start(
                "removal_orchestrator", instance_id(self._settings, removal), work
            )
        except StartFailed as error:  # the reconciler starts it
            log_fault("learner.removal_not_started", error)

    async def _entomb(self, removal: Removal) -> None:
        """Say outside the learner's partition that whatever was asked for is void from now on."""
        wanted = Tombstone(
            id=Tombstone.ID,
            key=Tombstone.key_of(pseudonym(self._settings, removal.user_id)),
            requested_at=removal.requested_at,
        )
        for lost in range(TRIES):
            try:
                standing = await self._documents.find(Tombstone, wanted.key, Tombstone.ID)
                if standing is None:
                    await self._documents.create(wanted)
                elif standing.requested_at < removal.requested_at:
                    await self._documents.replace(wanted.model_copy(update={"etag": standing.etag}))
            except LOST_RACE:
                await pause(lost)
                continue
            return
        raise PreconditionFailed("the tombstone keeps changing")

    async def recover(self, removal: Removal) -> bool:
        """Begin a removal again whose orchestration is gone; tells whether it was."""
        if await self._orchestrations.running(instance_id(self._settings, removal)):
            return False
        removal.attempt += 1
        removal = await self._documents.replace(removal)
        log("learner.removal_recovered", attempt=removal.attempt)
        await self.go_on(removal)
        return True
