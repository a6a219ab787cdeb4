"""Keeps cache and database connections logged in with short-lived cloud tokens.

`TokenManager` keeps one identity's token fresh, for the client that you already have:

>>> key = AccessKey(access_key_id="AKIDEXAMPLE", secret_access_key="…")  # Left out: AWS's default chain.
>>> cache = ElastiCache(cluster_name="my-cache", username="app", region="eu-west-1", access_key=key)
>>> with TokenManager(cache) as manager:
...     password = manager.token()
...     credential = manager.credential()
>>> credential.user, credential.secret == password, password[:24]
('app', True, 'my-cache/?Action=connect')

`Client` is a Redis and Valkey client whose connection stays logged in:

    with Client.connect(addresses=["my-cache.example.com"], tls_mode="SecureTls", credentials=...) as client:
        client.execute("SET", "key", "value")

All errors are `keyrotor.Error`.
"""

# isort: off
from keyrotor import _interpreter as _interpreter  # First: it may refuse.
# isort: on

from keyrotor._native import (
    FILE_DESCRIPTOR_SET,
    AsyncClient,
    AsyncPipeline,
    AsyncPubSub,
    AsyncWatch,
    Client,
    Credential,
    Pipeline,
    PubSub,
    Routing,
    Script,
    Subscription,
    TokenManager,
    Watch,
    __version__,
    connection_request_from_glide,
)
from keyrotor.errors import (
    AuthError,
    ClosedError,
    ConfigError,
    CredentialsError,
    Error,
    InternalError,
    NetworkError,
    RequestError,
    ServerError,
)

TYPE_CHECKING = False  # Not `typing`'s, which would have to be loaded.
if TYPE_CHECKING:
    from keyrotor.callbacks import (
        Callback,
        Expiry,
        KeyAnswer,
        KeyFunction,
        Login,
        LoginAnswer,
        LoginFunction,
        TemporaryKey,
    )
    from keyrotor.config import (
        AccessKey,
        ClientCertificate,
        Credentials,
        Dsql,
        ElastiCache,
        EntraId,
        MemoryDB,
        Password,
        Rds,
        UserAssignedManagedIdentity,
        WorkloadIdentity,
    )
    from keyrotor.fields import (
        Address,
        Argument,
        ConnectionFields,
        ConnectionStats,
        Counts,
        ErrorDetail,
        Event,
        RefreshPolicy,
        Request,
        RetryPolicy,
        Stats,
        Status,
    )
    from keyrotor.pubsub import (
        Gap,
        Interrupted,
        Message,
    )

__all__ = [
    "FILE_DESCRIPTOR_SET",
    "AccessKey",
    "Address",
    "Argument",
    "AsyncClient",
    "AsyncPipeline",
    "AsyncPubSub",
    "AsyncWatch",
    "AuthError",
    "Callback",
    "Client",
    "ClientCertificate",
    "ClosedError",
    "ConfigError",
    "ConnectionFields",
    "ConnectionStats",
    "Counts",
    "Credential",
    "Credentials",
    "CredentialsError",
    "Dsql",
    "ElastiCache",
    "EntraId",
    "Error",
    "ErrorDetail",
    "Event",
    "Expiry",
    "Gap",
    "InternalError",
    "Interrupted",
    "KeyAnswer",
    "KeyFunction",
    "Login",
    "LoginAnswer",
    "LoginFunction",
    "MemoryDB",
    "Message",
    "NetworkError",
    "Password",
    "Pipeline",
    "PubSub",
    "Rds",
    "RefreshPolicy",
    "Request",
    "RequestError",
    "RetryPolicy",
    "Routing",
    "Script",
    "ServerError",
    "Stats",
    "Status",
    "Subscription",
    "TemporaryKey",
    "TokenManager",
    "UserAssignedManagedIdentity",
    "Watch",
    "WorkloadIdentity",
    "__version__",
    "connection_request_from_glide",
]

# Loaded with the first use of them, since they are most of the time that an import takes.
_HOMES = {
    "Callback": "keyrotor.callbacks",
    "Expiry": "keyrotor.callbacks",
    "KeyAnswer": "keyrotor.callbacks",
    "KeyFunction": "keyrotor.callbacks",
    "Login": "keyrotor.callbacks",
    "LoginAnswer": "keyrotor.callbacks",
    "LoginFunction": "keyrotor.callbacks",
    "TemporaryKey": "keyrotor.callbacks",
    "AccessKey": "keyrotor.config",
    "ClientCertificate": "keyrotor.config",
    "Credentials": "keyrotor.config",
    "Dsql": "keyrotor.config",
    "ElastiCache": "keyrotor.config",
    "EntraId": "keyrotor.config",
    "MemoryDB": "keyrotor.config",
    "Password": "keyrotor.config",
    "Rds": "keyrotor.config",
    "UserAssignedManagedIdentity": "keyrotor.config",
    "WorkloadIdentity": "keyrotor.config",
    "Address": "keyrotor.fields",
    "Argument": "keyrotor.fields",
    "ConnectionFields": "keyrotor.fields",
    "ConnectionStats": "keyrotor.fields",
    "Counts": "keyrotor.fields",
    "ErrorDetail": "keyrotor.fields",
    "Event": "keyrotor.fields",
    "RefreshPolicy": "keyrotor.fields",
    "Request": "keyrotor.fields",
    "RetryPolicy": "keyrotor.fields",
    "Stats": "keyrotor.fields",
    "Status": "keyrotor.fields",
    "Gap": "keyrotor.pubsub",
    "Interrupted": "keyrotor.pubsub",
    "Message": "keyrotor.pubsub",
}

_MODULES = {*(home.removeprefix("keyrotor.") for home in _HOMES.values())}

if not TYPE_CHECKING:  # Or checkers would take any name for one of these.

    def __getattr__(name: str) -> object:
        home = _HOMES.get(name)
        if home is None and name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import importlib  # noqa: PLC0415  # Not needed for the import itself.

        if home is None:
            return importlib.import_module(f"keyrotor.{name}")
        value = globals()[name] = getattr(importlib.import_module(home), name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *_HOMES, *_MODULES})
