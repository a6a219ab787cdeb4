"""Configuration objects. They only build the message that the core reads: rules and defaults live there."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from keyrotor.callbacks import Callback, KeyFunction

# Of fields that are never printed.
_SECRET = {"secret": True}


class _Message:
    """A part of a request. Fields have the names of the `.proto` file; `None` leaves one unset."""

    def message(self) -> dict[str, object]:
        """The fields that are set."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}  # type: ignore[arg-type]
        return {name: value for name, value in values.items() if value is not None}

    def __repr__(self) -> str:
        shown = [
            f"{one.name}={'***' if one.metadata.get('secret') else _shown(getattr(self, one.name))}"
            for one in fields(self)  # type: ignore[arg-type]
            if getattr(self, one.name) is not None
        ]
        return f"{type(self).__name__}({', '.join(shown)})"


def _shown(value: Any) -> str:
    # A function's own repr may show arguments that are bound to it.
    return getattr(value, "__qualname__", type(value).__qualname__) if callable(value) else repr(value)


@dataclass(frozen=True, kw_only=True, repr=False)
class AccessKey(_Message):
    """Explicit AWS keys. Leave them out for AWS's default chain."""

    access_key_id: str
    secret_access_key: str = field(metadata=_SECRET)
    session_token: str | None = field(default=None, metadata=_SECRET)


class Credentials(_Message):
    """Who logs in, and with what: the base of all below, and of `Callback`."""

    arm: ClassVar[str]
    """Which arm of the message's `oneof` it fills."""


@dataclass(frozen=True, kw_only=True, repr=False)
class ElastiCache(Credentials):
    """AWS IAM for ElastiCache, node-based or serverless.

    `cluster_name` is the replication group's id or the serverless cache's name, never the endpoint;
    `username` is the user's id. Unset: `region` from the environment, then the profile; keys from AWS's
    default chain. `key_source` is a function that gives AWS keys, or the name of one in `callbacks`.
    """

    arm: ClassVar[str] = "iam_credentials"

    cluster_name: str
    username: str
    region: str | None = None
    serverless: bool | None = None
    refresh_interval: timedelta | None = None
    refresh_interval_minutes: int | None = None
    profile: str | None = None
    role_arn: str | None = None
    external_id: str | None = None
    endpoint: str | None = None
    token_life_seconds: int | None = None
    lease_seconds: int | None = None
    access_key: AccessKey | None = None
    key_source: Callback | KeyFunction | str | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class MemoryDB(Credentials):
    """AWS IAM for MemoryDB. `username` is the user's name; the rest is as for `ElastiCache`."""

    arm: ClassVar[str] = "iam_credentials"

    cluster_name: str
    username: str
    region: str | None = None
    refresh_interval: timedelta | None = None
    refresh_interval_minutes: int | None = None
    profile: str | None = None
    role_arn: str | None = None
    external_id: str | None = None
    endpoint: str | None = None
    token_life_seconds: int | None = None
    lease_seconds: int | None = None
    access_key: AccessKey | None = None
    key_source: Callback | KeyFunction | str | None = None

    def message(self) -> dict[str, object]:
        """The fields that are set, with the service's name."""
        return {**super().message(), "service_type": "MEMORYDB"}


@dataclass(frozen=True, kw_only=True, repr=False)
class Rds(Credentials):
    """AWS IAM for RDS and Aurora. `host` is the instance's, cluster's or proxy's own endpoint, no alias."""

    arm: ClassVar[str] = "rds_credentials"

    host: str
    port: int
    username: str
    region: str | None = None
    refresh_interval: timedelta | None = None
    profile: str | None = None
    role_arn: str | None = None
    external_id: str | None = None
    endpoint: str | None = None
    token_life_seconds: int | None = None
    access_key: AccessKey | None = None
    key_source: Callback | KeyFunction | str | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class Dsql(Credentials):
    """AWS IAM for Aurora DSQL. `admin` signs for the user `admin`."""

    arm: ClassVar[str] = "dsql_credentials"

    host: str
    region: str | None = None
    admin: bool | None = None
    username: str | None = None
    refresh_interval: timedelta | None = None
    profile: str | None = None
    role_arn: str | None = None
    external_id: str | None = None
    endpoint: str | None = None
    token_life_seconds: int | None = None
    access_key: AccessKey | None = None
    key_source: Callback | KeyFunction | str | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class ClientCertificate(_Message):
    """The texts of PEM files, not their paths.

    The key is RSA and not encrypted; unset, it stands in `certificate_pem` too.
    """

    certificate_pem: str = field(metadata=_SECRET)
    private_key_pem: str | None = field(default=None, metadata=_SECRET)


@dataclass(frozen=True, kw_only=True, repr=False)
class UserAssignedManagedIdentity(_Message):
    """A managed identity, by exactly one of its ids."""

    client_id: str | None = None
    object_id: str | None = None
    resource_id: str | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class WorkloadIdentity(_Message):
    """A federated service account. `token_file`, unset: the file that `AZURE_FEDERATED_TOKEN_FILE` names."""

    token_file: str | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class EntraId(Credentials):
    """Microsoft Entra ID, for Azure's caches and databases.

    Set one of `client_secret`, `client_certificate`, `system_assigned_managed_identity`,
    `user_assigned_managed_identity` and `workload_identity`; with none of them, the environment (`AZURE_*`)
    says which, as with Microsoft's own tools. The application is `client_id` of `tenant_id`, unset:
    `AZURE_CLIENT_ID` and `AZURE_TENANT_ID`. `username`, unset: the object id in the token, which is how
    caches name their users; databases want the role there. `scope`, unset: that of Azure's caches.
    """

    arm: ClassVar[str] = "entra_credentials"

    username: str | None = None
    tenant_id: str | None = None
    client_id: str | None = None
    scope: str | None = None
    authority: str | None = None
    client_secret: str | None = field(default=None, metadata=_SECRET)
    client_certificate: ClientCertificate | None = None
    system_assigned_managed_identity: bool = False
    user_assigned_managed_identity: UserAssignedManagedIdentity | None = None
    workload_identity: WorkloadIdentity | None = None

    def message(self) -> dict[str, object]:
        """The fields that are set."""
        message = super().message()
        if message.pop("system_assigned_managed_identity"):
            message["system_assigned_managed_identity"] = {}
        return message


@dataclass(frozen=True, kw_only=True, repr=False)
class Password(Credentials):
    """A user name and password that do not change by themselves. Unset: the server's `default` user."""

    arm: ClassVar[str] = "server_credentials"

    password: str = field(metadata=_SECRET)
    username: str | None = None
