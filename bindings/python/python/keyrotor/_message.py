"""Requests in Python's own types, written down as the one message. The core checks it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import timedelta

from keyrotor.config import Credentials, Password, _Message

_BINARY = (bytes, bytearray, memoryview)


def token_manager_request(request: object, refresh: object = None) -> tuple[bytes, bool]:
    """The bytes of a `TokenManagerRequest`, and whether they are JSON."""
    if isinstance(request, Credentials):
        message: dict[str, object] = {"authentication_info": request}
        if refresh is not None:
            message["refresh"] = refresh
        return _json(message), True
    if refresh is not None:
        raise TypeError("refresh goes with a configuration object; a whole request has it inside")
    return _whole(request)


def connection_request(request: object, fields: Mapping[str, object] | None) -> tuple[bytes, bool]:
    """The bytes of a `ConnectionRequest`, and whether they are JSON."""
    if request is None:
        return _json(_from_keywords(fields or {})), True
    if fields:
        raise TypeError(f"a whole request or keywords ({', '.join(fields)}), not both")
    return _whole(request)


def _whole(request: object) -> tuple[bytes, bool]:
    if isinstance(request, _BINARY):
        return bytes(request), False
    if isinstance(request, str):
        # What is no Unicode is for the core to refuse, with its own error.
        return request.encode("utf-8", "surrogatepass"), True
    if isinstance(request, Mapping):
        return _json(request), True
    raise TypeError(
        f"a request is a configuration object, dict, str (JSON) or bytes, not {type(request).__name__}"
    )


def _from_keywords(fields: Mapping[str, object]) -> dict[str, object]:
    message = dict(fields)
    if "credentials" in message:
        message["authentication_info"] = message.pop("credentials")
    if isinstance(message.get("addresses"), list | tuple):
        message["addresses"] = [_address(address) for address in message["addresses"]]  # type: ignore[attr-defined]
    if "root_certs" in message:
        given = message["root_certs"]
        message["root_certs"] = [_pem(pem) for pem in (given if isinstance(given, list | tuple) else [given])]
    for name in ("client_cert", "client_key"):
        if name in message:
            message[name] = _pem(message[name])
    fallback = message.get("fallback_credentials")
    if isinstance(fallback, Password):
        message["fallback_credentials"] = fallback.message()
    return message


def _address(address: object) -> object:
    match address:
        case str(host):
            return {"host": host}
        case (host, port):
            return {"host": host, "port": port}
        case _:
            return address


def _pem(pem: object) -> object:
    return pem.encode() if isinstance(pem, str) else pem


def _json(message: object) -> bytes:
    return json.dumps(message, default=_plain).encode()


def _plain(value: object) -> object:
    """What `json` does not know, in the form that proto3 JSON has for it."""
    if isinstance(value, Credentials):
        return {value.arm: value.message()}
    if isinstance(value, _Message):
        return value.message()
    if isinstance(value, _BINARY):
        return b64encode(value).decode()
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a request cannot hold {type(value).__name__}")


def _duration(value: timedelta) -> str:
    sign = "-" if value < timedelta() else ""
    value = abs(value)
    return f"{sign}{value.days * 86400 + value.seconds}.{value.microseconds:06}s"
