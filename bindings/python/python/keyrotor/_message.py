"""Requests in Python's own types, written down as the one message. The core checks it."""

# Modules that few requests need would be most of the time from the start of an interpreter to its first
# command. Who hands over one of their objects has loaded them.
# ruff: noqa: PLC0415

from __future__ import annotations

import json
from binascii import b2a_base64
from collections.abc import Mapping

# Asked for by a thread of keyrotor's, which had better not load anything itself.
from keyrotor import _events  # noqa: F401

TYPE_CHECKING = False  # Not `typing`'s, which would have to be loaded.
if TYPE_CHECKING:
    from datetime import timedelta
    from typing import TypeAlias, TypeGuard

    from keyrotor.callbacks import HostFunction
    from keyrotor.config import Credentials

    _Callbacks: TypeAlias = Mapping[str, object] | None
    _Functions: TypeAlias = dict[str, HostFunction]
    _Written: TypeAlias = tuple[bytes, bool, _Functions]

_BINARY = (bytes, bytearray, memoryview)


def token_manager_request(
    request: object, refresh: object = None, lazy_refresh: object = None, callbacks: _Callbacks = None
) -> _Written:
    """The bytes of a `TokenManagerRequest`, whether they are JSON, and the functions that they name."""
    writer = _Writer(callbacks)
    beside = {"refresh": refresh, "lazy_refresh": lazy_refresh}
    given = {name: value for name, value in beside.items() if value is not None}
    if _are_credentials(request):
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
        self._functions = {name: _host_function(one) for name, one in (callbacks or {}).items()}

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
        return self._arm(value) if _are_credentials(value) else _plain(value)

    def _arm(self, credentials: Credentials) -> dict[str, object]:
        from keyrotor.callbacks import Callback

        if isinstance(credentials, Callback):
            return {credentials.arm: {"name": self._named(credentials)}}
        message = credentials.message()
        source = message.get("key_source")
        if source is not None and not isinstance(source, str):
            message["key_source"] = self._named(source)
        return {credentials.arm: message}

    def _named(self, given: object) -> str:
        function = _host_function(given)
        name = function.name
        while self._functions.setdefault(name, function) is not function:
            name += "_"
        return name


def _are_credentials(value: object) -> TypeGuard[Credentials]:
    if value is None or isinstance(value, (*_BINARY, str, Mapping)):
        return False
    from keyrotor.config import Credentials

    return isinstance(value, Credentials)


def _host_function(given: object) -> HostFunction:
    from keyrotor.callbacks import HostFunction

    return HostFunction.given(given)


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
    if _are_credentials(fallback) and fallback.arm == "server_credentials":
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
    if isinstance(value, _BINARY):
        return b2a_base64(value, newline=False).decode()
    if isinstance(value, Mapping):
        return dict(value)
    from datetime import timedelta

    if isinstance(value, timedelta):
        return _duration(value)
    from keyrotor.config import _Message

    if isinstance(value, _Message):
        return value.message()
    raise TypeError(f"a request cannot hold {type(value).__name__}")


def _duration(value: timedelta) -> str:
    sign = "-" if value.days < 0 else ""
    value = abs(value)
    return f"{sign}{value.days * 86400 + value.seconds}.{value.microseconds:06}s"
