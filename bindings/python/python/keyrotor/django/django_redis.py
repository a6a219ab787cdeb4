"""django-redis, logged in with tokens.

    DJANGO_REDIS_CONNECTION_FACTORY = "keyrotor.django.django_redis.connection_factory"
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

from keyrotor.django.cache import take_provider

__all__ = ["connection_factory"]


def connection_factory(options: dict[str, Any]) -> Any:
    """django-redis's own factory, whose connections are looked after."""
    if options.get("USERNAME") or options.get("PASSWORD"):
        raise ImproperlyConfigured(
            "OPTIONS has USERNAME or PASSWORD: take them out, the login comes from the credentials"
        )
    pool: dict[str, Any] = dict(options.get("CONNECTION_POOL_KWARGS", {}))
    pool["credential_provider"] = take_provider({**options, **pool})
    ours = {"CONNECTION_POOL_CLASS": "keyrotor.redis.ConnectionPool"}
    return django_redis.pool.ConnectionFactory({**ours, **options, "CONNECTION_POOL_KWARGS": pool})
