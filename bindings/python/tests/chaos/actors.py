"""Who uses the clients: each actor knows what it may be told next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import keyrotor

from chaos.callers import Caller, Command, GivenUp
from chaos.world import Progress, World

PAUSE = 0.003
KEYS = 9
LARGE = (100 << 10, 3 << 20)

Actor = Callable[[Caller, World, str], Awaitable[None]]


async def _repeat(
    caller: Caller, world: World, name: str, once: Callable[[Progress], Awaitable[None]]
) -> None:
    """Until the world is over; errors are judged."""
    progress = world.enlist(name)
    while not world.is_over:
        progress.turn += 1
        try:
            await once(progress)
        except GivenUp:
            world.count("given up")
        except keyrotor.Error as error:
            progress.last_failure = f"{error.name} {error}"
            if not _ends_the_watch(error, world, name):
                world.is_in_doubt(name, error)
        await caller.pause(PAUSE)


def _ends_the_watch(error: keyrotor.Error, world: World, name: str) -> bool:
    """Nothing was written, and the watch is gone: begin again."""
    if not name.startswith("stock"):
        return False
    if error.name == "auth-lease-ended":
        return True
    is_elsewhere = (error.server_text or "").startswith(("MOVED ", "READONLY "))
    return world.broken_by is not None and (error.name == "auth-required" or is_elsewhere)


async def counter(caller: Caller, world: World, name: str) -> None:
    """INCR: what runs twice shows in the next reply, and what is lost in one of the next."""
    last = in_doubt = 0

    async def once(progress: Progress) -> None:
        nonlocal last, in_doubt
        try:
            reply = await caller.execute("INCR", name)
        except keyrotor.Error as error:
            progress.last_failure = f"{error.name} {error}"
            in_doubt += world.is_in_doubt(name, error)
            return
        ran_meanwhile = reply - last - 1
        if ran_meanwhile > in_doubt or (ran_meanwhile < 0 and not world.loses_writes):
            world.complain(f"{name}: {reply} after {last}, with {in_doubt} in doubt")
        world.count("lost", max(0, -ran_meanwhile))
        # One that was cut off may still run, but not after everybody has got over it.
        in_doubt = 0 if world.broken_by is None else in_doubt - max(0, ran_meanwhile)
        last = reply
        progress.note()

    await _repeat(caller, world, name, once)


async def small_register(caller: Caller, world: World, name: str) -> None:
    """Values of a few bytes."""
    await _register(caller, world, name, (0, 10), PAUSE)


async def large_register(caller: Caller, world: World, name: str) -> None:
    """Values of which the socket does not take all at once, while others send commands on it."""
    await _register(caller, world, name, LARGE, 0.15)


def _value(number: int, length: int) -> bytes:
    return b"%d:" % number + bytes([number % 251]) * length


async def _register(caller: Caller, world: World, name: str, sizes: tuple[int, int], pause: float) -> None:
    """SET and GET: what is read is what was written last, or may have been."""
    last = 0
    in_doubt: set[int] = set()
    dice = Random(name)

    async def once(progress: Progress) -> None:
        nonlocal last
        number = progress.turn
        try:
            await caller.execute("SET", name, _value(number, dice.randint(*sizes)))
            last = number
            if world.broken_by is None:
                in_doubt.clear()
        except keyrotor.Error as error:
            if world.is_in_doubt(name, error):
                in_doubt.add(number)
        read = await caller.execute("GET", name)
        digits, _, rest = (read or b"0:").partition(b":")
        is_whole = read is None or read == _value(int(digits), len(rest))
        if not is_whole or (int(digits) not in {last, *in_doubt} and not world.loses_writes):
            world.complain(f"{name}: {read[:40]!r}, of {len(rest)} bytes, after {last} was written")
        progress.note()
        await caller.pause(pause)

    await _repeat(caller, world, name, once)


async def echo(caller: Caller, world: World, name: str) -> None:
    """Who gives up leaves the reply to nobody, and gets nobody else's."""
    dice = Random(name)

    async def once(progress: Progress) -> None:
        size = dice.randint(100 << 10, 1 << 20) if dice.random() < 0.03 else 0
        text = b"%s:%d:" % (name.encode(), progress.turn) + b"." * size
        reply = await caller.execute_within(dice.uniform(0.02, 1.0), "ECHO", text)
        if reply != text:
            world.complain(f"{name}: {reply[:60]!r} came back at turn {progress.turn}")
        progress.note()

    await _repeat(caller, world, name, once)


