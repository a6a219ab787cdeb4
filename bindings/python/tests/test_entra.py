"""S03: the ways to Entra's tokens, from Python's own classes to the token."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import keyrotor
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from emulator import REPOSITORY
from keyrotor.testing import Emulator

CLIENT = "00000000-aaaa-0000-0000-00000000c11e"
OBJECT = "00000000-aaaa-0000-0000-000000000b1e"
SECRET = "made-up-client-secret"
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

KEY = (REPOSITORY / "core" / "tests" / "data" / "rsa-key-for-tests.pem").read_text()


def certificate() -> str:
    """A self-signed certificate of the key."""
    key = serialization.load_pem_private_key(KEY.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "app")])
    now = datetime.now(timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture(scope="module")
def registered() -> str:
    """The certificate that the application has registered."""
    return certificate()


@pytest.fixture(scope="module")
def tenant(registered: str) -> Iterator[Emulator]:
    """A tenant with an application and two managed identities."""
    application = {
        "client_id": CLIENT,
        "object_id": OBJECT,
        "secrets": [SECRET],
        "certificates": [registered],
        "federated_subjects": ["system:serviceaccount:default:app"],
    }
    with Emulator({"entra": {"applications": [application], "managed_identities": [SYSTEM, ASSIGNED]}}) as it:
        yield it


def claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    read: dict[str, Any] = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return read


def application_of(tenant: Emulator, **proof: Any) -> keyrotor.EntraId:
    entra = tenant.ready["entra"]
    return keyrotor.EntraId(tenant_id=entra["tenant"], client_id=CLIENT, authority=entra["http"], **proof)


def check(configuration: keyrotor.EntraId, source: str, user: str) -> None:
    with keyrotor.TokenManager(configuration) as manager:
        credential = manager.credential()
        assert (credential.user, manager.status()["source"]) == (user, source)
        assert claims(credential.secret)["oid"] == user
        assert credential.expires_at is not None


def test_s03_a_client_secret(tenant: Emulator) -> None:
    check(application_of(tenant, client_secret=SECRET), "entra-client-secret", OBJECT)


@pytest.mark.parametrize("key", [KEY, None])
def test_s03_a_client_certificate(tenant: Emulator, registered: str, key: str | None) -> None:
    pem = registered if key else KEY + registered
    given = keyrotor.ClientCertificate(certificate_pem=pem, private_key_pem=key)
    check(application_of(tenant, client_certificate=given), "entra-client-certificate", OBJECT)


def test_s03_a_workload_identity(tenant: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = tenant.ready["entra"]["environments"]["workload-identity"]
    file = environment["AZURE_FEDERATED_TOKEN_FILE"]
    assert Path(file).exists()
    by_path = keyrotor.WorkloadIdentity(token_file=file)
    check(application_of(tenant, workload_identity=by_path), "entra-workload-identity", OBJECT)
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", file)
    by_variable = keyrotor.WorkloadIdentity()
    check(application_of(tenant, workload_identity=by_variable), "entra-workload-identity", OBJECT)


def test_s03_managed_identities(tenant: Emulator) -> None:
    authority = tenant.ready["entra"]["http"]
    system = keyrotor.EntraId(authority=authority, system_assigned_managed_identity=True)
    check(system, "entra-managed-identity", str(SYSTEM["object_id"]))
    for name in ("client_id", "object_id", "resource_id"):
        by = keyrotor.UserAssignedManagedIdentity(**{name: ASSIGNED[name]})
        assigned = keyrotor.EntraId(authority=authority, user_assigned_managed_identity=by)
        check(assigned, "entra-managed-identity", ASSIGNED["object_id"])


def test_s03_what_the_environment_says(tenant: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    entra = tenant.ready["entra"]
    for name in ("AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE", "IDENTITY_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in entra["environments"]["service-principal"].items():
        monkeypatch.setenv(name, value)
    check(keyrotor.EntraId(authority=entra["http"]), "entra-client-secret", OBJECT)


def test_a_user_and_a_scope_of_ones_own(tenant: Emulator) -> None:
    scope = "https://ossrdbms-aad.database.windows.net/.default"
    configuration = application_of(tenant, client_secret=SECRET, username="app_role", scope=scope)
    with keyrotor.TokenManager(configuration) as manager:
        credential = manager.credential()
        assert credential.user == "app_role"
        assert claims(credential.secret)["aud"].startswith("https://ossrdbms-aad.database.windows.net")


def test_a_secret_that_the_tenant_does_not_know(tenant: Emulator) -> None:
    retry: keyrotor.RefreshPolicy = {"retry": {"max_attempts": 1}}
    with (
        keyrotor.TokenManager(application_of(tenant, client_secret="other"), refresh=retry) as manager,
        pytest.raises(keyrotor.CredentialsError) as caught,
    ):
        manager.token()
    assert "AADSTS7000215" in caught.value.message
    assert caught.value.source == "entra-client-secret"


def test_two_methods_are_one_too_many() -> None:
    both = keyrotor.EntraId(
        tenant_id="t", client_id="c", client_secret="s", system_assigned_managed_identity=True
    )
    with pytest.raises(keyrotor.ConfigError) as caught:
        keyrotor.TokenManager(both)
    assert caught.value.field is not None
    assert caught.value.field.startswith("authentication_info.entra_credentials")
