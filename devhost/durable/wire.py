"""Small conversions between Python values and the engine's protobuf messages."""

from datetime import UTC, datetime
from typing import Any, Final

from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.timestamp_pb2 import Timestamp

UNLIMITED_MESSAGES: Final = (
    # gRPC refuses messages over 4 MB by default; one history or one payload may well be larger.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
)
TERMINAL_STATUSES: Final = frozenset(
    {
        pb.ORCHESTRATION_STATUS_COMPLETED,
        pb.ORCHESTRATION_STATUS_FAILED,
        pb.ORCHESTRATION_STATUS_TERMINATED,
    }
)


def utc_now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


def text_of(message: Any, field: str) -> str | None:
    """Return an optional `google.protobuf.StringValue` field as text, None when it is not set."""
    return getattr(message, field).value if message.HasField(field) else None


def moment_of(timestamp: Timestamp) -> datetime:
    """Return a protobuf timestamp as an aware UTC datetime."""
    return timestamp.ToDatetime(tzinfo=UTC)


def iso_text(timestamp: Timestamp) -> str:
    """Write a protobuf timestamp as the extension's JSON does: UTC, a fraction, a trailing Z."""
    return timestamp.ToDatetime().strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def is_terminal(status: "pb.OrchestrationStatus") -> bool:
    """Tell whether an instance in this status will never run again."""
    return status in TERMINAL_STATUSES


def failed_action(message: str, details: str = "") -> pb.OrchestratorAction:
    """Build the action that ends an orchestration as Failed; `message` becomes its output."""
    failure = pb.TaskFailureDetails(errorType="OrchestrationFailureException", errorMessage=message)
    failure.stackTrace.value = details
    return pb.OrchestratorAction(
        id=-1,
        completeOrchestration=pb.CompleteOrchestrationAction(
            orchestrationStatus=pb.ORCHESTRATION_STATUS_FAILED, failureDetails=failure
        ),
    )


def completed_action(status: "pb.OrchestrationStatus", result: str | None) -> pb.OrchestratorAction:
    """Build the action that ends an execution with a result: JSON text, or a terminate reason."""
    action = pb.CompleteOrchestrationAction(orchestrationStatus=status)
    if result is not None:
        action.result.value = result
    return pb.OrchestratorAction(id=-1, completeOrchestration=action)
