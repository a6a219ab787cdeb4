"""A tenant with an application and three managed identities, and how other people's software is led to it."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jwt
import msal
import pytest
from azure.identity import ClientSecretCredential
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from emulator import REPOSITORY, Emulator

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "00000000-aaaa-0000-0000-00000000c11e"
OBJECT = "00000000-aaaa-0000-0000-000000000b1e"
SECRET = "made-up-client-secret"
SUBJECT = "system:serviceaccount:default:app"
SYSTEM = {
    "client_id": "00000000-bbbb-0000-0000-00000000c11e",
    "object_id": "00000000-bbbb-0000-0000-000000000b1e",
    "system_assigned": True,
}
ASSIGNED = {
    "client_id": "00000000-cccc-0000-0000-00000000c11e",
    "object_id": "00000000-cccc-0000-0000-000000000b1e",
    "resource_id": "/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/identities/one",
}
OTHER = {
    "client_id": "00000000-dddd-0000-0000-00000000c11e",
    "object_id": "00000000-dddd-0000-0000-000000000b1e",
}
RESOURCE = "https://redis.azure.com"
SCOPE = f"{RESOURCE}/.default"
KEYS = REPOSITORY / "tests" / "emulator" / "src" / "entra" / "keys"
PATIENCE_SECONDS = 60


class Pair(NamedTuple):
    """A self-signed certificate and its key, both in PEM."""

    certificate: str
    key: str

    @property
    def sha1(self) -> str:
        """The thumbprint that Azure's portal shows."""
        read = x509.load_pem_x509_certificate(self.certificate.encode())
        return read.fingerprint(hashes.SHA1()).hex()  # noqa: S303 - the thumbprint's own hash


def pair() -> Pair:
    """Makes a certificate as `openssl req -x509` does."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "app")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    private = key.private_bytes(encoding, form, serialization.NoEncryption())
    return Pair(made.public_bytes(encoding).decode(), private.decode())


def application(**settings: Any) -> dict[str, Any]:
    """The application, with a secret and a federated subject."""
    given = {"secrets": [SECRET], "federated_subjects": [SUBJECT]}
    return {"client_id": CLIENT, "object_id": OBJECT, **given, **settings}


def tenant(**settings: Any) -> dict[str, Any]:
    """The section `entra` of a configuration."""
    identities = [SYSTEM, ASSIGNED, OTHER]
    return {"applications": [application()], "managed_identities": identities, **settings}


def secret_credential(emulator: Emulator, secret: str = SECRET, **settings: Any) -> ClientSecretCredential:
    """azure-identity, led here by its documented settings; it asks once and does not try again."""
    settings = {**led(emulator), "tenant_id": TENANT, "client_id": CLIENT, **settings}
    return ClientSecretCredential(client_secret=secret, **settings)


def trust(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes this process trust the emulator; requests heeds the environment more than `verify`."""
    for name, value in emulator.entra["environments"]["trust"].items():
        monkeypatch.setenv(name, value)


def led(emulator: Emulator) -> dict[str, Any]:
    """What leads azure-identity here."""
    return {
        "authority": emulator.entra["authority"],
        "disable_instance_discovery": True,
        "connection_verify": emulator.ca,
        "retry_total": 0,
    }


def application_of_msal(emulator: Emulator, credential: Any) -> msal.ConfidentialClientApplication:
    """MSAL, led here by its documented settings."""
    return msal.ConfidentialClientApplication(
        CLIENT,
        client_credential=credential,
        authority=f"{emulator.entra['authority']}/{TENANT}",
        instance_discovery=False,
        verify=emulator.ca,
    )


def unverified(token: str) -> dict[str, Any]:
    """The claims of a token."""
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def key(name: str) -> str:
    """A key of the emulated Entra, as it stands in the repository."""
    text = (KEYS / f"{name}.pem").read_text()
    return text[text.index("-----BEGIN") :]


def until(emulator: Emulator, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Waits until the record says something."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        record = emulator.record()
        if holds(record):
            return record
        time.sleep(0.05)
    raise AssertionError(f"never seen: {emulator.record()}")


def errors(emulator: Emulator) -> list[str]:
    """Why Entra refused, in order."""
    return [asked["error"] for asked in emulator.record()["entra"] if asked["error"]]


def assertion_file(emulator: Emulator) -> Path:
    """Where the workload identity's assertion lies."""
    return Path(emulator.entra["environments"]["workload-identity"]["AZURE_FEDERATED_TOKEN_FILE"])
