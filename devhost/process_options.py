"""What the supervisor tells its children, as one JSON argument; settings travel in the environment."""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

OnWorkerExit = Literal["fail", "redeliver"]
_Options = TypeVar("_Options", "EngineOptions", "AppOptions", "BrokerOptions")


@dataclass(frozen=True)
class EngineOptions:
    """For the engine: directories, inherited file descriptors and the durable engine's port (0 at first
    start)."""

    app_directory: str
    data: str
    public_socket: int
    channel_socket: int
    rpc_socket: int
    status_pipe: int
    durable_port: int
    on_worker_exit: OnWorkerExit
    cors_origins: list[str]
    cors_credentials: bool


@dataclass(frozen=True)
class AppOptions:
    """For an app process: its app and the path of the engine's socket."""

    app_directory: str
    channel_path: str


@dataclass(frozen=True)
class BrokerOptions:
    """For the embedded broker: directories, the inherited listening socket and the file of its entities."""

    app_directory: str
    data: str
    listening_socket: int
    entities_file: str


def write_options(options: EngineOptions | AppOptions | BrokerOptions) -> str:
    """The options as the one argument of a child process."""
    return json.dumps(asdict(options))


def read_options(kind: type[_Options]) -> _Options:
    """The options of this process, from its one argument."""
    fields: dict[str, Any] = json.loads(sys.argv[1])
    return kind(**fields)


def project_root() -> Path:
    """The directory that holds the `devhost` package."""
    return Path(__file__).resolve().parent.parent
