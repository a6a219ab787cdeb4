"""Keeps cache and database connections logged in with short-lived cloud tokens.

`TokenManager` keeps one identity's token fresh, for the client that you already have:

    manager = TokenManager(ElastiCache(cluster_name="my-cache", username="app", region="eu-west-1"))
    password = manager.token()

`Client` is a Redis and Valkey client whose connection stays logged in:

    with Client.connect(addresses=["my-cache.example.com"], tls_mode="SecureTls", credentials=...) as client:
        client.execute("SET", "key", "value")

All errors are `keyrotor.Error`.
"""

from keyrotor import _message as _message  # The compiled half asks for it; nothing is read from disk later.
from keyrotor._native import (
    FILE_DESCRIPTOR_SET,
    Client,
    Credential,
    Pipeline,
    Subscription,
    TokenManager,
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
from keyrotor.config import AccessKey, Credentials, Dsql, ElastiCache, MemoryDB, Password, Rds
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
    Counts,
    ErrorDetail,
    RefreshPolicy,
    Request,
    RetryPolicy,
    Stats,
    Status,
)

__all__ = [
    "FILE_DESCRIPTOR_SET",
    "AccessKey",
    "Address",
    "Argument",
    "AuthError",
    "Callback",
    "Client",
    "ClosedError",
    "ConfigError",
    "ConnectionFields",
    "Counts",
    "Credential",
    "Credentials",
    "CredentialsError",
    "Dsql",
    "ElastiCache",
    "Error",
    "ErrorDetail",
    "Expiry",
    "InternalError",
    "KeyAnswer",
    "KeyFunction",
    "Login",
    "LoginAnswer",
    "LoginFunction",
    "MemoryDB",
    "NetworkError",
    "Password",
    "Pipeline",
    "Rds",
    "RefreshPolicy",
    "Request",
    "RequestError",
    "RetryPolicy",
    "ServerError",
    "Stats",
    "Status",
    "Subscription",
    "TemporaryKey",
    "TokenManager",
    "__version__",
    "connection_request_from_glide",
]
