"""How tasks go on when their replies come: at once, and as asyncio would have it in everything else."""

from __future__ import annotations

import asyncio
import contextvars
import selectors
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from emulator import Emulator
from keyrotor import AsyncClient
from loops import Loop, every_loop, run

COMMANDS = 200
NativeTask = asyncio.Task


class CountingSelector(selectors.DefaultSelector):
    """Counts the turns of its loop."""

    turns = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.turns += 1
        return super().select(timeout)


class LoopWithinATask(asyncio.SelectorEventLoop):
    """Calls readers while one of its tasks is at work, as loops do that run within loops."""

    def add_reader(self, fd: Any, callback: Callable[..., Any], *args: Any) -> None:  # type: ignore[override]
        def within_a_task() -> None:
            task: asyncio.Task[None] = asyncio.Task(asyncio.sleep(0), loop=self)
            asyncio.tasks._enter_task(self, task)  # noqa: SLF001 (documented under "Extending asyncio")
            try:
                callback(*args)
            finally:
                asyncio.tasks._leave_task(self, task)  # noqa: SLF001

        super().add_reader(fd, within_a_task)


async def turns_of_sequential_commands(selector: CountingSelector, request: dict[str, Any]) -> int:
    async with await AsyncClient.connect(request) as client:
        await client.execute("PING")
        before = selector.turns
        for _ in range(COMMANDS):
            await client.execute("PING")
        return selector.turns - before


@pytest.mark.parametrize(("is_debugged", "turns_each"), [(False, 1), (True, 2)])
def test_a_task_goes_on_in_the_turn_in_which_its_reply_comes(
    shared_emulator: Emulator, *, is_debugged: bool, turns_each: int
) -> None:
    selector = CountingSelector()
    loop = asyncio.SelectorEventLoop(selector)
    loop.set_debug(is_debugged)
    turns = run(lambda: loop, turns_of_sequential_commands(selector, shared_emulator.request()))
    assert turns_each * COMMANDS <= turns < (turns_each + 0.5) * COMMANDS


