"""Whether a command opens or ends a transaction."""

from __future__ import annotations

_OPEN, _END = ("MULTI", "WATCH"), ("EXEC", "DISCARD", "UNWATCH")
_KNOWN = {spelt: name in _OPEN for name in _OPEN + _END for spelt in (name, name.lower(), name.encode())}


def after(command: object, *, is_open: bool) -> bool:
    """Whether a transaction is open once this command was sent.

    redis-py sends the whole of a pipeline's MULTI … EXEC in one piece, so that only WATCH is seen of it; what
    watches is over when its pool hands the connection out again.
    """
    return _KNOWN.get(command, is_open) if isinstance(command, str | bytes) else is_open
