"""Writes what happens to tokens and logins into `logging`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from keyrotor.fields import Event

_REFRESH: Final = logging.getLogger("keyrotor.refresh")
_LOGIN: Final = logging.getLogger("keyrotor.login")

_HOW: Final[dict[str, tuple[logging.Logger, int, str]]] = {
    "fetched": (_REFRESH, logging.INFO, "token refreshed"),
    "fetch_failed": (_REFRESH, logging.WARNING, "token not refreshed"),
    "degraded": (_REFRESH, logging.WARNING, "refreshing fails, the last token is still valid"),
    "recovered": (_REFRESH, logging.INFO, "refreshing works again"),
    "expired": (_REFRESH, logging.ERROR, "no valid token is left"),
    "rejected": (_LOGIN, logging.WARNING, "the server refused the token"),
    "reauthenticated": (_LOGIN, logging.INFO, "logged in again on the live connection"),
    "reauth_failed": (_LOGIN, logging.WARNING, "the login on the live connection failed"),
    "fallback": (_LOGIN, logging.WARNING, "logged in with the fallback password"),
    "identity_unknown": (_LOGIN, logging.WARNING, "the server does not say whose logins these are"),
}


def is_wanted(kind: str) -> bool:
    """Whether events of this kind are logged as things stand, so that others need not be made."""
    logger, level, _ = _how(kind)
    return logger.isEnabledFor(level)


def log(event: Event) -> None:
    """Runs on a thread of keyrotor's, which no refresh waits for."""
    logger, level, story = _how(event["kind"])
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
    logger.log(level, text, *arguments, extra={"keyrotor": event})


def _how(kind: str) -> tuple[logging.Logger, int, str]:
    return _HOW.get(kind, (_REFRESH, logging.INFO, kind))
