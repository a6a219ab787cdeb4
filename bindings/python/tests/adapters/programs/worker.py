"""A worker and its tasks: `ours` looked after, `theirs` with the provider that one writes oneself."""

from __future__ import annotations

import os
from typing import Any

import celery
import keyrotor
import keyrotor.celery
import redis


class Naive(redis.CredentialProvider):
    """Called by kombu without arguments."""

    def __init__(self) -> None:
        given = keyrotor.redis.credentials_from_environment()
        assert given is not None
        self.manager = keyrotor.TokenManager(given)

    def get_credentials(self) -> tuple[str, str]:
        credential = self.manager.credential()
        return credential.user, credential.secret


def made(name: str, settings: dict[str, str]) -> Any:
    app = celery.Celery(name)
    app.conf.update(
        **settings,
        task_default_queue=name,
        broker_connection_retry_on_startup=True,
        # Sessions here are short, and so are kombu's pauses.
        broker_transport_options={
            "reauth_check_interval": 0.2,
            "health_check_interval": 0.5,
            "global_keyprefix": name,
        },
        result_backend_transport_options={"global_keyprefix": name},
        worker_hijack_root_logger=False,
    )
    return app


_ours = keyrotor.celery.settings()
# Whoever waits for a result with RESP2 has to be told of a gap.
_ours["result_backend"] += "&protocol=2"
ours = made("ours", _ours)
_theirs = {
    name: url.replace("keyrotor.celery.CredentialProvider", "worker.Naive")
    for name, url in keyrotor.celery.settings().items()
}
theirs = made("theirs", _theirs)


@ours.task(name="add")  # type: ignore[untyped-decorator]
def add(one: int, other: int) -> tuple[int, int]:
    """The sum, and the process that made it."""
    return one + other, os.getpid()
