"""FastAPI with redis-py and tokens, and a health check that tells a login from a connection.

Usage: uvicorn fastapi_health:app

VALKEY_HOST, VALKEY_PORT, VALKEY_IAM_AUTH=true, VALKEY_CLUSTER_ID and VALKEY_USER say where and as whom.
PING alone proves little: a server with an open `default` user answers it to whoever failed to log in.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import redis.asyncio
from fastapi import FastAPI, Response
from keyrotor.redis import EnvCredentialProvider


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """One client for the application."""
    login = EnvCredentialProvider()
    client = redis.asyncio.Redis(
        host=os.environ["VALKEY_HOST"],
        port=int(os.environ.get("VALKEY_PORT", "6379")),
        ssl=True,
        ssl_ca_certs=os.environ.get("KEYROTOR_CA"),
        decode_responses=True,
        credential_provider=login,
    )
    app.state.login, app.state.cache = login, client
    yield
    await client.aclose()
    login.close()


app = FastAPI(lifespan=lifespan)


@app.get("/health/redis")
async def health(response: Response) -> dict[str, Any]:
    """Whether the cache answers, as whom, and for how long this login is good."""
    report: dict[str, Any] = {}
    try:
        async with app.state.cache.client() as one:
            report["ping"] = await one.ping()
            report["identity"] = await one.acl_whoami()
            report["lease_left_seconds"] = one.connection.lease_left
    except redis.RedisError as error:
        report["error"] = str(error)
    manager = app.state.login.manager
    if manager is None:
        report["auth"] = "none"
    else:
        status = manager.status()
        report |= {
            "auth": status["source"],
            "token": status["state"],
            "token_expires_at": status["expires_at"],
        }
        if report.get("identity", status["username"]) != status["username"]:
            report["error"] = f"logged in as another user than {status['username']}"
    if "error" in report:
        response.status_code = 503
    return report
