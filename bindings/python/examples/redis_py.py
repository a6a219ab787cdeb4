"""redis-py with tokens: a credential provider that asks a token manager.

Usage: redis_py.py HOST CLUSTER USER REGION

AWS keys come from the default chain. Each new connection of the pool logs in with a token that is fresh then.
The server honours a login for 12 hours: a connection that lives longer must log in again, which is what
`keyrotor.Client` does by itself.
"""

from __future__ import annotations

import sys

import keyrotor
import redis


class TokenProvider(redis.CredentialProvider):
    """User and token for each login of redis-py's."""

    def __init__(self, manager: keyrotor.TokenManager) -> None:
        self.manager = manager

    def get_credentials(self) -> tuple[str, str]:
        """Called by redis-py for each connection."""
        credential = self.manager.credential()
        return credential.user, credential.secret


def main(host: str, cluster: str, user: str, region: str) -> None:
    """Says PING with a token."""
    configuration = keyrotor.ElastiCache(cluster_name=cluster, username=user, region=region)
    with keyrotor.TokenManager(configuration) as manager:
        client = redis.Redis(host=host, ssl=True, credential_provider=TokenProvider(manager))
        with client:
            print(client.ping())
        print(manager)


if __name__ == "__main__":
    main(*sys.argv[1:])
