"""What all actors share: what is broken at the moment, what they have to complain about, how far they got."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass

import keyrotor

from chaos.plan import Step

MOST_COMPLAINTS = 20


@dataclass
class Progress:
    """How far an actor got, and why no further."""

    turn: int = 0
    done: int = 0
    last_failure: str = ""

    def note(self) -> None:
        """One more is done."""
        self.done += 1
        self.last_failure = ""


class World:
    """Threads share it. What is written is written by one of them each, or under the lock."""

    def __init__(self, *, is_cluster: bool) -> None:
        self.is_cluster = is_cluster
        self.is_over = False
        self.broken_by: Step | None = None
        """The step in force, or one that not everybody has got over."""
        self.counts: Counter[str] = Counter()
        self._complaints: list[str] = []
        self._actors: dict[str, Progress] = {}
        self._lock = threading.Lock()

    def enlist(self, name: str) -> Progress:
        """One more actor."""
        with self._lock:
            return self._actors.setdefault(name, Progress())

    def complain(self, what: str) -> None:
        """Something is wrong that no fault excuses."""
        with self._lock:
            if len(self._complaints) < MOST_COMPLAINTS:
                self._complaints.append(what[:600])

    def check(self) -> None:
        """Fails where anybody has complained."""
        with self._lock:
            assert not self._complaints, "\n".join(self._complaints)

    def count(self, what: str, number: int = 1) -> None:
        """For the last line."""
        with self._lock:
            self.counts[what] += number

    @property
    def loses_writes(self) -> bool:
        """Whether acknowledged writes may be gone now."""
        step = self.broken_by
        return step is not None and step.loses_writes

    def is_in_doubt(self, who: str, error: keyrotor.Error) -> bool:
        """Judges an error that an actor got. `True` where it is not known whether the command ran."""
        self.count("failed")
        if not self._is_fine(error):
            self.complain(f"{who}: {error.name} {error}")
        is_in_doubt = error.name in {"network-disconnected", "request-timeout"}
        self.count("in doubt", int(is_in_doubt))
        return is_in_doubt

    def _is_fine(self, error: keyrotor.Error) -> bool:
        step, kind = self.broken_by, error.name.partition("-")[0]
        if step is None:
            return False
        # Nobody said no; a server under such a load says nothing for a while.
        if error.name in {"request-timeout", "auth-timeout"} or kind == "network":
            return True
        if kind in {"auth", "credentials"}:
            return step.hits_logins
        # A cluster that is a node short says so.
        return kind == "server" and step.loses_writes

    def all_go_on(self, within: float) -> float:
        """Waits until each actor has got something done that it began after this. How long that took."""
        with self._lock:
            actors = dict(self._actors)
        # The one that was on its way may have begun before.
        goals = {name: progress.done + 2 for name, progress in actors.items()}
        begun = time.monotonic()
        while behind := {name: actors[name] for name, goal in goals.items() if actors[name].done < goal}:
            if time.monotonic() - begun > within:
                self.complain(f"after {within} s these do not go on: {behind}")
                break
            time.sleep(0.005)
        return time.monotonic() - begun
