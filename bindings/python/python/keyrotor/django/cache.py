"""Django's Redis cache, logged in with tokens.

    CACHES = {
        "default": {
            "BACKEND": "keyrotor.django.cache.RedisCache",
            "LOCATION": "rediss://my-cache.example.com:6379",
            "OPTIONS": {"credentials": ElastiCache(cluster_name="my-cache", username="app")},
        }
    }

Without `credentials` (or a `credential_provider` of `keyrotor.redis`) the environment says how to log in. The
other options are those of Django's own backend. For django-redis see `keyrotor.django.django_redis`.
"""

from __future__ import annotations

from typing import Any

from django.core.cache.backends import redis as core
from django.core.exceptions import ImproperlyConfigured

from keyrotor.redis import ConnectionPool, CredentialProvider, EnvCredentialProvider, provider

__all__ = ["RedisCache", "take_provider"]


class RedisCache(core.RedisCache):  # type: ignore[misc]  # Django has no types.
    """Django's own Redis cache, whose connections are looked after."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        options = dict(params.get("OPTIONS", {}))
        options["credential_provider"] = take_provider(options)
        options.setdefault("pool_class", ConnectionPool)
        self._options = options


def take_provider(options: dict[str, Any]) -> CredentialProvider:
    """The credential provider that the options name, taken out of them; else that of the environment."""
    credentials, given = options.pop("credentials", None), options.pop("credential_provider", None)
    if given is not None:
        if credentials is not None:
            raise ImproperlyConfigured(
                "OPTIONS has credentials and credential_provider: one of them is enough"
            )
        if not isinstance(given, CredentialProvider):
            raise ImproperlyConfigured(
                f"credential_provider is {type(given).__name__}, not keyrotor's: keyrotor.redis.provider(...)"
            )
        return given
    return EnvCredentialProvider() if credentials is None else provider(credentials)
