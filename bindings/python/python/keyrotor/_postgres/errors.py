"""Errors of ours, with the numbers of their codes; and the same as errors of a driver's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from keyrotor.errors import AuthError, CredentialsError, Error, NetworkError

CODES = {
    "auth-refused": 300,
    "auth-required": 301,
    "auth-throttled": 302,
    "config-insecure": 109,
    "config-invalid": 105,
    "config-unsupported": 107,
    "network-tls": 403,
}
"""Those of the codes in `keyrotor/v1/error.proto` that are made here."""

_Error = TypeVar("_Error", bound=Error)


def coded(kind: type[_Error], name: str, message: str, **attributes: Any) -> _Error:
    """An error with a code of this name."""
    return kind(message, code=CODES[name], name=name, **attributes)


@contextmanager
def as_errors_of(driver: Any) -> Iterator[None]:
    """That there is no token is, to those who know databases only, an operational error."""
    try:
        yield
    except (AuthError, CredentialsError, NetworkError) as error:
        raise driver.OperationalError(str(error)) from error
