"""Every way to say the same request."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import keyrotor
import pytest
from emulator import BASE, Emulator
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.message import Message
from keyrotor import _message

KEY = keyrotor.AccessKey(access_key_id="AKIDEXAMPLE", secret_access_key="secret", session_token="session")


def message(request: object, keywords: Mapping[str, object] | None = None) -> Any:
    if keywords is None:
        text, is_json, _ = _message.token_manager_request(request)
    else:
        text, is_json, _ = _message.connection_request(request, keywords)
    assert is_json
    return json.loads(text)


def test_elasticache() -> None:
    configuration = keyrotor.ElastiCache(
        cluster_name="c",
        username="u",
        region="r",
        serverless=True,
        refresh_interval=timedelta(minutes=7.5),
        token_life_seconds=600,
        access_key=KEY,
    )
    assert message(configuration) == {
        "authentication_info": {
            "iam_credentials": {
                "cluster_name": "c",
                "username": "u",
                "region": "r",
                "serverless": True,
                "refresh_interval": "450.000000s",
                "token_life_seconds": 600,
                "access_key": {
                    "access_key_id": "AKIDEXAMPLE",
                    "secret_access_key": "secret",
                    "session_token": "session",
                },
            }
        }
    }


def test_the_other_configurations() -> None:
    iam = {"cluster_name": "c", "username": "u"}
    memorydb = {"iam_credentials": {**iam, "service_type": "MEMORYDB"}}
    assert message(keyrotor.MemoryDB(cluster_name="c", username="u"))["authentication_info"] == memorydb
    rds = {"rds_credentials": {"host": "h", "port": 5432, "username": "u"}}
    assert message(keyrotor.Rds(host="h", port=5432, username="u"))["authentication_info"] == rds
    dsql = {"dsql_credentials": {"host": "h", "admin": True}}
    assert message(keyrotor.Dsql(host="h", admin=True))["authentication_info"] == dsql
    entra = {"entra_credentials": {"tenant_id": "t", "client_id": "c", "client_secret": "s"}}
    given = keyrotor.EntraId(tenant_id="t", client_id="c", client_secret="s")
    assert message(given)["authentication_info"] == entra
    managed: dict[str, Any] = {"entra_credentials": {"system_assigned_managed_identity": {}}}
    given = keyrotor.EntraId(system_assigned_managed_identity=True)
    assert message(given)["authentication_info"] == managed
    password = {"server_credentials": {"password": "p", "username": "u"}}
    assert message(keyrotor.Password(password="p", username="u"))["authentication_info"] == password


def test_a_configuration_is_frozen_and_comparable() -> None:
    one, other = (keyrotor.Dsql(host="h", region="r") for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    with pytest.raises(AttributeError):
        one.host = "other"  # type: ignore[misc]


def test_the_fields_of_the_configurations_are_those_of_the_schema() -> None:
    pool = schema()
    arms = pool.FindMessageTypeByName("keyrotor.v1.AuthenticationInfo").fields_by_name
    missing = {keyrotor.ElastiCache: {"service_type"}, keyrotor.MemoryDB: {"service_type", "serverless"}}
    for kind in (keyrotor.ElastiCache, keyrotor.MemoryDB, keyrotor.Rds, keyrotor.Dsql, keyrotor.Password):
        arm = arms[kind.arm].message_type
        assert arm is not None
        declared = set(arm.fields_by_name)
        assert {field.name for field in fields(kind)} == declared - missing.get(kind, set())
    access_key = pool.FindMessageTypeByName("keyrotor.v1.AccessKey").fields_by_name
    assert {field.name for field in fields(keyrotor.AccessKey)} == set(access_key)


def test_the_keywords_are_fields_of_the_schema() -> None:
    declared = schema().FindMessageTypeByName("keyrotor.v1.ConnectionRequest").fields_by_name
    assert keyrotor.ConnectionFields.__optional_keys__ - {"credentials"} <= set(declared)
    policy = schema().FindMessageTypeByName("keyrotor.v1.RefreshPolicy").fields_by_name
    assert set(policy) == keyrotor.RefreshPolicy.__optional_keys__


def test_keywords() -> None:
    keywords = {
        "addresses": ["one", ("two", 6380), {"host": "three"}],
        "credentials": keyrotor.Dsql(host="h"),
        "root_certs": b"\xff",
        "client_cert": "PEM",
        "client_key": memoryview(b"PEM"),
        "fallback_credentials": keyrotor.Password(password="p"),
        "refresh": {"margin": timedelta(seconds=-1.5)},
    }
    assert message(None, keywords) == {
        "addresses": [{"host": "one"}, {"host": "two", "port": 6380}, {"host": "three"}],
        "authentication_info": {"dsql_credentials": {"host": "h"}},
        "root_certs": ["/w=="],
        "client_cert": "UEVN",
        "client_key": "UEVN",
        "fallback_credentials": {"password": "p"},
        "refresh": {"margin": "-1.500000s"},
    }


def test_a_dict_may_hold_pythons_own_types() -> None:
    given = MappingProxyType({"rootCerts": [b"\xff"], "authenticationInfo": keyrotor.Dsql(host="h")})
    expected = {"rootCerts": ["/w=="], "authenticationInfo": {"dsql_credentials": {"host": "h"}}}
    assert message(given, {}) == expected


def test_the_core_judges_keywords_too() -> None:
    with pytest.raises(keyrotor.ConfigError) as caught:
        keyrotor.Client.connect(adresses=["localhost"])  # type: ignore[call-arg]
    assert (caught.value.name, caught.value.field) == ("config-unknown-field", "adresses")


def test_a_refresh_policy_goes_with_a_configuration() -> None:
    password = keyrotor.Password(password="p")
    with pytest.raises(keyrotor.ConfigError) as caught:
        keyrotor.TokenManager(password, refresh={"ratio": 2.0})
    assert (caught.value.name, caught.value.field) == ("config-invalid", "refresh.ratio")
    keyrotor.TokenManager(password, refresh={"ratio": 0.5, "margin": timedelta(seconds=1)}).close()
    with pytest.raises(TypeError):
        keyrotor.TokenManager("{}", refresh={"ratio": 0.5})  # type: ignore[call-overload]


@pytest.mark.parametrize("request_", [1, None, [1], 1.5, object()])
def test_what_is_no_request(request_: Any) -> None:
    with pytest.raises(TypeError):
        keyrotor.TokenManager(request_)


def test_a_request_or_keywords() -> None:
    with pytest.raises(TypeError, match="not both"):
        keyrotor.Client.connect("{}", client_name="name")


def schema() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(keyrotor.FILE_DESCRIPTOR_SET).file:
        pool.Add(file)
    return pool


def protobuf(name: str, request: dict[str, Any]) -> Message:
    kind = message_factory.GetMessageClass(schema().FindMessageTypeByName(f"keyrotor.v1.{name}"))
    return json_format.ParseDict(request, kind(), descriptor_pool=schema())


def test_all_forms_lead_to_the_same_client(shared_emulator: Emulator) -> None:
    request = shared_emulator.request({"clientName": "forms"})
    credentials = keyrotor.ElastiCache(
        cluster_name="my-cluster",
        username="iam-user-01",
        region="eu-west-1",
        access_key=keyrotor.AccessKey(
            access_key_id="AKIDEXAMPLE", secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
        ),
    )
    clients = [
        keyrotor.Client.connect(request),
        keyrotor.Client.connect(json.dumps(request)),
        keyrotor.Client.connect(protobuf("ConnectionRequest", request).SerializeToString()),
        keyrotor.Client.connect(
            addresses=[("localhost", shared_emulator.port)],
            tls_mode="SecureTls",
            root_certs=shared_emulator.ca.read_bytes(),
            client_name="forms",
            credentials=credentials,
        ),
    ]
    generations = set()
    for client in clients:
        with client:
            assert client.execute("CLIENT", "GETNAME") == b"forms"
            assert client.execute("ACL", "WHOAMI") == b"iam-user-01"
            status = client.status()
            assert status is not None
            assert status["source"] == "elasticache-iam"
            generations.add(status["generation"])
    # They are one identity, which whoever else lives in this process may have used before.
    assert len(generations) == 1


def test_all_forms_lead_to_the_same_manager() -> None:
    request = {"authenticationInfo": BASE["request"]["authenticationInfo"], "refresh": {"margin": "30s"}}
    as_bytes = protobuf("TokenManagerRequest", request).SerializeToString()
    forms = (request, json.dumps(request), as_bytes, bytearray(as_bytes), memoryview(as_bytes))
    tokens = []
    for form in forms:
        with keyrotor.TokenManager(form) as manager:
            tokens.append(manager.token().partition("&X-Amz-Date")[0])
    assert len(set(tokens)) == 1


def chunk(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2, len(content)]) + content


def test_a_request_of_glides_is_refused_and_converted(shared_emulator: Emulator) -> None:
    ours = protobuf("ConnectionRequest", shared_emulator.request({"authenticationInfo": None}))
    iam = chunk(1, b"my-cluster") + chunk(2, b"eu-west-1")
    theirs = ours.SerializeToString() + chunk(7, chunk(2, b"iam-user-01") + chunk(3, iam))
    with pytest.raises(keyrotor.ConfigError) as caught:
        keyrotor.Client.connect(theirs)
    assert caught.value.name == "config-glide-layout"
    assert "connection_request_from_glide" in caught.value.message
    converted = keyrotor.connection_request_from_glide(theirs)
    message = protobuf("ConnectionRequest", {})
    message.ParseFromString(converted)
    as_dict = json_format.MessageToDict(message, descriptor_pool=schema())
    assert as_dict["authenticationInfo"] == {
        "iamCredentials": {"clusterName": "my-cluster", "username": "iam-user-01", "region": "eu-west-1"}
    }
    assert as_dict["rootCerts"] == [base64.b64encode(shared_emulator.ca.read_bytes()).decode()]
    with pytest.raises(keyrotor.ConfigError):
        keyrotor.connection_request_from_glide(b"\xff")
