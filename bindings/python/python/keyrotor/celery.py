"""Keeps a Celery worker's connections to its broker and its results logged in.

    app = Celery("tasks")
    app.conf.update(keyrotor.celery.settings())

with `VALKEY_HOST`, `VALKEY_IAM_AUTH=true`, `VALKEY_CLUSTER_ID` and `VALKEY_USER` in the environment, which
`keyrotor.redis.credentials_from_environment` lists. Or with URLs of your own, without user and password:

    app.conf.broker_url = "rediss://my-cache.example.com:6379/0?credential_provider=keyrotor.celery.CredentialProvider&ssl_cert_reqs=required"
    app.conf.result_backend = "keyrotor.celery.Backend+rediss://my-cache.example.com:6379/0?ssl_cert_reqs=required"

The connections that a worker holds for as long as it runs, the one that waits for tasks and the one that listens
to events, log in again before their lease ends. kombu alone, without Celery, takes
`credential_provider=keyrotor.redis.EnvCredentialProvider`.
"""  # noqa: E501

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlencode

from celery.backends.redis import RedisBackend

from keyrotor.redis import ConnectionPool, EnvCredentialProvider

__all__ = ["Backend", "CredentialProvider", "settings"]


class CredentialProvider(EnvCredentialProvider):
    """For `credential_provider=keyrotor.celery.CredentialProvider` in a URL, from the environment."""


class Backend(RedisBackend):  # type: ignore[misc]  # Celery has no types.
    """Celery's Redis backend for results, whose connections are looked after.

    Celery makes its client from a pool and tells no provider of it: with its own class, a provider sees first
    logins only. Configured by the environment, or by `redis_backend_credential_provider`.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if "credential_provider" not in self.connparams:
            self.connparams["credential_provider"] = CredentialProvider()
            self.connparams.pop("username", None)
            self.connparams.pop("password", None)

    @property
    def ConnectionPool(self) -> Any:  # noqa: N802  # Celery's own name.
        """The class of its pool."""
        return self._ConnectionPool or ConnectionPool


def settings(database: int = 0) -> dict[str, str]:
    """`broker_url` and `result_backend` for the cache that the environment names.

    | variable | |
    |---|---|
    | `VALKEY_HOST`, `VALKEY_PORT` | where it is; the port is 6379 unless set |
    | `VALKEY_SSL` | `false` for no TLS, with which the services take no tokens |
    | `KEYROTOR_CA` | the file with the authority to trust; unset, the system's |
    """
    host = os.environ.get("VALKEY_HOST") or "localhost"
    port = os.environ.get("VALKEY_PORT") or "6379"
    place = f"{f'[{host}]' if ':' in host else host}:{port}/{database}"
    is_plain = os.environ.get("VALKEY_SSL", "true").strip().lower() in {"0", "false", "no", "off"}
    options = {} if is_plain else {"ssl_cert_reqs": "required", **_authority()}
    for_broker = {**options, "credential_provider": "keyrotor.celery.CredentialProvider"}
    scheme = "redis" if is_plain else "rediss"
    return {
        "broker_url": f"{scheme}://{place}?{urlencode(for_broker)}",
        "result_backend": f"keyrotor.celery.Backend+{scheme}://{place}?{urlencode(options)}",
    }


def _authority() -> dict[str, str]:
    file = os.environ.get("KEYROTOR_CA")
    return {"ssl_ca_certs": file} if file else {}
