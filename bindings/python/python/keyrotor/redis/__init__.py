"""Keeps the connections of redis-py logged in: blocking, asyncio and cluster clients.

    manager = TokenManager(ElastiCache(cluster_name="my-cache", username="app", region="eu-west-1"))
    client = redis.Redis(host="my-cache.example.com", ssl=True, credential_provider=provider(manager))

Each connection of such a client

- logs in with the token of the moment, and reports one that the server refuses: the next login carries
  another, and an identity that is refused for good is not tried again and again;
- logs in again on the live connection before its lease ends, at a moment of its own between 80 % and 92 % of
  it, before its next command; not at each new token, since the services honour a login for 12 hours;
- does so in pub/sub too, with RESP3 (redis-py 8's default) between two messages and without a gap. With RESP2
  a subscriber cannot: its connection ends before its lease with a `ConnectionError`, which redis-py's retry
  answers with a new one.

A connection that waits in a command without end (`BRPOP` with timeout 0) can do nothing meanwhile: the
server ends it with its lease, and redis-py's own retry sends the command again, with a new login. Give such
commands a timeout.

The provider reaches the connections of clients that are made with `credential_provider=`. Where a client is
made from a pool or a URL (`from_url`, `from_pool`, Django), make that pool with `ConnectionPool` or
`keyrotor.redis.asyncio.ConnectionPool`; for asyncio's cluster there is `keyrotor.redis.asyncio.RedisCluster`.
Without, tokens are still always fresh, but refusals go unnoticed and connections end with their lease.
"""

from keyrotor.redis._connection import logged_in
from keyrotor.redis._environment import credentials_from_environment
from keyrotor.redis._errors import LoginError
from keyrotor.redis._lease import Lease
from keyrotor.redis._pool import BlockingConnectionPool, ConnectionPool
from keyrotor.redis._provider import CredentialProvider, EnvCredentialProvider, provider
from keyrotor.redis._token import Token

__all__ = [
    "BlockingConnectionPool",
    "ConnectionPool",
    "CredentialProvider",
    "EnvCredentialProvider",
    "Lease",
    "LoginError",
    "Token",
    "credentials_from_environment",
    "logged_in",
    "provider",
]
