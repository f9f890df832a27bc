"""Where a Service Bus connection's settings are found: a connection string, or a namespace and an
identity."""

from collections.abc import Mapping

DEFAULT_CONNECTION = "AzureWebJobsServiceBus"
# The setting that the embedded broker fills where nobody else does.
EMBEDDED_CONNECTION = "ServiceBusConnection"
_NAMESPACE = "__fullyQualifiedNamespace"


def has_connection(name: str, environment: Mapping[str, str]) -> bool:
    """Whether the settings say where the namespace is, under either form."""
    return bool(connection_string(name, environment) or namespace(name, environment))


def connection_string(name: str, environment: Mapping[str, str]) -> str | None:
    """The connection string, if that form is used; `AzureWebJobs<name>` counts too, as in the real host."""
    return environment.get(f"AzureWebJobs{name}") or environment.get(name) or None


def namespace(name: str, environment: Mapping[str, str]) -> str | None:
    """The namespace's host name, if the identity form is used."""
    return (
        environment.get(f"{name}{_NAMESPACE}") or environment.get(f"{name}:fullyQualifiedNamespace") or None
    )
