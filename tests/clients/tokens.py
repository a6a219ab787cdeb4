"""Tokens made by other people's signers."""

from __future__ import annotations

from urllib.parse import urlencode

from botocore.credentials import Credentials
from botocore.model import ServiceId
from botocore.session import Session
from botocore.signers import RequestSigner

from emulator import CLUSTER, KEY, REGION, SECRET, USER


def botocore_token(
    *,
    cluster: str = CLUSTER,
    user: str = USER,
    region: str = REGION,
    service: str = "elasticache",
    serverless: bool = False,
    credentials: Credentials | None = None,
    expires: int = 900,
) -> str:
    """A token as AWS's documentation makes it in Python."""
    query = {"Action": "connect", "User": user}
    if serverless:
        query["ResourceType"] = "ServerlessCache"
    # The signer holds it weakly.
    emitter = Session().get_component("event_emitter")
    signer = RequestSigner(
        ServiceId(service),
        region,
        service,
        "v4",
        credentials or Credentials(KEY, SECRET),
        emitter,
    )
    url: str = signer.generate_presigned_url(
        {
            "method": "GET",
            "url": f"https://{cluster}/?{urlencode(query)}",
            "body": {},
            "headers": {},
            "context": {},
        },
        operation_name="connect",
        expires_in=expires,
        region_name=region,
    )
    return url.removeprefix("https://")
