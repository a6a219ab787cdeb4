"""What goes wrong, and when: drawn from the seed and from nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

SHARDS = 3
NODES = 2 * SHARDS


@dataclass(frozen=True)
class Fault:
    """Something that breaks, by its name in the control API; `one_in` picks connections."""

    name: str
    body: dict[str, Any] = field(default_factory=dict)
    one_in: int = 0

    @property
    def _is_about_logins(self) -> bool:
        return self.name in {"refuse", "throttle", "unavailable", "iam-outage"}

    @property
    def hits_logins(self) -> bool:
        """Whether a login may fail for a reason that the caller is told.

        After a single refusal the next token gets in, and nobody is told.
        """
        if self.name == "refuse":
            return self.body["count"] > 1 and not self.body["current"]
        return self._is_about_logins

    @property
    def loses_writes(self) -> bool:
        """Whether what was acknowledged may be gone after it."""
        return self.name in {"restart-backend", "node"}

    @property
    def changes_the_cluster(self) -> bool:
        """Whether it happens alone, and says itself whom it means."""
        return self.name in {"failover", "node"}

    @property
    def needs_a_drop(self) -> bool:
        """Whether nobody notices it before a connection is made."""
        return self._is_about_logins or self.name in {"listen", "certificate"}

    def __str__(self) -> str:
        """As it is told."""
        return f"{self.name} {self.body or ''}{f' one in {self.one_in}' if self.one_in else ''}"


@dataclass(frozen=True)
class Step:
    """What happens at once, and for how long; `node` alone meets it, where one is named."""

    number: int
    calm: float
    faults: list[Fault]
    node: int | None
    lasts: float

    @property
    def hits_logins(self) -> bool:
        """Whether a login may fail."""
        return any(fault.hits_logins for fault in self.faults)

    @property
    def loses_writes(self) -> bool:
        """Whether what was acknowledged may be gone."""
        return any(fault.loses_writes for fault in self.faults)

    def __str__(self) -> str:
        """As it is told."""
        place = "" if self.node is None else f" at node {self.node}"
        faults = ", ".join(map(str, self.faults))
        return f"step {self.number}: after {self.calm:.3f} s{place}, for {self.lasts:.3f} s: {faults}"


def steps(seed: int, *, is_cluster: bool) -> Iterator[Step]:
    """Without end."""
    dice = Random(seed)
    number = 0
    while True:
        number += 1
        calm, lasts = dice.uniform(0.1, 0.6), dice.uniform(0.1, 1.2)
        node = dice.choice([None, dice.randrange(NODES)]) if is_cluster else None
        faults = _faults(dice, is_cluster=is_cluster)
        changes = [fault for fault in faults if fault.changes_the_cluster]
        yield Step(number, calm, changes[:1] or faults, None if changes else node, lasts)


def _faults(dice: Random, *, is_cluster: bool) -> list[Fault]:
    faults = [_fault(dice, is_cluster=is_cluster) for _ in range(dice.randint(1, 2))]
    if any(fault.needs_a_drop for fault in faults):
        faults.append(Fault("kill", one_in=dice.randint(1, 2)))
    # A drop comes when what it meets is there.
    return sorted(faults, key=lambda fault: fault.one_in > 0)


def _fault(dice: Random, *, is_cluster: bool) -> Fault:
    changes = (
        [
            Fault("failover", {"shard": dice.randrange(SHARDS)}),
            Fault("node", {"node": dice.randrange(NODES), "up": False}),
        ]
        if is_cluster
        else [Fault("restart-backend")]
    )
    return dice.choice(
        [
            Fault("kill", one_in=dice.randint(1, 3)),
            Fault("forget", one_in=dice.randint(1, 3)),
            Fault("refuse", {"count": dice.randint(1, 3), "current": dice.random() < 0.5}),
            Fault("stall", {"milliseconds": dice.randint(100, 1000)}),
            Fault("cut", {"after_bytes": dice.randint(1, 5), "count": dice.randint(1, 4)}),
            Fault("throttle"),
            Fault("unavailable"),
            Fault("iam-outage"),
            Fault("listen", {"open": False}),
            Fault("certificate", {"kind": dice.choice(["expired", "other-name"])}),
            *changes,
        ]
    )
