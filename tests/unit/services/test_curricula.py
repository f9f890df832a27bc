"""Versions of curricula are read once per process, and never more of them kept than there is room for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.clients import Clients
from shared.errors import NotFound
from shared.models.library import CurriculumVersion
from shared.models.specification import CurriculumSpecification
from shared.planning.local_curriculum import local_curriculum
from shared.services.curricula import MOST_KEPT, Curricula
from shared.settings import load_settings
from tests.support.app import app_settings

PYTHON = CurriculumSpecification(subject="Python", focus="", level="beginner", language="en")
LOCAL = local_curriculum(PYTHON)


@pytest.fixture
async def clients(tmp_path: Path) -> AsyncIterator[Clients]:
    clients = Clients(load_settings(app_settings(tmp_path)))
    yield clients
    await clients.close()


def version(number: int) -> CurriculumVersion:
    return CurriculumVersion(
        id=CurriculumVersion.id_of(number),
        key=PYTHON.key,
        specification=PYTHON,
        version_number=number,
        tier=LOCAL.tier,
        plan=LOCAL.plan,
    )


async def test_a_version_is_read_once(clients: Clients) -> None:
    stored = await clients.documents.create(version(1))
    curricula = clients.kept(Curricula)
    assert await curricula.version(PYTHON.key, 1) == stored
    await clients.documents.store.delete("library", PYTHON.key, stored.id)
    assert await curricula.version(PYTHON.key, 1) == stored


async def test_what_is_not_there_is_not_found_and_looked_for_again(clients: Clients) -> None:
    curricula = clients.kept(Curricula)
    with pytest.raises(NotFound):
        await curricula.version(PYTHON.key, 1)
    stored = await clients.documents.create(version(1))
    assert await curricula.version(PYTHON.key, 1) == stored


async def test_the_oldest_makes_room(clients: Clients) -> None:
    curricula = clients.kept(Curricula)
    for number in range(1, MOST_KEPT + 2):
        curricula.keep(version(number))
    assert (await curricula.version(PYTHON.key, 2)).version_number == 2
    with pytest.raises(NotFound):
        await curricula.version(PYTHON.key, 1)
