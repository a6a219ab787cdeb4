"""`Client` shared by threads: one of those that wait reads for all."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import keyrotor
import pytest
from emulator import Emulator
from lifecycle import threads


def test_b05_replies_come_to_the_threads_that_asked(shared_emulator: Emulator) -> None:
    with keyrotor.Client.connect(shared_emulator.request(), decode=True) as client:

        def echo(name: int) -> int:
            large = "x" * 100_000
            for turn in range(150):
                text = f"{name}-{turn}" + (large if turn % 50 == 0 else "")
                assert client.execute("ECHO", text) == text
            return name

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(echo, range(8))) == list(range(8))
        assert client.stats()["failures"] == 0


def test_b05_a_hundred_clients_add_no_thread(shared_emulator: Emulator) -> None:
    first = keyrotor.Client.connect(shared_emulator.request())
    first.execute("PING")
    before = threads()
    clients = [keyrotor.Client.connect(shared_emulator.request()) for _ in range(99)]
    assert all(client.execute("PING") == b"PONG" for client in clients)
    # Names are looked up on a thread that ends by itself.
    assert threads() <= before + 1
    for client in [first, *clients]:
        client.close()


def test_b09_a_thread_that_times_out_delays_nobody_and_replies_stay_with_their_calls(
    emulator: Emulator,
) -> None:
    with keyrotor.Client.connect(emulator.request({"requestTimeout": 20_000})) as client:

        def echo(name: int) -> None:
            for turn in range(100):
                assert client.execute("ECHO", f"{name}-{turn}") == f"{name}-{turn}".encode()

        with ThreadPoolExecutor(5) as pool:
            running = [pool.submit(echo, name) for name in range(4)]
            assert client.execute("BLPOP", "nothing", 0.2) is None
            for one in running:
                one.result()


def test_a_server_that_hung_up_meanwhile_is_noticed_before_the_next_command(emulator: Emulator) -> None:
    with keyrotor.Client.connect(emulator.request()) as client:
        for pause in (0.01, 0.3):
            assert client.execute("PING") == b"PONG"
            emulator.fault("kill")
            time.sleep(pause)
            assert client.execute("PING") == b"PONG"
        assert client.stats()["reconnects"] == 2
        assert client.stats()["failures"] == 0


def test_c18_rotation_under_load_is_invisible(emulator: Emulator) -> None:
    request = emulator.request({"authenticationInfo": {"iamCredentials": {"leaseSeconds": 5}}})
    with keyrotor.Client.connect(request) as client:
        over = threading.Event()

        def load(name: int) -> int:
            turn = 0
            while not over.is_set():
                turn += 1
                assert client.execute("ECHO", f"{name}-{turn}") == f"{name}-{turn}".encode()
            return turn

        with ThreadPoolExecutor(4) as pool:
            running = [pool.submit(load, name) for name in range(4)]
            deadline = time.monotonic() + 30
            while client.stats()["reauths"] == 0 and time.monotonic() < deadline:
                time.sleep(0.05)
            over.set()
            assert all(one.result() > 0 for one in running)
        stats = client.stats()
        assert stats["reauths"] >= 1
        assert (stats["failures"], stats["reconnects"]) == (0, 0)


@pytest.mark.parametrize("count", [1, 4])
def test_c07_a_forgotten_login_is_healed_and_nobody_sees_it(emulator: Emulator, count: int) -> None:
    with keyrotor.Client.connect(emulator.request()) as client, ThreadPoolExecutor(count) as pool:
        for turn in range(5):
            emulator.fault("forget")
            replies = pool.map(lambda name, turn=turn: client.execute("ECHO", f"{turn}-{name}"), range(count))
            assert list(replies) == [f"{turn}-{name}".encode() for name in range(count)]
        assert client.stats()["reconnects"] == 0
        assert client.stats()["failures"] == 0
