"""Random faults over Python's clients under load: tasks of event loops, and threads that share a client.

What happens follows from a seed alone, which is told and can be set: `KEYROTOR_CHAOS_SEED`. With
`KEYROTOR_CHAOS_SECONDS` it goes on for longer. What is held to, at each command: none runs twice, none fails
while nothing is broken, no login fails to a caller unless a fault hits logins, a reply goes to its call.
After each fault: all heal. At the end: nothing is left.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import time

import keyrotor
import pytest
import uvloop
from chaos import faults, plan
from chaos.narrows import Narrows
from chaos.troupes import Tasks, Threads, Troupe
from chaos.world import World
from emulator import Emulator
from lifecycle import held, settled

SEED = int(os.environ.get("KEYROTOR_CHAOS_SEED", "9728"))
SECONDS = float(os.environ.get("KEYROTOR_CHAOS_SECONDS", "3"))
USER = "iam-user-01"
LIFE = 8
# No pause after a failed login is longer, and a primary that hands over may hold its clients up for 10 s.
HEALS_WITHIN = 30.0
# Signals, randomness and the like cost the process a few, once.
FOR_THE_PROCESS = 4

ARGUMENTS = ["--token-life", str(LIFE), "--session-limit", str(LIFE)]
CLUSTER = ["--shards", str(plan.SHARDS), "--replicas", "1"]


def tell(what: object) -> None:
    """For whoever looks into a failure."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def request(emulator: Emulator, port: int, *, is_cluster: bool) -> dict[str, object]:
    """Short lives, and time even on a machine that is busy."""
    lives = {"tokenLifeSeconds": LIFE, "leaseSeconds": LIFE}
    return emulator.request(
        {
            "addresses": [{"host": "localhost", "port": port}],
            "requestTimeout": 10_000,
            "connectionTimeout": 10_000,
            "clusterModeEnabled": is_cluster,
            "authenticationInfo": {"iamCredentials": lives},
        }
    )


def logs_in(troupe: Troupe) -> None:
    """Whoever asks for a login is held back no more."""
    end = time.monotonic() + HEALS_WITHIN
    while True:
        try:
            return troupe.log_in()
        except keyrotor.Error:
            assert time.monotonic() < end
            time.sleep(0.02)


def go_through(step: plan.Step, emulator: Emulator, world: World, troupes: list[Troupe]) -> None:
    """One step, and what must hold after it."""
    time.sleep(step.calm)
    tell(step)
    world.broken_by = step
    faults.play(emulator, step)
    took = world.all_go_on(HEALS_WITHIN)
    for troupe in troupes:
        logs_in(troupe)
    # What somebody asked for before all logins went on has failed by then, or not.
    world.all_go_on(HEALS_WITHIN)
    world.broken_by = None
    tell(f"  all go on after {took:.3f} s")
    strangers = {one["user"] for one in emulator.record()["connections"]} - {USER, None}
    if strangers:
        world.complain(f"somebody is {strangers}")
    world.check()


def play(emulator: Emulator, world: World, troupes: list[Troupe]) -> None:
    """Step after step, for so long."""
    for troupe in troupes:
        troupe.begin()
    try:
        world.all_go_on(HEALS_WITHIN)
        world.check()
        end = time.monotonic() + SECONDS
        for step in plan.steps(SEED, is_cluster=world.is_cluster):
            go_through(step, emulator, world, troupes)
            if time.monotonic() > end:
                break
    finally:
        world.is_over = True
        for troupe in troupes:
            troupe.end()
    world.check()
    tell(f"{step.number} steps: {dict(world.counts)}")


@pytest.mark.parametrize("is_cluster", [False, True], ids=["alone", "cluster"])
def test_b05_b09_c05_c07_c14_c17_t18_whatever_happens(*, is_cluster: bool) -> None:
    tell(f"KEYROTOR_CHAOS_SEED={SEED} plays the same again")
    before = held()
    arguments = [*ARGUMENTS, *(CLUSTER if is_cluster else [])]
    with Emulator(*arguments) as emulator, Narrows(emulator.port) as narrows:
        # The nodes of a cluster tell their own addresses.
        port = emulator.port if is_cluster else narrows.port
        world, patch = World(is_cluster=is_cluster), request(emulator, port, is_cluster=is_cluster)
        play(
            emulator,
            world,
            [
                Tasks("asyncio", asyncio.new_event_loop, patch, world),
                Tasks("uvloop", uvloop.new_event_loop, patch, world),
                Threads("threads", patch, world),
            ],
        )
        end = time.monotonic() + HEALS_WITHIN
        while left := faults.open_connections(emulator):
            assert time.monotonic() < end, f"{left} are still open"
            time.sleep(0.02)
    allowed = (before[0] + FOR_THE_PROCESS, before[1] + FOR_THE_PROCESS)
    after = settled(allowed)
    assert after[0] <= allowed[0]
    assert after[1] <= allowed[1]


def test_a_seed_is_a_plan() -> None:
    def steps(seed: int) -> list[plan.Step]:
        return list(itertools.islice(plan.steps(seed, is_cluster=True), 100))

    assert steps(7) == steps(7)
    assert steps(7) != steps(8)
