"""Keeping messages locked while their function runs, and not a moment longer.

Source: azure-sdk-for-net Azure.Messaging.ServiceBus ReceiverManager (RenewMessageLock, CalculateRenewDelay):
the renewal of a message ends with its processing, also where it could not be settled.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusReceivedMessage
    from azure.servicebus.aio import ServiceBusReceiver

_logger = logging.getLogger(__name__)

_MOST_AHEAD = timedelta(seconds=10)
_LEAST_PAUSE_SECONDS = 0.2


@asynccontextmanager
async def locks_renewed(
    receiver: "ServiceBusReceiver", messages: "Sequence[ServiceBusReceivedMessage]", longest: timedelta
) -> AsyncIterator[None]:
    """Renew the locks of messages as long as the block runs, but for `longest` at most."""
    until, ended = datetime.now(UTC) + longest, asyncio.Event()
    renewing = [asyncio.create_task(_renew(receiver, message, until, ended)) for message in messages]
    try:
        yield
    finally:
        # A cancellation alone is not enough: `asyncio.wait_for`, in which the SDK reads, loses one that comes
        # together with what it waits for (until Python 3.12), and the renewal would go on for `longest`.
        ended.set()
        for task in renewing:
            task.cancel()
        await asyncio.gather(*renewing, return_exceptions=True)


async def _renew(
    receiver: "ServiceBusReceiver",
    message: "ServiceBusReceivedMessage",
    until: datetime,
    ended: asyncio.Event,
) -> None:
    """Renew one lock in time, again and again; one that is lost stays lost."""
    from azure.servicebus.exceptions import MessageLockLostError, ServiceBusError

    while (locked_until := message.locked_until_utc) is not None:
        left = locked_until - datetime.now(UTC)
        pause = max((left - min(left / 2, _MOST_AHEAD)).total_seconds(), _LEAST_PAUSE_SECONDS)
        await asyncio.sleep(pause)
        if ended.is_set() or datetime.now(UTC) > until:
            return
        try:
            await receiver.renew_message_lock(message)
        except MessageLockLostError:
            return
        except (ServiceBusError, ValueError) as error:  # ValueError: the receiver is connecting again
            _logger.debug("the lock of message %s was not renewed: %s", message.message_id, error)
