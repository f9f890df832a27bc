"""The one place where requests to Cosmos DB are repeated; the SDK's own retries are off (see cosmos.py).

429 (throttled), 449 (two writes met), 408, 410 and 503, a session the replica has not caught up with, and
lost connections are repeated with exponential back-off and jitter, never sooner than `x-ms-retry-after-ms`.

A request whose answer got lost may have been carried out. It is repeated only when that is harmless:

- reads always;
- create, replace, delete, and batches with one of them: the repeat then fails with Conflict,
  PreconditionFailed or NotFound, which a caller resolves by reading (its own write, or another's);
- patches that only set values: the repeat changes nothing more.

An increment, append or remove that may have happened is not repeated, since it could count twice: the caller
gets StoreUnavailable.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from shared.store.contract import BatchOperation, Patch, PatchOperation
from shared.store.cosmos_errors import Repetition, repetition, retry_after_s, translate

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long a request is repeated; all times in seconds.

    The n-th wait is a random time between half and all of `first_wait_s * 2 ** (n - 1)`, at most
    `longest_wait_s`. A wait that would end later than `patience_s` after the first try is not begun.
    """

    tries: int = 8
    first_wait_s: float = 0.1
    longest_wait_s: float = 5.0
    patience_s: float = 30.0

    def wait_s(self, tries_made: int, asked_for_s: float) -> float:
        """Return the wait after so many tries, at least as long as the service asked for."""
        longest = min(self.longest_wait_s, self.first_wait_s * 2 ** (tries_made - 1))
        return max(asked_for_s, random.uniform(longest / 2, longest))


async def call_with_retries(
    call: Callable[[], Awaitable[_Result]], policy: RetryPolicy, *, what: str, harmless: bool
) -> _Result:
    """Return the call's result, repeating it as the policy says; raises the StoreError of its last failure.

    `harmless` says that carrying the request out twice does no harm; `what` names the request in an error.
    """
    from azure.core.exceptions import AzureError

    clock = asyncio.get_running_loop().time
    give_up_at = clock() + policy.patience_s
    tries_made = 0
    while True:
        try:
            return await call()
        except AzureError as error:
            tries_made += 1
            kind = repetition(error)
            wait_s = policy.wait_s(tries_made, retry_after_s(error))
            allowed = kind is Repetition.ALWAYS or (harmless and kind is Repetition.IF_HARMLESS)
            if not allowed or tries_made >= policy.tries or clock() + wait_s > give_up_at:
                raise translate(error, what) from error
        await asyncio.sleep(wait_s)


def patch_is_repeatable(operations: Sequence[PatchOperation]) -> bool:
    """Tell whether carrying out the patch twice equals carrying it out once."""
    return all(operation.kind == "set" for operation in operations)


def batch_is_repeatable(operations: Sequence[BatchOperation]) -> bool:
    """Tell whether a repeated batch fails as a whole or changes nothing more."""
    patches = [operation for operation in operations if isinstance(operation, Patch)]
    return len(patches) < len(operations) or all(patch_is_repeatable(patch.operations) for patch in patches)
