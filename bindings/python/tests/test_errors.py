"""One class for each kind of error, with the same attributes everywhere."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import keyrotor
import pytest
from google.protobuf import descriptor_pb2
from keyrotor.errors import from_detail


def codes() -> dict[str, int]:
    """The names and numbers of the one table, from the schema that the package ships."""
    files = descriptor_pb2.FileDescriptorSet.FromString(keyrotor.FILE_DESCRIPTOR_SET)
    [code] = [enum for file in files.file for enum in file.enum_type if enum.name == "Code"]
    return {value.name.removeprefix("CODE_").lower().replace("_", "-"): value.number for value in code.value}


CLASSES = {
    1: keyrotor.ConfigError,
    2: keyrotor.CredentialsError,
    3: keyrotor.AuthError,
    4: keyrotor.NetworkError,
    6: keyrotor.ClosedError,
    7: keyrotor.InternalError,
}


@pytest.mark.parametrize(("name", "number"), codes().items())
def test_every_code_has_its_class(name: str, number: int) -> None:
    if number == 500:
        expected: type[keyrotor.Error] = keyrotor.ServerError
    elif 500 < number < 600:
        expected = keyrotor.RequestError
    else:
        expected = CLASSES.get(number // 100, keyrotor.Error)
    assert type(make(code=number, name=name)) is expected
    assert issubclass(expected, keyrotor.Error)
    assert (expected is keyrotor.Error) == (number == 0)


def make(**attributes: Any) -> keyrotor.Error:
    detail = {
        "code": 500,
        "name": "server-error",
        "message": "the server answered: ERR",
        "retryable": False,
        "field": None,
        "server_text": "ERR",
        "source": None,
    }
    return from_detail({**detail, **attributes})  # type: ignore[typeddict-item]


def test_attributes_and_text() -> None:
    with pytest.raises(keyrotor.Error) as caught:
        keyrotor.TokenManager({"authenticationInfo": {"iamCredentials": {"nonsense": 1}}})
    error = caught.value
    assert type(error) is keyrotor.ConfigError
    assert (error.code, error.name, error.retryable) == (101, "config-unknown-field", False)
    assert error.field == "authentication_info.iam_credentials.nonsense"
    assert (error.server_text, error.source) == (None, None)
    assert str(error) == error.message
    assert "config-unknown-field" in repr(error)
    assert not isinstance(error, ValueError)


def test_errors_survive_copies_and_pickles() -> None:
    error = make(server_text="ERR \x00 text", retryable=True)
    for twin in (copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301
        assert type(twin) is type(error)
        assert vars(twin) == vars(error)
        assert str(twin) == str(error)


def test_the_attributes_of_a_servers_error(shared_emulator: Any) -> None:
    with keyrotor.Client.connect(shared_emulator.request()) as client:
        client.execute("SET", "key", "text")
        with pytest.raises(keyrotor.ServerError) as caught:
            client.execute("INCR", "key")
    error = caught.value
    assert (error.code, error.name) == (500, "server-error")
    assert error.server_text == "ERR value is not an integer or out of range"
    assert (error.field, error.source) == (None, None)
