"""How old a connection may become where the server ends sessions."""

from __future__ import annotations

import random
from datetime import timedelta
from time import monotonic

DSQL_LONGEST_AGE = timedelta(minutes=55)
"""DSQL ends each session after 60 minutes, and whoever takes a connection wants to use it for a while."""

# Connections that were made together are retired over this share of their age, so that they are not made
# together again.
_SPREAD = 0.1


def retires_at(longest: timedelta) -> float:
    """When a connection that was made just now is too old, on the clock of `is_due`."""
    return monotonic() + spread(longest)


def spread(longest: timedelta) -> float:
    """So many seconds, up to a tenth less."""
    return longest.total_seconds() * (1 - _SPREAD * random.random())  # noqa: S311  # No secret hangs on it.


def is_due(retirement: float) -> bool:
    """Whether that moment has come."""
    return monotonic() >= retirement
