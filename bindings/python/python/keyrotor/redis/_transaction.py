"""The commands that open or end a transaction.

redis-py sends the whole of a pipeline's MULTI … EXEC in one piece, so that only WATCH is seen of it: what it
watches is over when its pool hands the connection out again.
"""

from __future__ import annotations

_OPEN, _END = ("MULTI", "WATCH"), ("EXEC", "DISCARD", "UNWATCH")

TRANSACTIONS: dict[object, bool] = {
    spelt: name in _OPEN for name in _OPEN + _END for spelt in (name, name.lower(), name.encode())
}
"""Whether a transaction is open after each of them, in the spellings that clients have for it."""