async def side_by_side(caller: Caller, world: World, name: str) -> None:
    """What is sent together comes back apart."""

    async def once(progress: Progress) -> None:
        texts = [f"{name}:{progress.turn}:{number}".encode() for number in range(20)]
        replies = await caller.together([("ECHO", text) for text in texts])
        failures = [_judged(world, name, reply, text) for reply, text in zip(replies, texts, strict=True)]
        if not any(failures):
            progress.note()

    await _repeat(caller, world, name, once)


async def batches(caller: Caller, world: World, name: str) -> None:
    """SET and GET of several keys in one piece, which a cluster takes apart."""

    async def once(progress: Progress) -> None:
        was_broken = world.broken_by
        commands: list[Command] = []
        expected: list[bytes] = []
        for key in (f"{name}:{number}" for number in range(KEYS)):
            commands += [("SET", key, f"{key}={progress.turn}"), ("GET", key)]
            expected += [b"OK", f"{key}={progress.turn}".encode()]
        replies = await caller.pipeline(commands)
        is_calm = was_broken is None and world.broken_by is None
        failures = [
            _judged(world, name, reply, text, is_calm=is_calm)
            for reply, text in zip(replies, expected, strict=True)
        ]
        if not any(failures):
            progress.note()

    await _repeat(caller, world, name, once)


def _judged(world: World, name: str, reply: Any, expected: bytes, *, is_calm: bool = True) -> bool:
    """`True` where it is an error; who expects something else has to complain."""
    if isinstance(reply, keyrotor.Error):
        world.is_in_doubt(name, reply)
        return True
    # While something is broken, an older value of the same key may be there, or none.
    is_older = isinstance(reply, bytes) and reply.partition(b"=")[0] == expected.partition(b"=")[0]
    if reply != expected and (is_calm or not (is_older or reply is None)):
        world.complain(f"{name}: {reply!r} in place of {expected!r}")
    return False


async def stock(caller: Caller, world: World, name: str) -> None:
    """WATCH, GET, MULTI, EXEC: who read a number under watch makes the next one of it, or nothing."""

    async def once(progress: Progress) -> None:
        pair = await caller.count_up("stock")
        if pair is not None and pair[1] != pair[0] + 1:
            world.complain(f"{name}: {pair} was read and written")
        progress.note()

    await _repeat(caller, world, name, once)


async def queue(caller: Caller, world: World, name: str) -> None:
    """RPUSH and BLPOP: no job is done twice."""
    done: set[int] = set()
    doubts = 0
    may_be_back = False

    async def once(progress: Progress) -> None:
        nonlocal doubts, may_be_back
        job = progress.turn
        try:
            await caller.execute("RPUSH", name, job)
            popped = await caller.execute("BLPOP", name, 1)
        except keyrotor.Error:
            doubts += 1
            raise
        finally:
            may_be_back |= world.loses_writes
        if popped is not None:
            number = int(popped[1])
            if number in done and not may_be_back:
                world.complain(f"{name}: job {number} was done twice")
            done.add(number)
        elif doubts:
            doubts -= 1
        elif not may_be_back:
            world.complain(f"{name}: job {job} is lost")
        progress.note()

    await _repeat(caller, world, name, once)


async def rotation(caller: Caller, world: World, name: str) -> None:
    """New tokens and logins that nobody needs."""

    async def once(progress: Progress) -> None:
        await (caller.refresh() if progress.turn % 2 else caller.log_in())
        progress.note()
        await caller.pause(0.1)

    await _repeat(caller, world, name, once)


ALL: list[Actor] = [
    counter,
    counter,
    small_register,
    large_register,
    echo,
    side_by_side,
    batches,
    stock,
    queue,
    rotation,
]