def test_where_loops_are_made_to_nest_tasks_go_on_at_the_next_turn(
    shared_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task that ran such a loop within a turn of the client's would wait for replies that nobody reads."""
    monkeypatch.setattr(asyncio.tasks, "Task", asyncio.tasks._PyTask)  # type: ignore[attr-defined]  # noqa: SLF001 (as `nest_asyncio` does)
    selector = CountingSelector()
    loop = asyncio.SelectorEventLoop(selector)
    loop.set_task_factory(lambda loop, coroutine, **_: NativeTask(coroutine, loop=loop))
    turns = run(lambda: loop, turns_of_sequential_commands(selector, shared_emulator.request()))
    assert turns >= 2 * COMMANDS


@every_loop
def test_each_task_goes_on_in_its_own_context(shared_emulator: Emulator, loop: Loop) -> None:
    name: contextvars.ContextVar[int] = contextvars.ContextVar("name")

    async def work() -> None:
        async with await AsyncClient.connect(shared_emulator.request(), decode=True) as client:

            async def own(number: int) -> None:
                name.set(number)
                for turn in range(20):
                    assert await client.execute("ECHO", f"{number}-{turn}") == f"{number}-{turn}"
                    assert name.get() == number
                    assert asyncio.current_task() in mine

            mine = {asyncio.ensure_future(own(number)) for number in range(20)}
            await asyncio.gather(*mine)

    run(loop, work())


@every_loop
def test_what_follows_a_reply_is_sent_whoever_sends_it(shared_emulator: Emulator, loop: Loop) -> None:
    """From within a turn of the client's, and from outside of one."""

    async def work() -> None:
        async with await AsyncClient.connect(shared_emulator.request()) as client:

            async def chain(length: int) -> bytes:
                reply = b""
                for turn in range(length):
                    replies = await asyncio.gather(*(client.execute("ECHO", f"{turn}") for _ in range(3)))
                    pipeline = client.pipeline().execute("ECHO", replies[2]).execute("PING")
                    (reply, _) = await pipeline.run()
                return reply

            chains = asyncio.gather(*map(chain, range(1, 30)))
            assert await asyncio.wait_for(chains, 60) == [b"%d" % n for n in range(29)]

    run(loop, work())


@pytest.mark.parametrize("ending", [KeyboardInterrupt, SystemExit])
@every_loop
def test_a_task_that_ends_the_program_takes_no_reply_from_others(
    shared_emulator: Emulator, loop: Loop, ending: type[BaseException]
) -> None:
    running = loop()
    replies: list[bytes] = []

    async def other(client: AsyncClient) -> None:
        replies.append(await client.execute("ECHO", "other"))

    async def ends(client: AsyncClient) -> None:
        await client.execute("PING")
        raise ending

    try:
        client = running.run_until_complete(AsyncClient.connect(shared_emulator.request()))
        # They begin with the loop.
        tasks = [running.create_task(work(client)) for work in (other, ends, other, other)]
        ending_task = tasks.pop(1)
        with pytest.raises(ending):
            running.run_forever()
        assert isinstance(ending_task.exception(), ending)
        running.run_until_complete(asyncio.wait(tasks, timeout=30))
        assert replies == [b"other"] * 3
        running.run_until_complete(client.close())
    finally:
        running.close()


@every_loop
def test_whoever_else_waits_for_a_future_is_told_by_the_loop(shared_emulator: Emulator, loop: Loop) -> None:
    async def work() -> None:
        async with await AsyncClient.connect(shared_emulator.request()) as client:
            told: list[str] = []
            watched = client.execute("PING")
            watched.add_done_callback(lambda _: told.append("callback"))

            async def waits() -> None:
                assert await watched == b"PONG"
                told.append("task")

            await asyncio.gather(waits(), waits())
            assert sorted(told) == ["callback", "task", "task"]

            assert await asyncio.wait_for(client.execute("PING"), 30) == b"PONG"
            assert await asyncio.shield(client.execute("PING")) == b"PONG"

    run(loop, work())


@every_loop
def test_a_task_that_only_hears_of_a_future_is_not_taken_for_one_that_waits(
    shared_emulator: Emulator, loop: Loop
) -> None:
    async def work() -> None:
        async with await AsyncClient.connect(shared_emulator.request()) as client:
            bystander = asyncio.ensure_future(asyncio.sleep(30))
            client.execute("PING").add_done_callback(bystander.cancel)
            await asyncio.sleep(0)
            with pytest.raises(asyncio.CancelledError):
                await bystander

    run(loop, work())


class Unwatchable(asyncio.Future[None]):
    """Fails whoever waits for it."""

    def add_done_callback(self, *_: Any, **__: Any) -> None:
        message = "nobody may wait for this"
        raise RuntimeError(message)


def test_a_task_that_fails_to_wait_is_not_woken_for_it(shared_emulator: Emulator) -> None:
    async def work() -> None:
        loop = asyncio.get_running_loop()
        heard: asyncio.Queue[object] = asyncio.Queue()
        loop.set_exception_handler(lambda _, context: heard.put_nowait(context.get("exception")))
        async with await AsyncClient.connect(shared_emulator.request()) as client:

            async def waits() -> None:
                await client.execute("PING")
                await Unwatchable()

            lost = asyncio.ensure_future(waits())
            assert str(await asyncio.wait_for(heard.get(), 30)) == "nobody may wait for this"
            for _ in range(3):
                assert await client.execute("PING") == b"PONG"
            assert heard.empty()
            assert not lost.done()

    # `asyncio.run` would wait for that task for ever.
    run(asyncio.new_event_loop, work())


@every_loop
def test_a_task_cancelled_at_the_turn_of_its_reply_is_cancelled_once(
    shared_emulator: Emulator, loop: Loop
) -> None:
    async def work() -> None:
        async with await AsyncClient.connect(shared_emulator.request()) as client:
            ended: list[str] = []

            async def waits() -> None:
                try:
                    await client.execute("PING")
                    await asyncio.sleep(30)
                except asyncio.CancelledError:
                    ended.append("cancelled")
                    raise

            for turn in range(50):
                before = client.execute("PING")
                victim = asyncio.ensure_future(waits())
                await asyncio.sleep(0)
                # Its reply is behind this one, or before it.
                await (before if turn % 2 else client.execute("PING"))
                victim.cancel()
                await asyncio.wait([victim])
            assert ended == ["cancelled"] * 50
            # Behind all that were given up.
            await client.execute("PING")
            assert client.stats()["in_flight"] == 0

    run(loop, work())


def test_loops_that_run_within_tasks_wake_theirs_later(shared_emulator: Emulator) -> None:
    async def work() -> None:
        async with await AsyncClient.connect(shared_emulator.request()) as client:

            async def chain() -> list[Any]:
                return [await client.execute("ECHO", f"{n}") for n in range(20)]

            for replies in await asyncio.wait_for(asyncio.gather(chain(), chain()), 30):
                assert replies == [b"%d" % n for n in range(20)]

    run(LoopWithinATask, work())


def test_tasks_of_others_are_woken_by_the_loop(shared_emulator: Emulator) -> None:
    """Such as asyncio's own that are written in Python, whose waking is a method like any other."""

    def python_task(
        loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **options: Any
    ) -> asyncio.Future[Any]:
        return asyncio.tasks._PyTask(coroutine, loop=loop, **options)  # type: ignore[attr-defined,no-any-return]  # noqa: SLF001

    def make() -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        loop.set_task_factory(python_task)  # type: ignore[arg-type]
        return loop

    async def work() -> None:
        async with await AsyncClient.connect(shared_emulator.request()) as client:
            replies = await asyncio.gather(*(client.execute("ECHO", f"{n}") for n in range(20)))
            assert replies == [b"%d" % n for n in range(20)]
            for _ in range(20):
                assert await client.execute("PING") == b"PONG"

    run(make, work())
