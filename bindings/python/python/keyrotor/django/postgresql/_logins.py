"""One login for each identity of a process: Django makes a connection object in every thread."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from typing import Any

from keyrotor._message import _plain
from keyrotor._postgres import endpoint
from keyrotor._postgres.login import Login
from keyrotor.config import Credentials

OPTION = "keyrotor"

known: dict[Hashable, Login] = {}


def login_of(settings: Mapping[str, Any]) -> Login:
    """The login that a database's settings ask for."""
    given = settings["OPTIONS"].get(OPTION, {})
    place = (settings["HOST"], settings["PORT"], settings["USER"])
    key = (*place, _key(given))
    login = known.get(key)
    if login is None:
        login = Login.of(given) if isinstance(given, Credentials) else endpoint.login(*place, given)
        # Of two threads one is the first; a manager that nobody asks does nothing.
        login = known.setdefault(key, login)
    return login


def _key(given: object) -> Hashable:
    if isinstance(given, Credentials):
        return given
    if isinstance(given, Mapping):
        return json.dumps(given, sort_keys=True, default=_plain)
    # Django copies settings, which nothing else survives as what it is.
    raise TypeError(
        f'OPTIONS["{OPTION}"] holds a mapping of options or keyrotor.Credentials, not {type(given).__name__}'
    )
