"""Arguments in, replies out."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator
from typing import Any

import keyrotor
import pytest
from emulator import Emulator


@pytest.fixture(scope="module")
def client(shared_emulator: Emulator) -> Iterator[keyrotor.Client]:
    with keyrotor.Client.connect(shared_emulator.request()) as connected:
        yield connected


@pytest.fixture(scope="module")
def text_client(shared_emulator: Emulator) -> Iterator[keyrotor.Client]:
    with keyrotor.Client.connect(shared_emulator.request(), decode=True) as connected:
        yield connected


class Color(enum.IntEnum):
    RED = 1


class Half(float):
    def __repr__(self) -> str:
        return "Half(0.5)"


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("välue", "välue".encode()),
        ("nul\x00", b"nul\x00"),
        ("\udcff", b"\xff"),
        (b"\x00\xff", b"\x00\xff"),
        (bytearray(b"array"), b"array"),
        (memoryview(b"every second")[::2], b"eeyscn"),
        (0, b"0"),
        (-(2**63), b"-9223372036854775808"),
        (2**70, b"1180591620717411303424"),
        (Color.RED, b"1"),
        (1.5, b"1.5"),
        (1e100, b"1e+100"),
        (Half(0.5), b"0.5"),
        (-math.inf, b"-inf"),
        ("", b""),
    ],
)
def test_arguments(client: keyrotor.Client, value: Any, stored: bytes) -> None:
    assert client.execute("SET", "key", value) == b"OK"
    assert client.execute("GET", b"key") == stored


@pytest.mark.parametrize(
    "value", [True, None, [1], {"a": 1}, object(), "\ud800", 10**5000], ids=lambda value: type(value).__name__
)
def test_what_is_no_argument(client: keyrotor.Client, value: Any) -> None:
    with pytest.raises(keyrotor.RequestError) as caught:
        client.execute("SET", "key", value)
    assert caught.value.name == "argument-invalid"
    assert type(value).__name__ in caught.value.message
    assert "argument 2" in caught.value.message


def test_a_command_has_a_name(client: keyrotor.Client) -> None:
    with pytest.raises(keyrotor.RequestError) as caught:
        client.execute()
    assert caught.value.name == "argument-invalid"


def test_a_released_view_is_an_error(client: keyrotor.Client) -> None:
    view = memoryview(b"gone")
    view.release()
    with pytest.raises(keyrotor.RequestError):
        client.execute("ECHO", view)


def test_what_would_take_the_connection_over_is_refused(client: keyrotor.Client) -> None:
    with pytest.raises(keyrotor.RequestError) as caught:
        client.execute("SUBSCRIBE", "channel")
    assert caught.value.name == "command-unsupported"


def script(body: str) -> tuple[str, str, int]:
    return "EVAL", f"redis.setresp(3); {body}", 0


@pytest.mark.parametrize(
    ("body", "as_bytes", "as_text"),
    [
        ("return nil", None, None),
        ("return 7", 7, 7),
        ("return {ok='FINE'}", b"FINE", "FINE"),
        ("return {double=2.5}", 2.5, 2.5),
        ("return {map={a=1}}", {b"a": 1}, {"a": 1}),
        ("return {set={a=true}}", {b"a"}, {"a"}),
        ("return {set={[{set={a=true}}]=true}}", [{b"a"}], [{"a"}]),
        ("return {map={[{set={a=true}}]=1}}", [({b"a"}, 1)], [({"a"}, 1)]),
        ("return {big_number='-12345678901234567890'}", -12345678901234567890, -12345678901234567890),
        ("return {verbatim_string={string='text', format='txt'}}", b"text", "text"),
        ("return {1, {2, 'x'}}", [1, [2, b"x"]], [1, [2, "x"]]),
        ("return true", True, True),
        ("return false", False, False),
        ("return '\\255'", b"\xff", "\udcff"),
    ],
)
def test_replies(
    client: keyrotor.Client, text_client: keyrotor.Client, body: str, as_bytes: Any, as_text: Any
) -> None:
    for connected, expected in ((client, as_bytes), (text_client, as_text)):
        reply = connected.execute(*script(body))
        assert reply == expected
        assert type(reply) is type(expected)


def test_a_map_of_the_servers(text_client: keyrotor.Client) -> None:
    text_client.execute("HSET", "hash", "a", 1, "b", 2)
    assert text_client.execute("HGETALL", "hash") == {"a": "1", "b": "2"}
    assert text_client.execute("SMEMBERS", "nothing") == set()


def test_an_error_within_a_reply_is_in_its_place(client: keyrotor.Client) -> None:
    reply = client.execute(*script("return {1, redis.error_reply('MY text'), 2}"))
    assert (reply[0], reply[2]) == (1, 2)
    assert type(reply[1]) is keyrotor.ServerError
    assert (reply[1].server_text, reply[1].code) == ("MY text", 500)


def test_a_big_reply(client: keyrotor.Client) -> None:
    value = bytes(range(256)) * 40_000
    client.execute("SET", "big", value)
    assert client.execute("GET", "big") == value


def test_a_pipeline_has_an_outcome_for_each_command(client: keyrotor.Client) -> None:
    client.execute("DEL", "key")
    pipeline = client.pipeline()
    assert pipeline.execute("SET", "key", "x").execute("INCR", "key").execute("GET", "key") is pipeline
    assert len(pipeline) == 3
    first, failed, last = pipeline.run()
    assert (first, last) == (b"OK", b"x")
    assert type(failed) is keyrotor.ServerError
    assert len(pipeline) == 0
    assert pipeline.run() == []


def test_a_transaction_runs_whole_or_not_at_all(client: keyrotor.Client) -> None:
    client.execute("SET", "key", 1)
    pipeline = (
        client.pipeline(atomic=True).execute("INCR", "key").execute("LPUSH", "key", 1).execute("INCR", "key")
    )
    first, failed, last = pipeline.run()
    assert (first, last) == (2, 3)
    assert isinstance(failed, keyrotor.ServerError)
    with pytest.raises(keyrotor.ServerError) as caught:
        client.pipeline(atomic=True).execute("INCR", "key").execute("GET").run()
    assert "wrong number of arguments" in (caught.value.server_text or ""), "the reason, not EXECABORT"
    assert client.execute("GET", "key") == b"3"


def test_a_pipeline_refuses_what_a_client_refuses(client: keyrotor.Client) -> None:
    with pytest.raises(keyrotor.RequestError) as caught:
        client.pipeline().execute("SELECT", 1)
    assert caught.value.name == "command-unsupported"


def test_counters(shared_emulator: Emulator) -> None:
    with keyrotor.Client.connect(shared_emulator.request()) as client:
        client.execute("PING")
        client.pipeline().execute("PING").execute("PING").run()
        stats = client.stats()
        assert len(stats["connections"]) == 1
        counted = {name: value for name, value in stats.items() if name != "connections"}
        assert counted == {"commands": 3, "failures": 0, "reauths": 0, "reconnects": 0, "in_flight": 0}
