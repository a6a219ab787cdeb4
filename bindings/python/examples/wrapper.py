"""A client of your own around keyrotor's core, as wrappers in the style of Valkey GLIDE have it.

Usage: wrapper.py HOST PORT CLUSTER USER REGION AUTHORITY

The wrapper has its own words for configuration and commands. It writes the first down as one protobuf
message, with Google's `protobuf` package and the schema that keyrotor carries, and hands over the bytes;
tokens, TLS, logins and reconnects are the core's. AWS keys come from the default chain.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keyrotor
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory


@dataclass(frozen=True)
class NodeAddress:
    """Where a server is."""

    host: str
    port: int = 6379


@dataclass(frozen=True)
class IamAuthConfig:
    """Who logs in to which cache."""

    cluster_name: str
    username: str
    region: str
    refresh_interval_seconds: int | None = None


@dataclass(frozen=True)
class WrapperConfiguration:
    """What a client needs to know."""

    addresses: Sequence[NodeAddress]
    iam: IamAuthConfig
    root_certificates: bytes | None = None
    client_name: str | None = None
    request_timeout_ms: int = 2_000


class WrapperClient:
    """Commands as methods."""

    def __init__(self, configuration: WrapperConfiguration) -> None:
        """Connects; raises `keyrotor.Error`."""
        self._core = keyrotor.Client.connect(request_bytes(configuration))

    def set(self, key: str, value: str | bytes) -> None:
        """SET"""
        self._core.execute("SET", key, value)

    def get(self, key: str) -> bytes | None:
        """GET"""
        value: bytes | None = self._core.execute("GET", key)
        return value

    def incr_all(self, *keys: str) -> list[int]:
        """One INCR for each key, in one transaction."""
        pipeline = self._core.pipeline(atomic=True)
        for key in keys:
            pipeline.execute("INCR", key)
        return pipeline.run()

    def custom_command(self, *arguments: str | bytes | float) -> Any:
        """Any other command."""
        return self._core.execute(*arguments)

    def close(self) -> None:
        """Ends all connections."""
        self._core.close()


def request_bytes(configuration: WrapperConfiguration) -> bytes:
    """The configuration as a `keyrotor.v1.ConnectionRequest`."""
    request = message("ConnectionRequest")
    for address in configuration.addresses:
        request.addresses.add(host=address.host, port=address.port)
    request.tls_mode = (
        request.DESCRIPTOR.fields_by_name["tls_mode"].enum_type.values_by_name["SecureTls"].number
    )
    request.request_timeout = configuration.request_timeout_ms
    if configuration.root_certificates is not None:
        request.root_certs.append(configuration.root_certificates)
    if configuration.client_name is not None:
        request.client_name = configuration.client_name
    iam = request.authentication_info.iam_credentials
    iam.cluster_name = configuration.iam.cluster_name
    iam.username = configuration.iam.username
    iam.region = configuration.iam.region
    if configuration.iam.refresh_interval_seconds is not None:
        iam.refresh_interval.seconds = configuration.iam.refresh_interval_seconds
    data: bytes = request.SerializeToString()
    return data


def message(name: str) -> Any:
    """An empty message of this name. A wrapper may as well generate classes from the `.proto` files."""
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(keyrotor.FILE_DESCRIPTOR_SET).file:
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"keyrotor.v1.{name}"))()


def main(host: str, port: str, cluster: str, user: str, region: str, authority: str) -> None:
    """A few commands."""
    client = WrapperClient(
        WrapperConfiguration(
            addresses=[NodeAddress(host, int(port))],
            iam=IamAuthConfig(cluster, user, region, refresh_interval_seconds=300),
            root_certificates=Path(authority).read_bytes(),
            client_name="wrapper",
        )
    )
    try:
        client.set("wrapper:greeting", "hello")
        print("greeting:", client.get("wrapper:greeting"))
        print("counted:", client.incr_all("wrapper:one", "wrapper:two"))
        print("logged in as", client.custom_command("ACL", "WHOAMI"))
    finally:
        client.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
