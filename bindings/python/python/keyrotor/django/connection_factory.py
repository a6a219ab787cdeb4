"""django-redis, logged in with tokens.

    DJANGO_REDIS_CONNECTION_FACTORY = "keyrotor.django.connection_factory.ConnectionFactory"
    CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": "rediss://my-cache.example.com:6379",
            "OPTIONS": {"credentials": ElastiCache(cluster_name="my-cache", username="app")},
        }
    }

or `"OPTIONS": {"CONNECTION_FACTORY": …}` for one cache. Without `credentials` (or a `credential_provider` of
`keyrotor.redis`) the environment says how to log in.
"""

from __future__ import annotations

from typing import Any

import django_redis.pool
from django.core.exceptions import ImproperlyConfigured

from keyrotor.django.cache import refuse_logins, take_provider

__all__ = ["ConnectionFactory"]


class ConnectionFactory(django_redis.pool.ConnectionFactory):  # type: ignore[misc]
    """django-redis's own, whose connections are looked after."""

    def __init__(self, options: dict[str, Any]) -> None:
        if options.get("USERNAME") or options.get("PASSWORD"):
            raise ImproperlyConfigured(
                "OPTIONS has USERNAME or PASSWORD: take them out, the login comes from the credentials"
            )
        options = {"CONNECTION_POOL_CLASS": "keyrotor.redis.ConnectionPool", **options}
        super().__init__(options)
        pool: dict[str, Any] = dict(options.get("CONNECTION_POOL_KWARGS", {}))
        self.pool_cls_kwargs = {**pool, "credential_provider": take_provider({**options, **pool})}

    def make_connection_params(self, url: str) -> dict[str, Any]:
        """What a pool is made from."""
        refuse_logins([url])
        params: dict[str, Any] = super().make_connection_params(url)
        return params
