"""The session of a Cosmos DB client, where azure-cosmos does not keep it itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.cosmos import CosmosList
    from azure.cosmos.aio import ContainerProxy

_PATH_HEADER = "x-ms-alt-content-path"


def remember_batch(proxy: ContainerProxy, container: Mapping[str, Any], results: CosmosList) -> None:
    """Note the session token of a batch's answer, so that the next read shows what the batch wrote.

    The SDK (4.17) notes the tokens of all other writes and reads; that of a batch it drops, and the next read
    may then be answered by a replica that has not seen the batch. `container` holds its properties.
    """
    connection = proxy.client_connection
    headers = {**results.get_response_headers(), _PATH_HEADER: proxy.container_link.strip("/")}
    if connection.session is not None:
        said = {"_self": container["_self"]}
        connection.session.update_session(connection, said, headers)  # type: ignore[no-untyped-call] # the SDK's
