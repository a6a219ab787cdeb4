"""Whoever listens to a streaming provider and is no pool of redis-py's."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
import time
import weakref
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import keyrotor
from keyrotor.redis._lease import LATEST, Lease
from keyrotor.redis._token import Token

_log = logging.getLogger("keyrotor")

Callback = Callable[[Any], Any]


class Listeners:
    """Tells them of a newer token before the lease of the last one ends.

    They are held weakly, as methods of redis-py's listeners, which live as long as their clients. Async ones
    are called on the event loop on which they were added.
    """

    def __init__(
        self, manager: keyrotor.TokenManager, lease: Lease, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._manager = manager
        self._lease = lease
        self._clock = clock
        self._lock = threading.Lock()
        self._all: list[tuple[weakref.ref[Any], asyncio.AbstractEventLoop | None]] = []
        self._subscription: keyrotor.Subscription | None = None
        self._seen = 0
        self._told_at: float | None = None

    def add(self, callback: Callback) -> None:
        """Has it told from the next token on."""
        listener: weakref.ref[Any] = (
            weakref.WeakMethod(callback) if inspect.ismethod(callback) else weakref.ref(callback)
        )
        with self._lock:
            self._all = [held for held in self._all if held[0]() not in (None, callback)]
            self._all.append((listener, _running_loop()))
            is_first = self._subscription is None
        if is_first:
            # The subscriber is told of the current token at once, on a thread of keyrotor's.
            subscription = self._manager.subscribe(self.told)
            with self._lock:
                self._subscription = subscription

    def told(self, credential: keyrotor.Credential) -> None:
        """What the manager calls with each new token."""
        with self._lock:
            if credential.generation <= self._seen:
                return
            self._seen, now = credential.generation, self._clock()
            if self._told_at is None:
                # Connections that are there logged in with this one, or with an older one a moment ago.
                self._told_at = now
                return
            if not self._is_time(credential, now - self._told_at):
                return
            self._told_at = now
            listeners = list(self._all)
        for listener, loop in listeners:
            callback = listener()
            if callback is not None:
                _call(callback, Token(credential), loop)

    def _is_time(self, credential: keyrotor.Credential, elapsed: float) -> bool:
        lease = self._lease.seconds(credential)
        if lease is None:
            return False
        if self._lease.ends_with_token or credential.expires_at is None:
            return True
        # The next token may come as late as this one's end.
        left = (credential.expires_at - datetime.now(timezone.utc)).total_seconds()
        return elapsed + left > lease * LATEST


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _call(callback: Callback, token: Token, loop: asyncio.AbstractEventLoop | None) -> None:
    try:
        if not inspect.iscoroutinefunction(callback):
            callback(token)
        elif loop is not None and not loop.is_closed():
            asyncio.run_coroutine_threadsafe(callback(token), loop).add_done_callback(_log_failure)
    except Exception as error:  # noqa: BLE001  # One that fails is not to keep the token from the others.
        _log_error(error)


def _log_failure(future: Any) -> None:
    if not future.cancelled() and future.exception() is not None:
        _log_error(future.exception())


def _log_error(error: BaseException) -> None:
    _log.error("a connection could not log in again; it ends with its lease", exc_info=error)
