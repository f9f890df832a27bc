"""Durations in ISO 8601's notation, which Service Bus writes its properties in."""

import re
from datetime import timedelta

_FORM = re.compile(
    r"P(?=.)(?:(?P<weeks>\d{1,7})W)?(?:(?P<days>\d{1,8})D)?"
    r"(?:T(?=.)(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9}(?:\.\d{1,9})?)S)?)?"
)


def parse_iso_duration(text: str) -> timedelta:
    """Read `P[nW][nD][T[nH][nM][n.nS]]`; raises ValueError for anything else, also for years and months,
    whose length is not fixed."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is not an ISO 8601 duration such as PT5M or P2D")
    try:
        return timedelta(**{name: float(value) for name, value in match.groupdict().items() if value})
    except OverflowError:
        raise ValueError(f"'{text}' is too long a duration") from None
