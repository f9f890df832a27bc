"""The embedded Service Bus broker, as the supervisor sees it: whether there is one, where, with which
entities."""

import importlib.util
import json
import logging
import os
import re
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from devhost.broker.entities_file import ENTITIES_FILE, default_entities, load_entities
from devhost.errors import HostError
from devhost.service_bus.connection import EMBEDDED_CONNECTION, has_connection

_logger = logging.getLogger(__name__)

_TRIGGER = re.compile(r"service_bus_(queue|topic)_trigger|serviceBusTrigger")
_INSTALL = "pip install 'python-qpid-proton>=0.40,<0.41' (built from source: needs a C compiler)"
# How many clients may wait for a broker that is being started again.
_BACKLOG = 512


class EmbeddedBroker:
    """Its listening socket, which outlives its process, and its file of entities."""

    def __init__(self, data: Path, entities_file: Path | None) -> None:
        """Listen; without a file the entities are those that `name_entities` is told."""
        self._data, self._given = data, entities_file
        self._named: Sequence[Mapping[str, str]] = ()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)

    @property
    def descriptor(self) -> int:
        """The listening socket, for the broker's process."""
        return self._listening.fileno()

    @property
    def connection_string(self) -> str:
        """What a client needs; the key is not looked at, but clients insist on one."""
        port = self._listening.getsockname()[1]
        return (
            f"Endpoint=sb://127.0.0.1:{port};SharedAccessKeyName=RootManageSharedAccessKey;"
            "SharedAccessKey=ZGV2aG9zdA==;UseDevelopmentEmulator=true;"
        )

    def name_entities(self, named: Sequence[Mapping[str, str]]) -> None:
        """What the app's triggers receive from: `queue`, or `topic` and `subscription`."""
        self._named = named

    def entities_file(self) -> Path:
        """The file of the entities; what the triggers name is written to one first."""
        if self._given is not None:
            return self._given
        file = self._data / ENTITIES_FILE
        queues = [each["queue"] for each in self._named if "queue" in each]
        subscriptions = [(each["topic"], each["subscription"]) for each in self._named if "topic" in each]
        file.write_text(json.dumps(default_entities(queues, subscriptions), indent=2) + "\n")
        return file

    def describe(self) -> list[str]:
        """What the host says about it at start."""
        lines = [f"Service Bus: {self.connection_string}"]
        if self._given is None:
            names = [each.get("queue") or f"{each['topic']}/{each['subscription']}" for each in self._named]
            lines.append(
                f"Service Bus: no {ENTITIES_FILE}, so the entities are what the triggers name, with Azure's "
                f"defaults: {', '.join(names) or 'none'}"
            )
        return lines

    def close(self) -> None:
        """Let the port go."""
        self._listening.close()


def plan_broker(
    app: Path, data: Path, entities_file: Path | None, environment: Mapping[str, str]
) -> EmbeddedBroker | None:
    """The broker that the app needs, if it does: no namespace is set, and there is a file of entities or a
    trigger. Raises HostError for a file that is wrong, or a library that is missing where a file is asked
    for by name."""
    if has_connection(EMBEDDED_CONNECTION, environment):
        if entities_file is not None:
            raise HostError(
                f"--service-bus describes the embedded broker, but {EMBEDDED_CONNECTION} names another one"
            )
        return None
    own = app / ENTITIES_FILE
    file = entities_file or (own if own.is_file() else None)
    if file is not None:
        load_entities(file)
    elif not _has_trigger(app):
        return None
    if importlib.util.find_spec("proton") is None:
        if entities_file is not None:
            raise HostError(f"the embedded Service Bus broker needs python-qpid-proton: {_INSTALL}")
        _logger.warning("no embedded Service Bus broker: %s", _INSTALL)
        return None
    return EmbeddedBroker(data, file)


def _has_trigger(app: Path) -> bool:
    """Whether the app's own code speaks of a Service Bus trigger; the settings of its processes depend on
    that, so it has to be known before they load the app."""
    for folder, folders, files in os.walk(app):
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".")
            and name not in {"node_modules", "__pycache__"}
            and not (Path(folder) / name / "pyvenv.cfg").exists()
        ]
        for name in files:
            if name.endswith(".py") and _TRIGGER.search(
                (Path(folder) / name).read_text(encoding="utf-8", errors="replace")
            ):
                return True
    return False
