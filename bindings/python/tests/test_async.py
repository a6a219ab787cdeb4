"""The manager's async face, on asyncio and uvloop."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import suppress

import keyrotor
import pytest
from identities import alone
from lifecycle import held, settled
from loops import Loop, every_loop, run

SECRET = "hunter2"


class Slow:
    """A function that gives logins when it is told to."""

    def __init__(self) -> None:
        self.asked = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.calls = 0

    def __call__(self) -> tuple[str, str]:
        self.calls += 1
        self.asked.release()
        self.go_on.wait(20)
        return "app", f"{SECRET}-{self.calls}"


@pytest.fixture
def slow() -> Iterator[Slow]:
    """Lets go whoever still waits in it."""
    function = Slow()
    yield function
    function.go_on.set()


@every_loop
def test_tokens_credentials_and_refreshes(loop: Loop) -> None:
    async def work() -> None:
        first = await manager.credential_async()
        assert (first.user, first.generation) == ("iam-user-01", 1)
        assert await manager.token_async() == first.secret == manager.token()
        second = await manager.refresh_async()
        assert second.generation == 2
        assert second.secret != first.secret
        assert await manager.token_async() == second.secret

    with keyrotor.TokenManager(alone()) as manager:
        run(loop, work())


@every_loop
def test_t04_coroutines_that_wait_share_one_fetch(loop: Loop, slow: Slow) -> None:
    async def work() -> None:
        waiting = [asyncio.ensure_future(manager.token_async()) for _ in range(100)]
        await asyncio.sleep(0.05)
        assert not any(one.done() for one in waiting)
        slow.go_on.set()
        assert set(await asyncio.gather(*waiting)) == {f"{SECRET}-1"}

    with keyrotor.TokenManager(keyrotor.Callback(slow)) as manager:
        run(loop, work())
    assert slow.calls == 1


@every_loop
def test_t11_on_a_loop_the_blocking_calls_never_wait(loop: Loop, slow: Slow) -> None:
    async def work() -> None:
        for call in (manager.token, manager.credential, manager.refresh):
            before = time.monotonic()
            with pytest.raises(keyrotor.CredentialsError) as caught:
                call()
            assert time.monotonic() - before < 1
            assert caught.value.name == "credentials-pending"
        assert "async" in caught.value.message
        # It was asked all the same, and its answer serves.
        slow.go_on.set()
        assert await manager.token_async() == manager.token() == f"{SECRET}-1"

    with keyrotor.TokenManager(keyrotor.Callback(slow)) as manager:
        run(loop, work())


def test_t11_a_thread_beside_a_running_loop_may_wait(slow: Slow) -> None:
    async def work() -> str:
        waiting = asyncio.ensure_future(asyncio.to_thread(manager.token))
        await asyncio.to_thread(slow.asked.acquire)
        slow.go_on.set()
        return await waiting

    with keyrotor.TokenManager(keyrotor.Callback(slow)) as manager:
        assert asyncio.run(work()) == f"{SECRET}-1"


@every_loop
def test_failures_are_raised_where_they_are_awaited(loop: Loop) -> None:
    class LostError(Exception):
        pass

    def fail() -> tuple[str, str]:
        raise LostError

    async def work() -> None:
        for call in (manager.token_async, manager.credential_async, manager.refresh_async):
            with pytest.raises(keyrotor.CredentialsError) as caught:
                await call()
            assert caught.value.name == "credentials-fetch-failed"
            assert isinstance(caught.value.__cause__, LostError)
        manager.close()
        with pytest.raises(keyrotor.ClosedError):
            await manager.token_async()

    retry: keyrotor.RefreshPolicy = {"retry": {"max_attempts": 1, "initial_delay": "0.010s"}}
    with keyrotor.TokenManager(keyrotor.Callback(fail), refresh=retry) as manager:
        run(loop, work())


@every_loop
def test_close_ends_the_coroutines_that_wait(loop: Loop, slow: Slow) -> None:
    async def work() -> None:
        waiting = asyncio.ensure_future(manager.token_async())
        await asyncio.to_thread(slow.asked.acquire)
        manager.close()
        with pytest.raises(keyrotor.ClosedError):
            await waiting

    manager = keyrotor.TokenManager(keyrotor.Callback(slow))
    run(loop, work())


@every_loop
def test_b09_a_cancelled_wait_ends_alone(loop: Loop, slow: Slow) -> None:
    async def work() -> None:
        given_up = asyncio.ensure_future(manager.token_async())
        patient = asyncio.ensure_future(manager.token_async())
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(manager.token_async(), 0.02)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        slow.go_on.set()
        assert await patient == f"{SECRET}-1"
        assert slow.calls == 1

    with keyrotor.TokenManager(keyrotor.Callback(slow)) as manager:
        run(loop, work())


@every_loop
def test_b09_cancelled_at_any_moment_nobody_gets_anothers_outcome(loop: Loop) -> None:
    problems: list[dict[str, object]] = []

    async def one(manager: keyrotor.TokenManager, number: int, pause: float) -> None:
        task = asyncio.ensure_future(manager.refresh_async())
        await asyncio.sleep(pause)
        task.cancel()
        with suppress(asyncio.CancelledError):
            assert (await task).user == f"user-{number}"

    async def work() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, problem: problems.append(problem))
        for pause in (0, 0, 0.0001, 0.0003, 0.001, 0.003):
            await asyncio.gather(*(one(manager, number, pause) for number, manager in enumerate(managers)))

    def named(number: int) -> keyrotor.Callback:
        return keyrotor.Callback(lambda: (f"user-{number}", SECRET))

    managers = [keyrotor.TokenManager(named(number)) for number in range(20)]
    run(loop, work())
    assert [manager.credential().user for manager in managers] == [f"user-{n}" for n in range(20)]
    for manager in managers:
        manager.close()
    assert problems == []


def test_a_loop_that_was_closed_in_the_meantime_is_harmless(
    slow: Slow, capfd: pytest.CaptureFixture[str]
) -> None:
    with keyrotor.TokenManager(keyrotor.Callback(slow)) as manager:
        loop = asyncio.new_event_loop()
        loop.set_exception_handler(lambda *_: None)  # It says that a task was destroyed, which is the point.
        task = loop.create_task(manager.token_async())
        loop.run_until_complete(asyncio.sleep(0.05))
        loop.close()
        slow.go_on.set()
        assert manager.token() == f"{SECRET}-1"
        gone = weakref.ref(task)
        del task
        gc.collect()
        assert gone() is None
    assert capfd.readouterr().err == ""


def test_nothing_begins_before_it_is_awaited() -> None:
    before = held()
    with keyrotor.TokenManager(alone()) as manager:
        manager.token_async().close()
        assert manager.status()["state"] == "idle"
        assert held() == before


def test_without_a_loop_there_is_an_error_of_asyncios(slow: Slow) -> None:
    with keyrotor.TokenManager(keyrotor.Callback(slow)) as manager:
        with pytest.raises(RuntimeError, match="no running event loop"):
            manager.token_async().send(None)
        slow.go_on.set()
        assert asyncio.run(manager.token_async()) == f"{SECRET}-1"


def test_b05_loops_of_several_threads_do_not_disturb_each_other() -> None:
    outcomes: dict[int, set[str]] = {}

    def named(number: int) -> keyrotor.TokenManager:
        return keyrotor.TokenManager(keyrotor.Callback(lambda: (f"user-{number}", SECRET)))

    async def work(number: int) -> None:
        with named(number) as own:
            for _ in range(50):
                both = await asyncio.gather(own.refresh_async(), shared.refresh_async())
                assert [one.user for one in both] == [f"user-{number}", "shared"]
                outcomes.setdefault(number, set()).add(both[0].user)

    shared = keyrotor.TokenManager(keyrotor.Callback(lambda: ("shared", SECRET)))
    threads = [
        threading.Thread(target=lambda number=number: asyncio.run(work(number))) for number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shared.close()
    assert outcomes == {number: {f"user-{number}"} for number in range(4)}


@every_loop
def test_b04_a_loop_does_not_stand_still_while_a_source_is_slow(loop: Loop, slow: Slow) -> None:
    gaps: list[float] = []

    async def turn() -> None:
        last = time.monotonic()
        while True:
            await asyncio.sleep(0)
            now = time.monotonic()
            gaps.append(now - last)
            last = now

    async def work() -> None:
        turning = asyncio.ensure_future(turn())
        manager = keyrotor.TokenManager(keyrotor.Callback(slow))
        waiting = asyncio.ensure_future(manager.token_async())
        with pytest.raises(keyrotor.CredentialsError):
            manager.token()
        await asyncio.sleep(0.5)
        slow.go_on.set()
        await waiting
        manager.close()
        turning.cancel()

    run(loop, work())
    # A machine that is starved loses turns by itself: of all but a few of them nothing may be seen.
    assert len(gaps) > 100
    assert sorted(gaps)[-max(len(gaps) // 100, 2)] < 0.02


def test_t18_coroutines_leave_nothing(slow: Slow) -> None:
    slow.go_on.set()

    async def work() -> None:
        for _ in range(200):
            with keyrotor.TokenManager(keyrotor.Callback(slow)) as manager:
                await manager.refresh_async()
                waiting = asyncio.ensure_future(manager.refresh_async())
                await asyncio.sleep(0)
                waiting.cancel()

    asyncio.run(work())
    before = held()
    asyncio.run(work())
    assert settled(before) <= before
