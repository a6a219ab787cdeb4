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

# The compiled half asks for these; nothing is read from disk later.
from keyrotor import _awaiting as _awaiting
from keyrotor import _event_loop as _event_loop
from keyrotor import _events as _events
from keyrotor import _message as _message
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
from keyrotor.pubsub import Gap, Interrupted, Message

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
