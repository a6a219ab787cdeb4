"""Tokens of which every part can be changed before botocore signs them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from urllib.parse import quote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from emulator import CLUSTER, KEY, REGION, SECRET, USER

ALGORITHM = "AWS4-HMAC-SHA256"


class Signer(SigV4Auth):  # type: ignore[misc]  # botocore has no types
    """botocore's signer for any scope, also for one of another day than the request's."""

    def __init__(self, secret: str, scope: list[str]) -> None:
        self.day, region, service, self.end = scope
        super().__init__(Credentials("unused", secret), service, region)

    def credential_scope(self, request: AWSRequest) -> str:
        return "/".join([self.day, self._region_name, self._service_name, self.end])

    def sign(self, request: AWSRequest, date: str) -> str:
        request.context["timestamp"] = date
        text = self.string_to_sign(request, self.canonical_request(request))
        # The key is made for the scope's day.
        request.context["timestamp"] = self.day
        signature: str = self.signature(text, request)
        return signature


def stamp(ahead: timedelta = timedelta()) -> str:
    """The time as X-Amz-Date says it."""
    return (datetime.now(UTC) + ahead).strftime("%Y%m%dT%H%M%SZ")


@dataclass(frozen=True)
class Draft:
    """A token before it is signed. Whatever it says, the signature is right for it."""

    host: str = CLUSTER
    path: str = "/"
    signed_host: str | None = None
    secret: str = SECRET
    key: str = KEY
    date: str = field(default_factory=stamp)
    day: str | None = None
    region: str = REGION
    service: str = "elasticache"
    scope_end: str = "aws4_request"
    changed: tuple[tuple[str, str | None], ...] = ()
    added: tuple[tuple[str, str], ...] = ()

    def __call__(self, **parts: Any) -> Self:
        """The same with other parts."""
        return replace(self, **parts)

    def put(self, name: str, value: str | None) -> Self:
        """The same with another value of a parameter, or without it."""
        return replace(self, changed=(*self.changed, (name, value)))

    def twice(self, name: str, value: str) -> Self:
        """The same with one more parameter, whether there is one of the name or not."""
        return replace(self, added=(*self.added, (name, value)))

    def pairs(self) -> list[tuple[str, str]]:
        """The parameters that are signed."""
        scope = [self.key, self.day or self.date[:8], self.region, self.service, self.scope_end]
        pairs: dict[str, str | None] = {
            "Action": "connect",
            "User": USER,
            "X-Amz-Algorithm": ALGORITHM,
            "X-Amz-Credential": "/".join(scope),
            "X-Amz-Date": self.date,
            "X-Amz-Expires": "900",
            "X-Amz-SignedHeaders": "host",
            **dict(self.changed),
        }
        return [*((name, value) for name, value in pairs.items() if value is not None), *self.added]

    def sign(self) -> str:
        """The token."""
        query = "&".join(f"{name}={quote(value, safe='-_.~')}" for name, value in self.pairs())
        request = AWSRequest("GET", f"https://{CLUSTER}/?{query}")
        request.headers["host"] = self.signed_host or self.host
        scope = [self.day or self.date[:8], self.region, self.service, self.scope_end]
        signature = Signer(self.secret, scope).sign(request, self.date)
        return f"{self.host}{self.path}?{query}&X-Amz-Signature={signature}"
