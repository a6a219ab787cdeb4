"""What can be broken while a test runs."""

from __future__ import annotations

from typing import Any, Protocol


class _Asks(Protocol):
    def ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]: ...


class Faults:
    """Breaks the cache, as outages and revocations do, from the moment that a call returns on."""

    def __init__(self, control: _Asks) -> None:
        self._control = control

    def refuse(
        self, count: int | None = None, *, current: bool = False, token_sha256: str | None = None
    ) -> None:
        """WRONGPASS for the next `count` logins, or until `clear()`.

        `current` aims at the token that was accepted last, `token_sha256` at one by its hash: not at others.
        """
        self.set("refuse", count=count, current=current, token_sha256=token_sha256)

    def kill(self, connection: int | None = None) -> int:
        """Closes all connections, or this one. How many they were."""
        return self._counted("kill", connection)

    def forget(self, connection: int | None = None) -> int:
        """NOAUTH on all connections, or on this one, until they log in again. How many they were."""
        return self._counted("forget", connection)

    def stall(self, seconds: float) -> None:
        """Holds replies back for so long, once."""
        self.set("stall", milliseconds=_milliseconds(seconds))

    def unavailable(self, seconds: float | None = None) -> None:
        """`ERR service is not available` to first logins, for so long or until `clear()`."""
        self.set("unavailable", milliseconds=_milliseconds(seconds))

    def throttle(self, seconds: float | None = None) -> None:
        """`ERR Exceeded limit of IAM Authentication requests` to later logins, likewise."""
        self.set("throttle", milliseconds=_milliseconds(seconds))

    def iam_outage(self, seconds: float | None = None) -> None:
        """`ERR IAM Authentication service is not available` to later logins, likewise."""
        self.set("iam-outage", milliseconds=_milliseconds(seconds))

    def close_listener(self) -> None:
        """Closes new connections at once, until `open_listener()`; those that are there go on."""
        self.set("listen", open=False)

    def open_listener(self) -> None:
        """Takes new connections again."""
        self.set("listen", open=True)

    def restart_backend(self) -> None:
        """Kills the server behind and starts it anew, empty."""
        self.set("restart-backend")

    def remove_user(self, name: str) -> int:
        """Takes a user out of the user group: its connections are cut, its logins refused. How many."""
        return int(self._control.ask("/users/remove", {"user": name})["connections"])

    def add_user(self, name: str) -> None:
        """Puts a user back into the user group."""
        self._control.ask("/users/add", {"user": name})

    def set_policies(self, policies: list[dict[str, Any]] | None) -> None:
        """What the keys may do from now on, as in the configuration; `None` is everything. Cuts nobody."""
        self._control.ask("/policies", {"policies": policies})

    def clear(self) -> None:
        """Ends all faults; users and policies stay as they are."""
        self.set("clear")

    def set(self, name: str, **body: Any) -> dict[str, Any]:
        """Any fault of the control API by its name, with its answer; fields that are `None` are left out."""
        return self._control.ask(f"/faults/{name}", {k: v for k, v in body.items() if v is not None})

    def _counted(self, name: str, connection: int | None) -> int:
        return int(self.set(name, connection=connection)["connections"])


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
