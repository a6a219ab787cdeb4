"""redis-py with tokens: connections that log in, and log in again before the server's limit.

Usage: redis_py.py HOST CLUSTER USER REGION

AWS keys come from the default chain.
"""

from __future__ import annotations

import sys

import keyrotor
import keyrotor.redis
import redis


def main(host: str, cluster: str, user: str, region: str) -> None:
    """Says PING with a token."""
    login = keyrotor.redis.provider(keyrotor.ElastiCache(cluster_name=cluster, username=user, region=region))
    name, _, port = host.partition(":")
    with redis.Redis(host=name, port=int(port or 6379), ssl=True, credential_provider=login) as client:
        print(client.ping())
    print(login.manager)
    login.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
