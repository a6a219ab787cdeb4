"""A Celery worker whose broker and results take tokens.

Usage: celery -A celery_worker worker

VALKEY_HOST, VALKEY_PORT, VALKEY_IAM_AUTH=true, VALKEY_CLUSTER_ID and VALKEY_USER say where and as whom. The
worker's connections log in again by themselves, so that the server's limit of 12 hours ends no worker.
"""

from __future__ import annotations

import celery
import keyrotor.celery

app = celery.Celery("celery_worker")
app.conf.update(keyrotor.celery.settings())
# A worker that starts before its cache waits for it.
app.conf.broker_connection_retry_on_startup = True


@app.task  # type: ignore[untyped-decorator]  # Celery has no types.
def add(one: int, other: int) -> int:
    """The sum."""
    return one + other
