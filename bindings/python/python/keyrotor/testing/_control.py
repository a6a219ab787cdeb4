"""The control API of a running emulator."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import Any

from keyrotor.testing._faults import Faults
from keyrotor.testing._login import Login, login

PATIENCE_SECONDS = 30


class EmulatorError(RuntimeError):
    """The emulator did not start, or did not do what it was asked for; the message says why."""


class Control:
    """What a running emulator saw, and how to break it.

    For one that somebody else has started, `keyrotor emulate -- pytest` for example:
    `Control(os.environ["KEYROTOR_CONTROL"])`. Threads may share it.
    """

    def __init__(self, address: str) -> None:
        self.control: str = address.removeprefix("http://")
        """The address of the control API."""

    @property
    def faults(self) -> Faults:
        """What can be broken."""
        return Faults(self)

    def record(self) -> dict[str, Any]:
        """All that it saw: `totals`, `logins`, `connections`. Never a token."""
        return self.ask("/record")

    def logins(self) -> list[Login]:
        """The newest logins, at most 10,000, the last one last."""
        return [login(entry) for entry in self.record()["logins"]]

    def ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """A request to the control API: GET, or POST where there is a body."""
        # No urllib: it would ask a proxy for it where the environment names one.
        connection = HTTPConnection(self.control, timeout=PATIENCE_SECONDS)
        payload = None if body is None else json.dumps(body)
        try:
            connection.request("GET" if body is None else "POST", path, payload)
            response = connection.getresponse()
            answer: dict[str, Any] = json.load(response)
        except OSError as error:
            raise EmulatorError(f"{path}: no emulator answers at {self.control}: {error}") from error
        finally:
            connection.close()
        if "error" in answer:
            raise EmulatorError(f"{path}: {response.status} {answer['error']}")
        return answer
