"""Opens the document store that the settings ask for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pydantic import SecretStr

from shared.store.contract import DocumentStore

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential


class StoreSettings(Protocol):
    """The settings that choose a store."""

    @property
    def cosmos_endpoint(self) -> str | None:
        """The Cosmos DB account's URL; without one the embedded store is used."""

    @property
    def cosmos_database(self) -> str:
        """The database that holds the containers."""

    @property
    def cosmos_key(self) -> SecretStr | None:
        """The account key of an emulator; without one the app's Entra identity is used."""

    @property
    def azure_client_id(self) -> str | None:
        """The user-assigned identity, when there is one."""

    @property
    def sqlite_path(self) -> Path:
        """The embedded store's file."""


def open_store(settings: StoreSettings) -> DocumentStore:
    """Return the store; it connects at first use and belongs to the event loop that uses it first."""
    if settings.cosmos_endpoint is None:
        from shared.store.sqlite import SqliteDocumentStore

        return SqliteDocumentStore(settings.sqlite_path)

    from shared.store.cosmos import CosmosDocumentStore

    if settings.cosmos_key is not None:
        return CosmosDocumentStore(
            settings.cosmos_endpoint,
            settings.cosmos_database,
            key=settings.cosmos_key.get_secret_value(),
        )
    client_id = settings.azure_client_id

    def credential() -> AsyncTokenCredential:
        from azure.identity.aio import DefaultAzureCredential

        return DefaultAzureCredential(managed_identity_client_id=client_id)

    return CosmosDocumentStore(
        settings.cosmos_endpoint, settings.cosmos_database, credential_factory=credential
    )
