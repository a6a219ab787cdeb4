"""T17: no secret in anything that is printed."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import traceback
from collections.abc import Iterator

import keyrotor
import pytest
from emulator import BASE, Emulator

KEY = BASE["request"]["authenticationInfo"]["iamCredentials"]["accessKey"]["secretAccessKey"]
ACCESS_KEY = keyrotor.AccessKey(
    access_key_id="AKIDEXAMPLE", secret_access_key=KEY, session_token="the-session-token"
)


def shown(value: object) -> Iterator[str]:
    """All the ways in which a value gets into a log."""
    yield from (repr(value), str(value), f"{value}", f"{value!r}", f"{[value]}", "%s" % (value,))  # noqa: UP031
    yield json.dumps(value, default=repr)
    if isinstance(value, BaseException):
        yield repr(value.args)
        yield repr(vars(value))
        yield "".join(traceback.format_exception(value))


def assert_hidden(value: object, *secrets: str) -> None:
    for text in shown(value):
        assert [secret for secret in secrets if secret in text] == [], type(value)


@pytest.mark.parametrize(
    "configuration",
    [
        ACCESS_KEY,
        keyrotor.ElastiCache(cluster_name="c", username="u", access_key=ACCESS_KEY),
        keyrotor.MemoryDB(cluster_name="c", username="u", access_key=ACCESS_KEY),
        keyrotor.Rds(host="h", port=1, username="u", access_key=ACCESS_KEY),
        keyrotor.Dsql(host="h", access_key=ACCESS_KEY),
        keyrotor.Password(username="u", password="hunter2"),
        keyrotor.EntraId(tenant_id="t", client_id="c", client_secret="hunter2"),
        keyrotor.ClientCertificate(certificate_pem="hunter2", private_key_pem="hunter2"),
    ],
)
def test_configurations(configuration: object) -> None:
    assert_hidden(configuration, KEY, "the-session-token", "hunter2")
    assert "***" in repr(configuration)
    assert dataclasses.is_dataclass(configuration)


def test_credentials_and_managers() -> None:
    configuration = keyrotor.ElastiCache(cluster_name="c", username="u", region="r", access_key=ACCESS_KEY)
    with keyrotor.TokenManager(configuration) as manager:
        credential = manager.credential()
        signature = credential.secret.partition("X-Amz-Signature=")[2].partition("&")[0]
        assert len(signature) == 64
        for value in (credential, manager, manager.status(), manager.subscribe(lambda _: None)):
            assert_hidden(value, signature, KEY, "the-session-token")
        assert "secret=***" in repr(credential)
        for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError) as caught:
                attempt(credential)
            assert_hidden(caught.value, signature)
    assert_hidden(manager, signature, KEY)


def test_clients(shared_emulator: Emulator) -> None:
    with keyrotor.Client.connect(shared_emulator.request()) as client:
        pipeline = client.pipeline().execute("SET", "key", "hunter2")
        for value in (client, client.status(), client.stats(), pipeline):
            assert_hidden(value, KEY, "X-Amz-Signature", "hunter2")


@pytest.mark.parametrize(
    "patch",
    [
        {"authenticationInfo": {"iamCredentials": {"username": "somebody-else"}}},
        {"authenticationInfo": {"iamCredentials": {"accessKey": {"secretAccessKey": "hunter2"}}}},
        {"authenticationInfo": {"iamCredentials": {"accessKey": {"secretAccessKey": ["hunter2"]}}}},
        {"authenticationInfo": {"iamCredentials": {"accessKey": {"accessKeyId": None}}}},
        {"authenticationInfo": {"serverCredentials": {"password": "hunter2"}}},
        {"authenticationInfo": {"iamCredentials": None, "serverCredentials": {"password": "hunter2"}}},
        {"clientKey": "hunter2"},
        {"rootCerts": ["aHVudGVyMg=="]},
        {"tlsMode": "NoTls", "rootCerts": None},
    ],
)
def test_errors(shared_emulator: Emulator, patch: dict[str, object]) -> None:
    with pytest.raises(keyrotor.Error) as caught:
        keyrotor.Client.connect(shared_emulator.request(patch))
    assert_hidden(caught.value, KEY, "hunter2", "X-Amz-Signature")


def test_errors_about_arguments(shared_emulator: Emulator) -> None:
    with keyrotor.Client.connect(shared_emulator.request()) as client:
        for value in (["hunter2"], "hunter2\ud800"):
            with pytest.raises(keyrotor.RequestError) as caught:
                client.execute("SET", "key", value)  # type: ignore[arg-type]
            error = caught.value
            assert "hunter2" not in f"{error} {error!r} {vars(error)}"
