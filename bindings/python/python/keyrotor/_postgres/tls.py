"""No token without TLS that knows the server: whoever answers could log in with it."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from keyrotor._postgres.errors import coded
from keyrotor.errors import ConfigError

_VERIFIED = "verify-full"
_ENCRYPTED = "require"
# libpq's `sslrootcert=system` begins with version 16.
_LIBPQ_WITH_SYSTEM_ROOTS = 160000


class Flags(TypedDict, total=False):
    """What a caller may give up, for a way that is safe by other means, and for tests."""

    allow_plaintext: bool
    allow_unverified_tls: bool


FLAGS = tuple(Flags.__optional_keys__)


def take_flags(arguments: dict[str, Any]) -> Flags:
    """Takes the flags out of a driver's arguments."""
    flags = Flags()
    if "allow_plaintext" in arguments:
        flags["allow_plaintext"] = arguments.pop("allow_plaintext")
    if "allow_unverified_tls" in arguments:
        flags["allow_unverified_tls"] = arguments.pop("allow_unverified_tls")
    return flags


@dataclass(frozen=True, kw_only=True)
class Tls:
    """What TLS a token may go through."""

    allow_plaintext: bool = False
    allow_unverified_tls: bool = False
    has_public_authority: bool = False
    """Whether the server's certificate hangs under the system's roots, as DSQL's does and RDS's does not."""

    def libpq(self, given: Mapping[str, object], version: int) -> dict[str, str]:
        """What to add to parameters of libpq's; `version` is libpq's number."""
        if _is_local(given.get("host")):
            return {}
        added = {}
        mode = given.get("sslmode") or None
        if mode is not None:
            self._check(str(mode), "sslmode")
        elif (mode := self._default()) is not None:
            added["sslmode"] = mode
        has_roots = given.get("sslrootcert") or os.environ.get("PGSSLROOTCERT")
        knows_system_roots = self.has_public_authority and version >= _LIBPQ_WITH_SYSTEM_ROOTS
        if mode == _VERIFIED and knows_system_roots and not has_roots:
            added["sslrootcert"] = "system"
        return added

    def asyncpg(self, given: object, host: object, mode_of_dsn: str | None) -> object:
        """asyncpg's argument `ssl`, in place of the one that was given."""
        if _is_local(host):
            return given
        if given is None and mode_of_dsn:
            self._check(mode_of_dsn, "sslmode")
            return None
        if given is None:
            return self._default_of_asyncpg()
        self._check(_mode(given), "ssl")
        return given

    def _default(self) -> str | None:
        if self.allow_plaintext:
            return None
        return _ENCRYPTED if self.allow_unverified_tls else _VERIFIED

    def _default_of_asyncpg(self) -> object:
        mode = self._default()
        if mode == _VERIFIED and self.has_public_authority and not os.environ.get("PGSSLROOTCERT"):
            return ssl.create_default_context()
        return mode

    def _check(self, mode: str, field: str) -> None:
        if mode == _VERIFIED or self.allow_plaintext:
            return
        if mode not in {_ENCRYPTED, "verify-ca"}:
            raise _insecure(field, mode, "may send the token without TLS", "allow_plaintext")
        if not self.allow_unverified_tls:
            raise _insecure(field, mode, "does not verify the server's name", "allow_unverified_tls")


def _mode(given: object) -> str:
    """libpq's word for a value of asyncpg's `ssl`."""
    match given:
        case True:
            return _VERIFIED
        case False:
            return "disable"
        case ssl.SSLContext():
            is_verified = given.verify_mode is ssl.CERT_REQUIRED and given.check_hostname
            return _VERIFIED if is_verified else _ENCRYPTED
    # Its own enumeration has names with underscores.
    return str(getattr(given, "name", given)).replace("_", "-")


def _is_local(host: object) -> bool:
    """Whether the way leads over Unix sockets only, which know no TLS."""
    hosts = host.split(",") if isinstance(host, str) else host
    if not isinstance(hosts, list | tuple) or not hosts:
        return False
    return all(isinstance(one, str | Path) and str(one).startswith("/") for one in hosts)


def _insecure(field: str, mode: str, why: str, way_out: str) -> ConfigError:
    return coded(
        ConfigError,
        "config-insecure",
        f"{field}={mode} {why}, and whoever answers could log in with it. Use verify-full, with the "
        "authority's certificates in sslrootcert (or PGSSLROOTCERT): RDS's are "
        "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem, DSQL's are the system's. "
        f"Where the way is safe by other means, say {way_out}.",
        field=field,
    )
