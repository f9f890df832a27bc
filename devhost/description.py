"""What an app process tells the engine about the app's functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

HTTP_TRIGGER = "httpTrigger"
TIMER_TRIGGER = "timerTrigger"
SERVICE_BUS_TRIGGER = "serviceBusTrigger"
ORCHESTRATION_TRIGGER = "orchestrationTrigger"
ACTIVITY_TRIGGER = "activityTrigger"
ENTITY_TRIGGER = "entityTrigger"
DURABLE_TRIGGERS = frozenset({ORCHESTRATION_TRIGGER, ACTIVITY_TRIGGER, ENTITY_TRIGGER})


@dataclass(frozen=True)
class FunctionDescription:
    """One function: its name and its bindings as the SDK writes them for function.json."""

    name: str
    bindings: tuple[Mapping[str, Any], ...]

    @property
    def trigger(self) -> Mapping[str, Any]:
        """The trigger's binding, or an empty mapping where a function has none."""
        return next((b for b in self.bindings if str(b.get("type", "")).lower().endswith("trigger")), {})

    @property
    def trigger_type(self) -> str:
        """The trigger's type, such as `httpTrigger`; empty where there is none."""
        return str(self.trigger.get("type", ""))

    @property
    def is_durable(self) -> bool:
        """Whether the function runs in, or talks to, the durable engine."""
        return self.trigger_type in DURABLE_TRIGGERS or any(
            b.get("type") == "durableClient" for b in self.bindings
        )

    def to_json(self) -> dict[str, Any]:
        """The description as it travels between the processes."""
        return {"name": self.name, "bindings": [dict(b) for b in self.bindings]}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "FunctionDescription":
        """The reverse of `to_json`."""
        return cls(name=document["name"], bindings=tuple(document["bindings"]))
