"""How to log in to the cache, as the environment says it."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping

import keyrotor
from keyrotor.config import Credentials, ElastiCache, MemoryDB, Password

_log = logging.getLogger("keyrotor")

_warned: set[str] = set()
_YES = {"1", "true", "yes", "on"}
_NO = {"", "0", "false", "no", "off"}
_MISSING, _INVALID = (104, "config-missing"), (105, "config-invalid")


def credentials_from_environment(environment: Mapping[str, str] | None = None) -> Credentials | None:
    """What the variables of teams that run Valkey say; `None` where no login is wanted.

    | variable | |
    |---|---|
    | `VALKEY_IAM_AUTH` or `USE_IAM_AUTH` | `true` for tokens; unset, `VALKEY_PASSWORD` is the login |
    | `VALKEY_CLUSTER_ID`, `VALKEY_USER` | the cache's name and the user, with tokens both needed |
    | `VALKEY_HOST` | where the service is not set: `.memorydb.` and `.serverless.` in it say which it is |
    | `KEYROTOR_SERVICE`, `KEYROTOR_SERVERLESS` | `elasticache` or `memorydb`; `true` or `false` |
    | `VALKEY_PASSWORD` | without tokens; with them it is ignored, and a warning says so |
    | `REQUIRE_IAM_AUTH` | `true` makes it an error that tokens are off |
    | `KEYROTOR_TOKEN_LIFE_SECONDS`, `KEYROTOR_LEASE_SECONDS` | shorter lives, for tests |

    Region and AWS keys are found as everywhere (`AWS_REGION`, …). Raises `keyrotor.ConfigError`, which names
    the variable.

    >>> login = {"VALKEY_IAM_AUTH": "true", "VALKEY_CLUSTER_ID": "c", "VALKEY_USER": "app"}
    >>> credentials_from_environment(login)
    ElastiCache(cluster_name='c', username='app', serverless=False)
    """
    says = os.environ if environment is None else environment
    is_iam = _switch(says, "VALKEY_IAM_AUTH") or _switch(says, "USE_IAM_AUTH")
    if not is_iam and _switch(says, "REQUIRE_IAM_AUTH"):
        message = (
            "REQUIRE_IAM_AUTH is on and VALKEY_IAM_AUTH off: set VALKEY_IAM_AUTH=true, or do not require it"
        )
        raise _error(message, "VALKEY_IAM_AUTH", _INVALID)
    password, user = says.get("VALKEY_PASSWORD"), says.get("VALKEY_USER") or None
    if not is_iam:
        if not password:
            _warn_once("VALKEY_IAM_AUTH is off and VALKEY_PASSWORD not set: connections do not log in")
            return None
        return Password(password=password, username=user)
    if password:
        _warn_once("VALKEY_PASSWORD is ignored, since VALKEY_IAM_AUTH is on")
    return _iam(says)


def _iam(says: Mapping[str, str]) -> Credentials:
    host = says.get("VALKEY_HOST", "")
    service = says.get("KEYROTOR_SERVICE") or ("memorydb" if ".memorydb." in host else "elasticache")
    cluster, user = _needed(says, "VALKEY_CLUSTER_ID"), _needed(says, "VALKEY_USER")
    life, lease = _seconds(says, "KEYROTOR_TOKEN_LIFE_SECONDS"), _seconds(says, "KEYROTOR_LEASE_SECONDS")
    if service == "memorydb":
        return MemoryDB(cluster_name=cluster, username=user, token_life_seconds=life, lease_seconds=lease)
    if service != "elasticache":
        message = (
            f"KEYROTOR_SERVICE is {service!r}: elasticache and memorydb can be configured by the environment"
        )
        raise _error(message, "KEYROTOR_SERVICE", _INVALID)
    is_serverless = _switch(says, "KEYROTOR_SERVERLESS", default=".serverless." in host)
    return ElastiCache(
        cluster_name=cluster,
        username=user,
        serverless=is_serverless,
        token_life_seconds=life,
        lease_seconds=lease,
    )


def _switch(says: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    given = says.get(name)
    if given is None:
        return default
    if given.strip().lower() in _YES:
        return True
    if given.strip().lower() in _NO:
        return False
    raise _error(f"{name} is {given!r}: true or false is expected", name, _INVALID)


def _needed(says: Mapping[str, str], name: str) -> str:
    given = says.get(name)
    if not given:
        raise _error(f"{name} is not set, and VALKEY_IAM_AUTH is on", name, _MISSING)
    return given


def _seconds(says: Mapping[str, str], name: str) -> int | None:
    given = says.get(name)
    if not given:
        return None
    try:
        return int(given)
    except ValueError:
        raise _error(f"{name} is {given!r}: whole seconds are expected", name, _INVALID) from None


def _warn_once(message: str) -> None:
    if message not in _warned:
        _warned.add(message)
        _log.warning(message)


def _error(message: str, name: str, code: tuple[int, str]) -> keyrotor.ConfigError:
    return keyrotor.ConfigError(message, code=code[0], name=code[1], field=name)
