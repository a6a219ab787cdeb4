"""The exceptions: one base, a class for each kind of error.

The numbers and names of the codes are the same in every language (`keyrotor/v1/error.proto`).
"""

from __future__ import annotations

TYPE_CHECKING = False  # Not `typing`'s, which would have to be loaded.
if TYPE_CHECKING:
    from typing import Any

    from keyrotor.fields import ErrorDetail


class Error(Exception):
    """What went wrong. `code` and `name` are the contract; the message is for people and may change.

    No part of it ever holds a secret.
    """

    code: int
    """The number of the code."""
    name: str
    """The name of the code: `auth-refused`."""
    message: str
    """What was tried, with what, and what to do next."""
    retryable: bool
    """Whether the same call may succeed later, with nothing changed."""
    field: str | None
    """Of a `config-*` error: the field, `authentication_info.iam_credentials.region`."""
    server_text: str | None
    """The server's own words, where the server spoke."""
    source: str | None
    """Of a `credentials-*` error: the source that was asked."""

    def __init__(
        self,
        message: str,
        *,
        code: int,
        name: str,
        retryable: bool = False,
        field: str | None = None,
        server_text: str | None = None,
        source: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.name = name
        self.message = message
        self.retryable = retryable
        self.field = field
        self.server_text = server_text
        self.source = source

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r}, code={self.code}, name={self.name!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        # The keywords of __init__ travel in __dict__, so that process pools and copies get all of them.
        return _blank, (type(self), self.message), self.__dict__


class ConfigError(Error):
    """The request is wrong; `field` says where."""


class CredentialsError(Error):
    """No token could be made; `source` says of which kind."""


class AuthError(Error):
    """The server refused the login; `server_text` has its words."""


class NetworkError(Error):
    """The server was not reached, or the connection was lost."""


class ServerError(Error):
    """The server answered a command with an error; `server_text` has its words."""


class RequestError(Error):
    """The command was not sent, or no reply to it could be had."""


class ClosedError(Error):
    """The manager or client is closed, or the call was cancelled."""


class InternalError(Error):
    """A bug in keyrotor. Please report it."""


# By the first word of a code's name.
_CLASSES: dict[str, type[Error]] = {
    "config": ConfigError,
    "credentials": CredentialsError,
    "auth": AuthError,
    "network": NetworkError,
    "server": ServerError,
    "request": RequestError,
    "command": RequestError,
    "argument": RequestError,
    "protocol": RequestError,
    "closed": ClosedError,
    "cancelled": ClosedError,
    "internal": InternalError,
}


def _blank(kind: type[Error], message: str) -> Error:
    error = kind.__new__(kind)
    error.args = (message,)
    return error


def from_detail(detail: ErrorDetail) -> Error:
    """The exception for an error of the core. For keyrotor's own use."""
    kind = _CLASSES.get(detail["name"].partition("-")[0], Error)
    return kind(**detail)
