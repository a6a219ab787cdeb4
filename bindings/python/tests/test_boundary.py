"""B01: nothing that is handed over, and no bug inside, ends the process or escapes as something else."""

from __future__ import annotations

import json
import random
import threading

import keyrotor
import pytest
from emulator import BASE, Emulator
from keyrotor import _native
from test_requests import protobuf

MUTATIONS = 3000


def mutated(random_: random.Random, seed: bytes) -> bytes:
    data = bytearray(seed)
    for _ in range(random_.randint(1, 8)):
        at = random_.randrange(len(data) + 1)
        match random_.randrange(4):
            case 0:
                data[at : at + 1] = random_.randbytes(1)
            case 1:
                del data[at : at + random_.randint(1, 5)]
            case 2:
                data[at:at] = random_.randbytes(random_.randint(1, 5))
            case _:
                data[at:at] = data[at : at + random_.randint(1, 20)]
    return bytes(data)


# A ConnectionRequest with neither host nor port leads nowhere, whatever becomes of the rest of it.
CONNECTION = {**BASE["request"], "addresses": [], "rootCerts": ["UEVN"], "clientName": "name"}
MANAGER = {
    "authenticationInfo": BASE["request"]["authenticationInfo"],
    "refresh": {"ratio": 0.5, "margin": "1s"},
}


@pytest.mark.parametrize("form", ["json", "protobuf"])
def test_mutated_requests_are_errors_of_ours(form: str) -> None:
    random_ = random.Random(20261122)
    accepted = refused = 0
    for name, request in (("TokenManagerRequest", MANAGER), ("ConnectionRequest", CONNECTION)):
        seed = json.dumps(request).encode() if form == "json" else protobuf(name, request).SerializeToString()
        for _ in range(MUTATIONS):
            data = mutated(random_, seed)
            handed: str | bytes = data.decode(errors="surrogateescape") if form == "json" else data
            try:
                if name == "TokenManagerRequest":
                    keyrotor.TokenManager(handed).close()
                else:
                    keyrotor.Client.connect(handed).close()
            except keyrotor.Error as error:
                refused += 1
                assert type(error) in {keyrotor.ConfigError, keyrotor.NetworkError}, error
            else:
                accepted += 1
    assert refused > MUTATIONS
    assert accepted + refused == 2 * MUTATIONS


def test_random_bytes_are_errors_of_ours() -> None:
    random_ = random.Random(1)
    for size in range(400):
        data = random_.randbytes(size % 40 + 1)
        for call in (keyrotor.TokenManager, keyrotor.Client.connect, keyrotor.connection_request_from_glide):
            try:
                call(data)
            except keyrotor.Error:
                continue
            assert call is keyrotor.connection_request_from_glide


@pytest.mark.parametrize(
    "text", ["", "\x00", "\ud800", "{", "[]", "null", '"', "{}" * 2, "[" * 100_000, '{"a":' * 500]
)
def test_text_that_is_no_request(text: str) -> None:
    with pytest.raises(keyrotor.ConfigError):
        keyrotor.TokenManager(text)
    with pytest.raises(keyrotor.ConfigError):
        keyrotor.Client.connect(text)


def test_nul_bytes_in_a_servers_error(shared_emulator: Emulator) -> None:
    with keyrotor.Client.connect(shared_emulator.request()) as client:
        with pytest.raises(keyrotor.ServerError) as caught:
            client.execute("EVAL", "return redis.error_reply('NUL a\\0b')", 0)
        assert client.execute("PING") == b"PONG"
    # Redis ends the text at the NUL; other servers need not.
    assert caught.value.server_text in {"NUL a", "NUL a\x00b"}


def test_nul_bytes_in_an_error_of_ours() -> None:
    with pytest.raises(keyrotor.ConfigError) as caught:
        keyrotor.TokenManager({"a\x00b": 1})
    assert caught.value.field == "a\x00b"
    assert "a\x00b" in str(caught.value)


def test_an_error_of_the_servers_that_is_no_text(shared_emulator: Emulator) -> None:
    script = "return redis.error_reply('BAD \\255\\254')"
    with keyrotor.Client.connect(shared_emulator.request()) as client, pytest.raises(keyrotor.Error):
        client.execute("EVAL", script, 0)


def test_a_panic_is_an_internal_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(keyrotor.InternalError) as caught:
        _native.panic_on_purpose()
    assert (caught.value.code, caught.value.name) == (700, "internal")
    assert "on purpose" in caught.value.message
    assert "panicked" in capfd.readouterr().err


def test_a_panic_inside_a_callback_hurts_nobody(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    called = threading.Semaphore(0)

    def panic(_: keyrotor.Credential) -> None:
        called.release()
        _native.panic_on_purpose()

    with keyrotor.TokenManager(MANAGER) as manager:
        manager.subscribe(panic)
        assert called.acquire(timeout=5)
        manager.refresh()
        assert called.acquire(timeout=5)
        assert manager.token()
    assert "InternalError" in caplog.text
    assert "panicked" in capfd.readouterr().err
