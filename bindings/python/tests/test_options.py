"""Options of one call: its timeout, where it goes, and whether it may be sent twice."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import keyrotor
import pytest
from emulator import Emulator
from keyrotor import AsyncClient, Client, Routing, Script

PATIENT = {"requestTimeout": 20_000, "connectionTimeout": 20_000}
PAUSE = 1.5


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_b09_a_call_ends_with_its_own_timeout(emulator: Emulator) -> None:
    with Client.connect(emulator.request(PATIENT)) as client:
        client.execute("SET", "key", "value")
        client.execute("CLIENT", "PAUSE", int(PAUSE * 1000), "ALL")
        start = time.monotonic()
        with pytest.raises(keyrotor.RequestError) as caught:
            client.execute("GET", "other", timeout=0.05)
        with pytest.raises(keyrotor.RequestError):
            client.pipeline().execute("GET", "other").run(timeout=0.05)
        assert time.monotonic() - start < PAUSE
        assert caught.value.name == "request-timeout"
        assert client.execute("GET", "key", timeout=20) == b"value"
        with pytest.raises(keyrotor.RequestError):
            client.execute("BLPOP", "queue", 0, timeout=0.05)
        assert client.stats()["in_flight"] == 0


def test_c17_what_may_run_twice_is_sent_again(emulator: Emulator) -> None:
    with Client.connect(emulator.request(PATIENT)) as client:
        client.execute("MSET", "key", "value", "other", "another")
        script = Script("return redis.call('GET', KEYS[1])")
        calls: list[Callable[[], object]] = [
            lambda: client.execute("GET", "key", idempotent=True),
            lambda: client.pipeline().execute("GET", "other").run(idempotent=True),
            lambda: client.execute_script(script, ["key"], idempotent=True),
            lambda: client.execute("GET", "key"),
        ]
        outcomes: list[object] = [None] * len(calls)

        def run(place: int) -> None:
            try:
                outcomes[place] = calls[place]()
            except keyrotor.Error as error:
                outcomes[place] = error.name

        client.execute("CLIENT", "PAUSE", int(PAUSE * 1000), "ALL")
        threads = [threading.Thread(target=run, args=(place,)) for place in range(len(calls))]
        for thread in threads:
            thread.start()
        until(lambda: client.stats()["in_flight"] == len(calls))
        emulator.fault("kill")
        for thread in threads:
            thread.join()
        assert outcomes == [b"value", [b"another"], b"value", "network-disconnected"]


def test_b09_c17_a_loops_calls_have_options_too(emulator: Emulator) -> None:
    async def work() -> None:
        async with await AsyncClient.connect(emulator.request({**PATIENT, "requestTimeout": 400})) as client:
            await client.execute("SET", "key", "value")
            await client.execute("CLIENT", "PAUSE", int(PAUSE * 1000), "ALL")
            start = time.monotonic()
            patient = client.execute("GET", "key", timeout=20, idempotent=True)
            batch = client.pipeline().execute("GET", "key").run(timeout=20, idempotent=True)
            while client.stats()["in_flight"] < 2:
                await asyncio.sleep(0.01)
            # One that has longer is no reason for the others to wait.
            for _ in range(2):
                hasty = client.execute("GET", "key", timeout=0.05)
                usual = client.execute("GET", "key")
                outcomes = await asyncio.gather(hasty, usual, return_exceptions=True)
                assert [type(outcome) for outcome in outcomes] == [keyrotor.RequestError] * 2
            assert time.monotonic() - start < PAUSE
            emulator.fault("kill")
            assert await patient == b"value"
            assert await batch == [b"value"]

    asyncio.run(work())


def test_a_call_says_where_it_goes(emulator: Emulator) -> None:
    with Client.connect(emulator.request()) as client:
        assert client.execute("ECHO", "x", route=Routing.random()) == b"x"
        assert client.pipeline().execute("ECHO", "x").run(route=Routing.random()) == [b"x"]
        with pytest.raises(keyrotor.RequestError) as caught:
            client.execute("ECHO", "x", route=Routing.address("elsewhere", 1))
        assert caught.value.name == "argument-invalid"
        for wrong in (0, -1, float("nan")):
            with pytest.raises(keyrotor.RequestError) as caught:
                client.execute("ECHO", "x", timeout=wrong)
            assert caught.value.name == "argument-invalid"
        with pytest.raises(TypeError):
            client.execute("ECHO", "x", route="anywhere")  # type: ignore[arg-type]
