"""What the engine knows of a connected app process: its limits, and the work it holds."""

from dataclasses import dataclass, field

from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.testing.in_memory_backend import ActivityWorkItem

# Instance id and task id.
ActivityKey = tuple[str, int]


@dataclass
class OrchestrationLease:
    """A turn that an app process is computing; `started` heads its new events."""

    completion_token: str
    started: pb.HistoryEvent | None


# Metadata of the gRPC calls by which an app process names itself, and says that it is about to leave.
PROCESS_KEY = "app-process"
LEAVING_KEY = "leaving-app-process"


@dataclass(eq=False)
class Connection:
    """One app process's stream of work, with what it holds.

    A process that leaves says so first; the last item it is sent is a health ping, after which nothing more
    comes: so it never goes while work for it is on its way.
    """

    process: str
    max_orchestrations: int
    max_activities: int
    orchestrations: dict[str, OrchestrationLease] = field(default_factory=dict)
    activities: dict[ActivityKey, ActivityWorkItem] = field(default_factory=dict)
    waiting: bool = False
    leaving: bool = False
    told_last: bool = False
    closed: bool = False

    @property
    def takes_orchestrations(self) -> bool:
        """Whether the process has room for a further orchestrator turn."""
        return not self.leaving and len(self.orchestrations) < self.max_orchestrations

    @property
    def takes_activities(self) -> bool:
        """Whether the process has room for a further activity."""
        return not self.leaving and len(self.activities) < self.max_activities
