"""Which orchestrations this host may run, by their version.

The rules are those of DurableTask.Core: `VersioningSettings.CompareVersions` and
`TaskOrchestrationDispatcher.OnProcessWorkItemAsync`.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

MatchStrategy = Literal["None", "Strict", "CurrentOrOlder"]
FailureStrategy = Literal["Reject", "Fail"]

# What becomes the output of an orchestration that `Fail` ends (FailureDetails.ToString).
VERSION_MISMATCH: Final = "VersionMismatch: Orchestration version did not comply with Worker Versioning"

# System.Version: two to four numbers of 31 bits; a part that is absent counts as less than 0.
_DOTNET_VERSION = re.compile(r"\s*\+?\d+\s*(\.\s*\+?\d+\s*){1,3}")
_LARGEST_PART: Final = 2**31 - 1
_PARTS: Final = 4


@dataclass(frozen=True)
class VersionRule:
    """`defaultVersion`, `versionMatchStrategy` and `versionFailureStrategy` of host.json."""

    default: str | None = None
    match: MatchStrategy = "CurrentOrOlder"
    failure: FailureStrategy = "Reject"

    def admits(self, version: str | None) -> bool:
        """Tell whether an orchestration of this version may run here; None and "" are no version."""
        if self.match == "None":
            return True
        if self.match == "Strict":
            return (self.default or "") == (version or "")
        return compare_versions(version, self.default) <= 0


def compare_versions(one: str | None, other: str | None) -> int:
    """Return a number below, at or above 0; no version is older than any."""
    one, other = (one or "").strip(), (other or "").strip()
    if not one or not other:
        return bool(one) - bool(other)
    numbers = _numbers(one), _numbers(other)
    if numbers[0] is not None and numbers[1] is not None:
        return (numbers[0] > numbers[1]) - (numbers[0] < numbers[1])
    return (one.upper() > other.upper()) - (one.upper() < other.upper())


def _numbers(text: str) -> tuple[int, ...] | None:
    """Read what System.Version.TryParse reads; a single number is none, so it is compared as text."""
    if _DOTNET_VERSION.fullmatch(text) is None:
        return None
    parts = [int(part) for part in text.split(".")]
    if max(parts) > _LARGEST_PART:
        return None
    return (*parts, *[-1] * (_PARTS - len(parts)))
