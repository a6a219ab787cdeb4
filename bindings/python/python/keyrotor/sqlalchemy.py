"""SQLAlchemy 2: each new connection to RDS, Aurora, DSQL or Azure's PostgreSQL logs in with a fresh token.

With an engine of yours:

    engine = sqlalchemy.create_engine("postgresql+psycopg://app@db.abc.eu-west-1.rds.amazonaws.com/orders")
    keyrotor.sqlalchemy.install(engine, keyrotor.Rds(host="db.abc…", port=5432, username="app"))

Or with a URL alone, wherever one can be configured, see `UrlPlugin`:

    postgresql+psycopg://app@db.abc.eu-west-1.rds.amazonaws.com/orders?plugin=keyrotor

Drivers: psycopg (sync and async), psycopg2, asyncpg. TLS is `verify-full` unless the URL has its own, which
must verify the server too. Where the server refuses a token, the manager is told and the next one is tried
once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.engine import URL, CreateEnginePlugin, Dialect, Engine
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.util import await_only

from keyrotor._native import Credential, TokenManager
from keyrotor._postgres import age, endpoint, waiting
from keyrotor._postgres.errors import as_errors_of, coded
from keyrotor._postgres.login import Login, Tokens, Words
from keyrotor._postgres.tls import Flags, Tls
from keyrotor.errors import ConfigError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from typing_extensions import Unpack

__all__ = ["UrlPlugin", "install"]

_PREFIX = "keyrotor_"
_RETIRES_AT = "keyrotor_retires_at"


def install(
    engine: Engine | AsyncEngine,
    tokens: Tokens,
    /,
    *,
    longest_age: timedelta | None = None,
    **flags: Unpack[Flags],
) -> TokenManager:
    """Has the engine's new connections log in with these tokens; returns their manager.

    Password and user of the URL are replaced, the user only where the tokens are for one. Listeners of
    `do_connect` that are added later are not called. A connection that is older than `longest_age` is
    replaced when it is taken from the pool; unset: 55 minutes for DSQL, which ends sessions after 60.
    That there is no token is an `OperationalError`, caused by the `keyrotor.Error` that says why. Raises
    `keyrotor.ConfigError` for other drivers, and at each connection that would have no verified TLS.
    """
    login = Login.of(tokens, flags, longest_age)
    _install(engine if isinstance(engine, Engine) else engine.sync_engine, login)
    return login.manager


class UrlPlugin(CreateEnginePlugin):
    """The plugin `keyrotor` of URLs: `?plugin=keyrotor`, with parameters that the driver never sees.

    User, host and port are the URL's. `keyrotor_service` is `rds`, `dsql` or `entra`; unset, the host's
    name says which. Others are fields of that service's credentials in the `.proto` file:
    `keyrotor_region`, `keyrotor_profile`, `keyrotor_role_arn`, `keyrotor_host` and `keyrotor_port` (the
    endpoint, where the URL leads through a tunnel), …; and `keyrotor_allow_plaintext` and
    `keyrotor_allow_unverified_tls`.
    """

    def __init__(self, url: URL, kwargs: dict[str, Any]) -> None:
        super().__init__(url, kwargs)
        self._names = [name for name in url.query if name.startswith(_PREFIX)]
        options = {name.removeprefix(_PREFIX): url.query[name] for name in self._names}
        self._login = endpoint.login(url.host, url.port, url.username, options)

    def update_url(self, url: URL) -> URL:
        """The URL as the driver gets it."""
        return url.difference_update_query(self._names)

    def engine_created(self, engine: Engine) -> None:
        """Installs the login, and leaves the engine its whole URL: some make other engines of it."""
        _install(engine, self._login)
        engine.url = self.url


def _install(engine: Engine, login: Login) -> None:
    event.listen(engine, "do_connect", _Connector(login, engine.dialect))
    if login.longest_age is not None:
        _retire_after(engine, login.longest_age)


class _Connector:
    """Makes an engine's connections."""

    def __init__(self, login: Login, dialect: Dialect) -> None:
        self._login = login
        self._secured = _DRIVERS.get(dialect.driver, _unknown_driver)(dialect)

    def __call__(
        self, dialect: Dialect, _record: object, arguments: list[Any], parameters: dict[str, Any]
    ) -> Any:
        secured = {**parameters, **self._secured(self._login.tls, parameters)}

        def dial(words: Words) -> Any:
            return dialect.connect(*arguments, **{**secured, **words})

        with as_errors_of(dialect.dbapi):
            return self._login.connect(dial, self._ask_async if dialect.is_async else None)

    def _ask_async(self) -> Credential:
        # SQLAlchemy runs this in a greenlet of the task that wants the connection.
        return await_only(waiting.credential_async(self._login.manager))


def _retire_after(engine: Engine, longest: timedelta) -> None:
    def note(_connection: object, record: Any) -> None:
        record.info[_RETIRES_AT] = age.retires_at(longest)

    def check(_connection: object, record: Any, _fairy: object) -> None:
        retirement = record.info.get(_RETIRES_AT)
        if retirement is not None and age.is_due(retirement):
            raise DisconnectionError("the connection is too old; a new one takes its place")

    event.listen(engine, "connect", note)
    event.listen(engine, "checkout", check)


_Secured = Callable[[Tls, dict[str, Any]], dict[str, Any]]


def _psycopg(dialect: Dialect) -> _Secured:
    driver: Any = dialect.dbapi
    version: int = getattr(driver, "__libpq_version__", 0) or driver.pq.version()
    return lambda tls, given: tls.libpq(given, version)


def _asyncpg(_dialect: Dialect) -> _Secured:
    return lambda tls, given: {"ssl": tls.asyncpg(given.get("ssl"), given.get("host"), None)}


def _unknown_driver(dialect: Dialect) -> _Secured:
    raise coded(
        ConfigError,
        "config-unsupported",
        "tokens are known to work with psycopg, psycopg2 and asyncpg, not with "
        f"{dialect.name}+{dialect.driver}; for others, listen to `do_connect` and set user and password from "
        "TokenManager.credential()",
        field="url",
    )


_DRIVERS: dict[str, Callable[[Dialect], _Secured]] = {
    "psycopg": _psycopg,
    "psycopg_async": _psycopg,
    "psycopg2": _psycopg,
    "asyncpg": _asyncpg,
}
