"""What becomes of requests to Cosmos DB in bad weather: drawn by a seed, request by request."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from http import HTTPStatus

from shared.store.cosmos_errors import RETRY_AFTER_HEADER, RETRY_WITH
from tests.support.cosmos_faults import Answer, Behind, BreakOff, Fault, HangUp
from tests.support.cosmos_proxy import PRECONDITION_FAILED, Asked, Weather

THROTTLED = Answer(HTTPStatus.TOO_MANY_REQUESTS, {RETRY_AFTER_HEADER: "40"})
TWO_WRITES_MET = Answer(RETRY_WITH)
UNAVAILABLE = Answer(HTTPStatus.SERVICE_UNAVAILABLE)
LOST_BEFORE = HangUp()
LOST_AFTER = HangUp(after=True)
"""The answer is lost, and the write has happened."""
BROKEN_OFF = BreakOff()
BEHIND = Behind()
SHARE_BEHIND = 0.7

STORM: Mapping[Fault, float] = {
    THROTTLED: 0.06,
    TWO_WRITES_MET: 0.04,
    UNAVAILABLE: 0.03,
    PRECONDITION_FAILED: 0.04,
    LOST_BEFORE: 0.03,
    LOST_AFTER: 0.06,
    BROKEN_OFF: 0.03,
}
"""How likely each fault is for a request that may meet it."""


def storm(seed: int, likelihoods: Mapping[Fault, float] = STORM) -> Weather:
    """Return weather in which each request may meet one of the faults."""
    drawn = random.Random(seed)
    lock = threading.Lock()

    def weather(asked: Asked) -> Fault | None:
        with lock:
            chance = drawn.random()
        for fault, likelihood in likelihoods.items():
            if chance < likelihood:
                return fault if _may_meet(fault, asked) else None
            chance -= likelihood
        return None

    return weather


def lagging(seed: int) -> Weather:
    """Return weather in which most point reads are answered from a replica that is behind, if one may be."""
    drawn = random.Random(seed)
    lock = threading.Lock()

    def weather(asked: Asked) -> Fault | None:
        with lock:
            is_behind = drawn.random() < SHARE_BEHIND
        return BEHIND if asked.reads_one and is_behind else None

    return weather


def outage(_: Asked) -> Fault | None:
    """Answer nothing but 503."""
    return UNAVAILABLE


def _may_meet(fault: Fault, asked: Asked) -> bool:
    if fault == PRECONDITION_FAILED:
        return asked.conditional
    return asked.writes if fault == TWO_WRITES_MET else True
