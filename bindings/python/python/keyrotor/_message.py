"""Requests in Python's own types, written down as the one message. The core checks it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import timedelta

# Asked for by a thread of keyrotor's, which had better not load anything itself.
from keyrotor import _events  # noqa: F401
from keyrotor.callbacks import Callback, HostFunction
from keyrotor.config import Credentials, Password, _Message

_BINARY = (bytes, bytearray, memoryview)
_Callbacks = Mapping[str, object] | None


_Functions = dict[str, HostFunction]
_Written = tuple[bytes, bool, _Functions]


def token_manager_request(
    request: object, refresh: object = None, lazy_refresh: object = None, callbacks: _Callbacks = None
) -> _Written:
    """The bytes of a `TokenManagerRequest`, whether they are JSON, and the functions that they name."""
    writer = _Writer(callbacks)
    beside = {"refresh": refresh, "lazy_refresh": lazy_refresh}
    given = {name: value for name, value in beside.items() if value is not None}
    if isinstance(request, Credentials):
        return writer.json({"authentication_info": request, **given})
    if given:
        names = " and ".join(given)
        raise TypeError(f"{names}: only beside a configuration object; a whole request has it inside")
    return writer.whole(request)


def connection_request(
    request: object, fields: Mapping[str, object] | None, callbacks: _Callbacks = None
) -> _Written:
    """The bytes of a `ConnectionRequest`, whether they are JSON, and the functions that they name."""
    writer = _Writer(callbacks)
    if request is None:
        return writer.json(_from_keywords(fields or {}))
    if fields:
        raise TypeError(f"a whole request or keywords ({', '.join(fields)}), not both")
    return writer.whole(request)


class _Writer:
    """Writes a request down, and names the functions in it."""

    def __init__(self, callbacks: _Callbacks) -> None:
        self._functions = {name: HostFunction.given(one) for name, one in (callbacks or {}).items()}

    def whole(self, request: object) -> _Written:
        if isinstance(request, _BINARY):
            return bytes(request), False, self._functions
        if isinstance(request, str):
            # What is no Unicode is for the core to refuse, with its own error.
            return request.encode("utf-8", "surrogatepass"), True, self._functions
        if isinstance(request, Mapping):
            return self.json(request)
        raise TypeError(
            f"a request is a configuration object, dict, str (JSON) or bytes, not {type(request).__name__}"
        )

    def json(self, message: object) -> _Written:
        return json.dumps(message, default=self._plain).encode(), True, self._functions

    def _plain(self, value: object) -> object:
        """What `json` does not know, in the form that proto3 JSON has for it."""
        if isinstance(value, Callback):
            return {value.arm: {"name": self._named(value)}}
        if isinstance(value, Credentials):
            message = value.message()
            source = message.get("key_source")
            if source is not None and not isinstance(source, str):
                message["key_source"] = self._named(source)
            return {value.arm: message}
        return _plain(value)

    def _named(self, given: object) -> str:
        function = HostFunction.given(given)
        name = function.name
        while self._functions.setdefault(name, function) is not function:
            name += "_"
        return name


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


def _plain(value: object) -> object:
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
