"""The types of what goes in as keywords and of what comes out as dicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Literal, TypedDict

from keyrotor.config import Credentials, Password

Request = Mapping[str, object] | str | bytes | bytearray | memoryview
"""A whole message: a dict or `str` in the form of proto3 JSON, or protobuf bytes."""

Argument = str | bytes | bytearray | memoryview | int | float
"""What an argument of a command may be."""

Address = str | tuple[str, int] | Mapping[str, object]
"""A host, a host and its port, or the fields of a `NodeAddress`."""

Pem = str | bytes
"""The text of a PEM file, not its path."""


class ConnectionFields(TypedDict, total=False):
    """The keywords of `Client.connect`: the fields of `ConnectionRequest`, documented in the `.proto` file.

    `credentials` stands for `authentication_info`. Timeouts are milliseconds.
    """

    addresses: Sequence[Address]
    credentials: Credentials | Mapping[str, object]
    tls_mode: Literal["NoTls", "SecureTls", "InsecureTls"]
    root_certs: Pem | Sequence[Pem]
    client_cert: Pem
    client_key: Pem
    server_name: str
    request_timeout: int
    connection_timeout: int
    connection_retry_strategy: Mapping[str, int]
    protocol: Literal["RESP3", "RESP2"]
    database_id: int
    client_name: str
    lib_name: str
    inflight_requests_limit: int
    tcp_nodelay: bool
    verify_identity: bool
    require_identity: bool
    require_iam: bool
    fallback_credentials: Password | Mapping[str, object]
    allow_plaintext: bool
    allow_unverified_tls: bool
    lazy_refresh: bool
    lazy_connect: bool
    cluster_mode_enabled: bool
    read_from: str
    client_az: str
    client_cert_path: str
    client_key_path: str
    node_address_map: Mapping[str, str]
    refresh: RefreshPolicy


class RefreshPolicy(TypedDict, total=False):
    """How a token is refreshed; every field has a default."""

    ratio: float
    margin: timedelta | str
    source_timeout: timedelta | str
    retry: RetryPolicy


class RetryPolicy(TypedDict, total=False):
    """The pauses between failed attempts; every field has a default."""

    max_attempts: int
    initial_delay: timedelta | str
    max_delay: timedelta | str
    backoff_multiplier: float
    jitter_percentage: int


class ErrorDetail(TypedDict):
    """The attributes of a `keyrotor.Error`."""

    code: int
    name: str
    message: str
    retryable: bool
    field: str | None
    server_text: str | None
    source: str | None


class Counts(TypedDict):
    """What a token manager did so far."""

    attempts: int
    fetched: int
    failed: int
    rejected: int
    subscribers: int


class Status(TypedDict):
    """How a token manager stands. Times are RFC 3339 texts in UTC; generation 0 is before the first token.

    `identity` is that of a client's connections: `unknown` where the server does not say whose login any of
    them has, `unchecked` where it is not asked.
    """

    state: Literal["idle", "fresh", "refreshing", "degraded", "expired", "closed"]
    source: str
    username: str
    generation: int
    issued_at: str | None
    expires_at: str | None
    next_refresh_at: str | None
    last_error: ErrorDetail | None
    counts: Counts
    warnings: list[str]
    fallback: bool
    identity: Literal["unchecked", "verified", "unknown"]


class Event(TypedDict):
    """Something that happened to a token or a login: what a log record has as `keyrotor`.

    Times are RFC 3339 texts in UTC. `missed` counts the events before it that were not logged, since too many
    came at once.
    """

    kind: Literal[
        "fetched",
        "fetch_failed",
        "degraded",
        "recovered",
        "expired",
        "rejected",
        "reauthenticated",
        "reauth_failed",
        "fallback",
        "identity_unknown",
    ]
    at: str
    source: str
    generation: int
    expires_at: str | None
    error: ErrorDetail | None
    missed: int


class ConnectionStats(TypedDict):
    """One open connection. Times are in seconds.

    `own` ones have one caller at a time, for a command that waits or keys under watch. `lease_left` is how
    long the server will honour the login; `None`: for as long as the connection lasts. `identity` is
    `verified` once the server said that it is the user who logged in, `unknown` where it does not say.
    """

    address: str
    role: Literal["shared", "own", "subscriber"]
    age: float
    lease_left: float | None
    reauths: int
    identity: Literal["unchecked", "verified", "unknown"]


class Stats(TypedDict):
    """What a client did so far.

    `reauths` are logins on a live connection, `reconnects` connections made after the first.
    """

    commands: int
    failures: int
    reauths: int
    reconnects: int
    in_flight: int
    connections: list[ConnectionStats]
