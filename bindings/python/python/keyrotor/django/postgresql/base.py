"""Django's PostgreSQL backend, logging in to RDS, Aurora, DSQL or Azure's PostgreSQL with tokens.

    DATABASES = {
        "default": {
            "ENGINE": "keyrotor.django.postgresql",
            "HOST": "db.abc.eu-west-1.rds.amazonaws.com",
            "PORT": 5432,
            "NAME": "orders",
            "USER": "app",
            "OPTIONS": {"sslrootcert": "global-bundle.pem", "keyrotor": {"region": "eu-west-1"}},
        }
    }

`OPTIONS["keyrotor"]` may be left out. It holds `service` (rds, dsql, entra; unset, the host's name says
which), the fields of that service's credentials in the `.proto` file, `allow_plaintext` and
`allow_unverified_tls`; or it is a `keyrotor.Credentials` object. `PASSWORD` is not used. `OPTIONS["pool"]`
and `CONN_MAX_AGE` work: each new connection has a fresh token, and those to DSQL are replaced in time.

Other backends built on Django's own: `class DatabaseWrapper(TokenLogin, postgis.DatabaseWrapper)`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.db.backends.postgresql import base
from django.db.backends.postgresql.client import DatabaseClient as PostgresClient
from django.db.backends.postgresql.psycopg_any import is_psycopg3

from keyrotor._postgres.errors import as_errors_of
from keyrotor.django.postgresql._logins import OPTION, login_of

if TYPE_CHECKING:
    from keyrotor._postgres.login import Login, Words

__all__ = ["DatabaseClient", "DatabaseWrapper", "TokenLogin"]


class DatabaseClient(PostgresClient):  # type: ignore[misc]  # Django has no types.
    """`manage.py dbshell` with a token."""

    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: list[str]
    ) -> tuple[list[str], dict[str, str]]:
        """psql's arguments and environment."""
        login = login_of(settings_dict)
        words = login.words()
        settings = {
            **settings_dict,
            "PASSWORD": words["password"],
            "USER": words.get("user", settings_dict["USER"]),
        }
        options = settings["OPTIONS"]
        # psql brings a libpq of its own; that of the driver is a guess.
        settings["OPTIONS"] = {
            **options,
            **login.tls.libpq({"host": settings["HOST"], **options}, _libpq_version()),
        }
        arguments, environment = super().settings_to_cmd_args_env(settings, parameters)
        return arguments, environment


class TokenLogin:
    """What makes a backend log in with tokens: a mixin, before the backend's own class."""

    client_class = DatabaseClient
    settings_dict: dict[str, Any]
    close_at: float | None

    def get_connection_params(self) -> dict[str, Any]:
        """The driver's parameters, with a token that is good now."""
        given: dict[str, Any] = super().get_connection_params()  # type: ignore[misc]
        given.pop(OPTION, None)
        login = login_of(self.settings_dict)
        secured = {**given, **login.tls.libpq(given, _libpq_version())}
        with as_errors_of(base.Database):
            return {**secured, **login.words()}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection with a token that is good now."""
        parent: Any = super()
        if self.pool is not None:
            return parent.get_new_connection(conn_params)

        def dial(words: Words) -> Any:
            return parent.get_new_connection({**conn_params, **words})

        with as_errors_of(base.Database):
            return login_of(self.settings_dict).connect(dial)

    def connect(self) -> None:
        """Connects, and has the connection closed before the server ends it."""
        super().connect()  # type: ignore[misc]
        longest = login_of(self.settings_dict).longest_age
        if longest is not None:
            latest = time.monotonic() + longest.total_seconds()
            self.close_at = latest if self.close_at is None else min(self.close_at, latest)

    @property
    def pool(self) -> Any:
        """The pool. Django gives it the parameters once, so that its connections must ask for a token."""
        pool = getattr(super(), "pool", None)  # Django has pools from 5.1 on.
        if pool is not None:
            _log_in_by_class(pool, login_of(self.settings_dict))
        return pool


class DatabaseWrapper(TokenLogin, base.DatabaseWrapper):  # type: ignore[misc]  # Django has no types.
    """The backend."""


def _log_in_by_class(pool: Any, login: Login) -> None:
    from keyrotor._postgres import by_class  # noqa: PLC0415  # A pool has psycopg, others need not.

    if issubclass(pool.connection_class, by_class.Blocking):
        return
    pool.connection_class = by_class.blocking(login, pool.connection_class)
    if login.longest_age is not None:
        pool.max_lifetime = min(pool.max_lifetime, login.longest_age.total_seconds())


def _libpq_version() -> int:
    driver: Any = base.Database
    version: int = driver.pq.version() if is_psycopg3 else driver.__libpq_version__
    return version
