"""The emulator's databases before a real PostgreSQL, and what leads to them."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import itertools
import ssl
import traceback
import warnings
from collections.abc import Coroutine
from typing import Any, TypeVar

import keyrotor
import keyrotor.testing

REGION = "eu-west-1"
KEY = keyrotor.AccessKey(
    access_key_id="AKIDEXAMPLE", secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)
DATABASE = "orders"
WHO = "SELECT current_user"
# DSQL's 60 minutes, in seconds that a test can wait for.
SESSION_LIMIT = 5
_Result = TypeVar("_Result")
_USERS = [f"app{number}" for number in range(100)]
AZURE = "azure_postgres"
SECRET = "made-up"
_APPLICATIONS = [
    {
        "client_id": f"00000000-aaaa-0000-0000-00000000{number:04}",
        "object_id": f"00000000-bbbb-0000-0000-00000000{number:04}",
        "secrets": [SECRET],
    }
    for number in range(len(_USERS))
]
"""One for each user: nobody else has its tokens."""


class Databases(keyrotor.testing.Emulator):
    """One database of each service. Each test logs in as somebody else, with tokens of its own."""

    def __init__(self) -> None:
        keys = [{"id": KEY.access_key_id, "secret": KEY.secret_access_key}]
        rds = {"users": _USERS, "database": DATABASE}
        dsql = {"users": _USERS, "session_limit": SESSION_LIMIT}
        owners = zip(_USERS, _APPLICATIONS, strict=True)
        azure = {"users": {user: of["object_id"] for user, of in owners}, "database": DATABASE}
        entra = {"applications": _APPLICATIONS}
        sections = {"rds": rds, "dsql": dsql, AZURE: azure, "entra": entra}
        super().__init__({"region": REGION, "keys": keys, **sections})
        self._users = itertools.cycle(_USERS)

    def front(self, name: str) -> Front:
        """The front of a name, as a new user."""
        return Front(self, name, next(self._users))


class Front:
    """One user of the `rds`, `dsql` or `azure_postgres` front."""

    key = KEY

    def __init__(self, databases: Databases, name: str, user: str) -> None:
        self.name = name
        self.user = user
        self.port = int(databases.ready[name]["address"].rpartition(":")[2])
        self.ca = str(databases.ca)
        self.database = "postgres" if name == "dsql" else DATABASE
        self.application = str(_APPLICATIONS[_USERS.index(user)]["client_id"])
        self.tenant: dict[str, Any] = databases.ready["entra"]
        self._databases = databases

    @property
    def credentials(self) -> keyrotor.Credentials:
        """What a manager of this user's tokens is made of."""
        if self.name == AZURE:
            return keyrotor.EntraId(
                tenant_id=self.tenant["tenant"],
                client_id=self.application,
                client_secret=SECRET,
                username=self.user,
                scope="https://ossrdbms-aad.database.windows.net/.default",
                authority=self.tenant["http"],
            )
        if self.name == "dsql":
            return keyrotor.Dsql(host="localhost", username=self.user, region=REGION, access_key=KEY)
        return keyrotor.Rds(
            host="localhost", port=self.port, username=self.user, region=REGION, access_key=KEY
        )

    @property
    def options(self) -> dict[str, str]:
        """What the adapters that know addresses only have to be told of Azure's, beside the secret."""
        return {
            "service": "entra",
            "tenant_id": self.tenant["tenant"],
            "client_id": self.application,
            "authority": self.tenant["http"],
        }

    @property
    def conninfo(self) -> str:
        """The way there in libpq's words, without user, password and sslmode."""
        return (
            f"host=localhost port={self.port} dbname={self.database} sslrootcert={self.ca} gssencmode=disable"
        )

    @property
    def verified(self) -> ssl.SSLContext:
        """TLS that trusts the front."""
        return ssl.create_default_context(cafile=self.ca)

    def url(self, driver: str, secret: str = "", **parameters: str) -> str:
        """The way there as SQLAlchemy's URL."""
        libpq = {} if driver == "asyncpg" else {"sslrootcert": self.ca, "gssencmode": "disable"}
        query = "&".join(f"{name}={value}" for name, value in {**libpq, **parameters}.items())
        login = f"{self.user}:{secret}" if secret else self.user
        return f"postgresql+{driver}://{login}@localhost:{self.port}/{self.database}?{query}"

    def fault(self, name: str, **body: Any) -> None:
        """Breaks something."""
        self._databases.ask(f"/{self.name}/faults/{name}", body)

    def kill(self) -> None:
        """Breaks off all connections, and returns when the front has let go of them."""
        open_before = {one["id"] for one in self._connections() if one["why"] is None}
        self.fault("kill")
        while any(one["id"] in open_before and one["why"] is None for one in self._connections()):
            pass

    def revoke(self, token: str) -> None:
        """From now on this token is as bad as one whose 15 minutes are over."""
        self.fault("refuse", token_sha256=_hash(token))

    def recover(self) -> None:
        """Ends all faults."""
        self._databases.faults.clear()

    def logins(self) -> list[dict[str, Any]]:
        """This user's logins, the newest last."""
        every: list[dict[str, Any]] = self._databases.record()[self.name]["logins"]
        return [login for login in every if login["user"] == self.user]

    def carried(self, token: str) -> bool:
        """Whether a login with this token was accepted."""
        wanted = (_hash(token), "accepted")
        return any((login["token_sha256"], login["outcome"]) == wanted for login in self.logins())

    def _connections(self) -> list[dict[str, Any]]:
        connections: list[dict[str, Any]] = self._databases.record()[self.name]["connections"]
        return connections

    def outcomes(self) -> list[str]:
        """How this user's logins ended."""
        return [login["outcome"] for login in self.logins()]


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def run(task: Coroutine[Any, Any, _Result]) -> _Result:
    """`asyncio.run`, without the news that asyncpg leaves the transport of a failed login in its loop."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            return asyncio.run(task)
        except Exception as error:
            _let_go(error)
            raise
        finally:
            gc.collect()


def _let_go(error: BaseException | None) -> None:
    """Empties the frames that an error's tracebacks keep."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
