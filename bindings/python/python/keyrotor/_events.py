"""Writes what happens to tokens and logins into `logging`.

Where nobody has loaded `logging`, as by setting it up, this does not either: that would be a good part of a
program's start. What `logging` would write then, by its last resort, is written all the same.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # Not `typing`'s, which would have to be loaded.
if TYPE_CHECKING:
    import logging
    from typing import Any, Final, TypeAlias

    from keyrotor.fields import Event

    _How: TypeAlias = tuple[str, int, str]

_REFRESH: Final = "keyrotor.refresh"
_LOGIN: Final = "keyrotor.login"

# The numbers are part of what `logging` promises.
_INFO: Final = 20
_WARNING: Final = 30
_ERROR: Final = 40

_HOW: Final[dict[str, _How]] = {
    "fetched": (_REFRESH, _INFO, "token refreshed"),
    "fetch_failed": (_REFRESH, _WARNING, "token not refreshed"),
    "degraded": (_REFRESH, _WARNING, "refreshing fails, the last token is still valid"),
    "recovered": (_REFRESH, _INFO, "refreshing works again"),
    "expired": (_REFRESH, _ERROR, "no valid token is left"),
    "rejected": (_LOGIN, _WARNING, "the server refused the token"),
    "reauthenticated": (_LOGIN, _INFO, "logged in again on the live connection"),
    "reauth_failed": (_LOGIN, _WARNING, "the login on the live connection failed"),
    "fallback": (_LOGIN, _WARNING, "logged in with the fallback password"),
    "identity_unknown": (_LOGIN, _WARNING, "the server does not say whose logins these are"),
}


def is_wanted(kind: str) -> bool:
    """Whether events of this kind are logged as things stand, so that others need not be made."""
    name, level, _ = _how(kind)
    logger = _logger(name)
    return level >= _WARNING if logger is None else logger.isEnabledFor(level)


def log(event: Event) -> None:
    """Runs on a thread of keyrotor's, which no refresh waits for."""
    name, level, story = _how(event["kind"])
    text = "%s: %s (generation %d"
    arguments: list[Any] = [event["source"], story, event["generation"]]
    if event["expires_at"] is not None:
        text += ", expires %s"
        arguments.append(event["expires_at"])
    text += ")"
    if event["error"] is not None:
        text += ": %s: %s"
        arguments += [event["error"]["name"], event["error"]["message"]]
    if event["missed"]:
        text += " [%d earlier events were not logged]"
        arguments.append(event["missed"])
    logger = _logger(name)
    if logger is not None:
        logger.log(level, text, *arguments, extra={"keyrotor": event})
    elif sys.stderr is not None:
        sys.stderr.write(text % tuple(arguments) + "\n")


def _how(kind: str) -> _How:
    return _HOW.get(kind, (_REFRESH, _INFO, kind))


def _logger(name: str) -> logging.Logger | None:
    # A thread of keyrotor's loads nothing itself; and whoever is just loading it has not set it up yet.
    get_logger = getattr(sys.modules.get("logging"), "getLogger", None)
    return None if get_logger is None else get_logger(name)
