"""azure-identity and MSAL against the emulated Entra."""

from __future__ import annotations

import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import jwt
import msal
import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    CertificateCredential,
    CredentialUnavailableError,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)
from entra import (
    ASSIGNED,
    CLIENT,
    OBJECT,
    RESOURCE,
    SCOPE,
    SECRET,
    SUBJECT,
    SYSTEM,
    TENANT,
    Pair,
    application,
    application_of_msal,
    assertion_file,
    errors,
    key,
    led,
    pair,
    secret_credential,
    tenant,
    trust,
    unverified,
)

from emulator import Emulator

REFUSED = (ClientAuthenticationError, CredentialUnavailableError)


@pytest.fixture(scope="module")
def registered() -> Pair:
    """The certificate that the application has registered."""
    return pair()


@pytest.fixture
def emulator(registered: Pair, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """A tenant without a cache, which this process trusts."""
    apps = [application(certificates=[registered.certificate])]
    with Emulator({"entra": tenant(applications=apps)}) as running:
        trust(running, monkeypatch)
        yield running


@pytest.fixture(params=["app-service", "imds"])
def platform(request: pytest.FixtureRequest, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> str:
    """Makes this process a machine of that platform."""
    platform: str = request.param
    for name, value in emulator.entra["environments"][platform].items():
        monkeypatch.setenv(name, value)
    return platform


def verified(emulator: Emulator, token: str) -> dict[str, Any]:
    """The claims of a token, its signature checked by PyJWT against the tenant's keys."""
    context = ssl.create_default_context(cafile=emulator.ca)
    keys = jwt.PyJWKClient(f"{emulator.entra['authority']}/{TENANT}/discovery/v2.0/keys", ssl_context=context)
    signer = keys.get_signing_key_from_jwt(token).key
    claims: dict[str, Any] = jwt.decode(token, signer, algorithms=["RS256"], audience=RESOURCE)
    return claims


def test_a_secret_gets_a_token_that_verifies(emulator: Emulator) -> None:
    token = secret_credential(emulator).get_token(SCOPE)
    claims = verified(emulator, token.token)
    assert (claims["oid"], claims["appid"], claims["tid"]) == (OBJECT, CLIENT, TENANT)
    assert claims["iss"] == f"https://sts.windows.net/{TENANT}/"
    assert 3600 - 5 <= claims["exp"] - time.time() <= 5400 + 5
    assert abs(token.expires_on - claims["exp"]) <= 2
    asked = emulator.record()["entra"][-2]
    assert (asked["proof"], asked["client_id"], asked["audience"]) == ("secret", CLIENT, RESOURCE)


def test_tokens_of_version_2_name_the_resource_by_its_id() -> None:
    with Emulator({"entra": tenant(token_version=2)}) as emulator:
        claims = unverified(secret_credential(emulator).get_token(SCOPE).token)
    assert (claims["aud"], claims["azp"]) == ("acca5fbb-b7e4-4009-81f1-37e38fd66d78", CLIENT)
    assert claims["iss"] == f"https://login.microsoftonline.com/{TENANT}/v2.0"


@pytest.mark.parametrize(
    ("change", "number"),
    [
        ({"secret": "wrong"}, 7000215),
        ({"client_id": "00000000-eeee-0000-0000-000000000000"}, 700016),
    ],
)
def test_wrong_credentials_are_refused(emulator: Emulator, change: dict[str, str], number: int) -> None:
    with pytest.raises(ClientAuthenticationError, match=f"AADSTS{number}"):
        secret_credential(emulator, **change).get_token(SCOPE)
    assert errors(emulator) == [f"AADSTS{number}"]


@pytest.mark.parametrize(
    ("scope", "number"),
    [(f"{RESOURCE}/.defalt", 1002012), ("https://rediss.azure.com/.default", 500011)],
)
def test_unknown_scopes_are_refused(emulator: Emulator, scope: str, number: int) -> None:
    with pytest.raises(ClientAuthenticationError, match=f"AADSTS{number}"):
        secret_credential(emulator).get_token(scope)


def test_another_tenant_is_not_found(emulator: Emulator) -> None:
    with pytest.raises(ClientAuthenticationError, match="Unable to get authority configuration"):
        secret_credential(emulator, tenant_id="no-such-tenant").get_token(SCOPE)
    assert errors(emulator) == ["AADSTS90002"]


def test_a_tenant_must_be_named(emulator: Emulator) -> None:
    app = msal.ConfidentialClientApplication(
        CLIENT,
        client_credential=SECRET,
        authority=f"{emulator.entra['authority']}/common",
        instance_discovery=False,
        verify=emulator.ca,
    )
    with pytest.warns(DeprecationWarning, match="/common"):
        answer = app.acquire_token_for_client([SCOPE])
    assert answer["error_codes"] == [50059], answer


def test_instance_discovery_vouches_for_this_authority_alone(emulator: Emulator) -> None:
    def discover(authority: str) -> msal.ConfidentialClientApplication:
        return msal.ConfidentialClientApplication(
            CLIENT,
            client_credential=SECRET,
            authority=authority,
            instance_discovery=f"{emulator.entra['authority']}/common/discovery/instance",
            verify=emulator.ca,
        )

    answer = discover(f"{emulator.entra['authority']}/{TENANT}").acquire_token_for_client([SCOPE])
    assert "access_token" in answer
    with pytest.raises(ValueError, match="invalid_instance"):
        discover(f"https://login.example.com/{TENANT}")


def test_a_certificate_gets_a_token(emulator: Emulator, registered: Pair) -> None:
    data = (registered.certificate + registered.key).encode()
    credential = CertificateCredential(TENANT, CLIENT, certificate_data=data, **led(emulator))
    assert unverified(credential.get_token(SCOPE).token)["appidacr"] == "2"
    assert emulator.record()["entra"][-1]["proof"] == "certificate"


def test_a_certificate_named_by_sha1_gets_a_token(emulator: Emulator, registered: Pair) -> None:
    app = application_of_msal(emulator, {"private_key": registered.key, "thumbprint": registered.sha1})
    assert "access_token" in app.acquire_token_for_client([SCOPE])


def test_another_certificate_is_refused(emulator: Emulator, registered: Pair) -> None:
    other = pair()
    data = (other.certificate + other.key).encode()
    with pytest.raises(ClientAuthenticationError, match=r"AADSTS700027.*not registered"):
        CertificateCredential(TENANT, CLIENT, certificate_data=data, **led(emulator)).get_token(SCOPE)
    app = application_of_msal(emulator, {"private_key": other.key, "thumbprint": registered.sha1})
    assert "failed signature validation" in app.acquire_token_for_client([SCOPE])["error_description"]


@pytest.mark.parametrize(
    ("change", "number"),
    [
        ({}, None),
        ({"aud": "https://login.microsoftonline.com/other/oauth2/v2.0/token"}, 700023),
        ({"iss": "other"}, 700021),
        ({"sub": "other"}, 700021),
        ({"exp": 1_700_000_000}, 700024),
        ({"nbf": 4_000_000_000}, 700024),
    ],
)
def test_assertions_are_judged(
    emulator: Emulator, registered: Pair, change: dict[str, Any], number: int | None
) -> None:
    audience = f"{emulator.entra['authority']}/{TENANT}/oauth2/v2.0/token"
    claims = {"aud": audience, "iss": CLIENT, "sub": CLIENT, "exp": time.time() + 600, **change}
    thumbprint = jwt.utils.base64url_encode(bytes.fromhex(registered.sha1)).decode()
    made = jwt.encode(claims, registered.key, "RS256", headers={"x5t": thumbprint})
    app = application_of_msal(emulator, {"client_assertion": lambda: made})
    answer = app.acquire_token_for_client([SCOPE])
    assert answer.get("error_codes") == (None if number is None else [number]), answer


def test_a_workload_identity_gets_a_token(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in emulator.entra["environments"]["workload-identity"].items():
        monkeypatch.setenv(name, value)
    credential = WorkloadIdentityCredential(disable_instance_discovery=True)
    assert unverified(credential.get_token(SCOPE).token)["oid"] == OBJECT
    assert emulator.record()["entra"][-1]["proof"] == "federated"


def test_a_workload_identitys_file_is_rotated(emulator: Emulator) -> None:
    file = assertion_file(emulator)
    before = file.read_text()
    emulator.fault("entra/faults/rotate-token-files")
    assert file.read_text() != before
    app = application_of_msal(emulator, {"client_assertion": file.read_text})
    assert "access_token" in app.acquire_token_for_client([SCOPE])


@pytest.mark.parametrize(
    ("change", "signer", "number"),
    [
        ({}, "workload", None),
        ({}, "first", 50013),
        ({"iss": "https://kubernetes.example.com"}, "workload", 700211),
        ({"aud": "api://other"}, "workload", 700212),
        ({"sub": "system:serviceaccount:default:other"}, "workload", 700213),
        ({"exp": 1_700_000_000}, "workload", 700024),
    ],
)
def test_federated_assertions_are_judged(
    emulator: Emulator, change: dict[str, Any], signer: str, number: int | None
) -> None:
    given = unverified(assertion_file(emulator).read_text())
    assert given["sub"] == SUBJECT
    made = jwt.encode({**given, **change}, key(signer), "RS256")
    app = application_of_msal(emulator, {"client_assertion": lambda: made})
    answer = app.acquire_token_for_client([SCOPE])
    assert answer.get("error_codes") == (None if number is None else [number]), answer


def test_the_workloads_issuer_shows_its_keys(emulator: Emulator) -> None:
    text = assertion_file(emulator).read_text()
    found = requests.get(
        f"{unverified(text)['iss']}/.well-known/openid-configuration", verify=emulator.ca, timeout=30
    ).json()
    keys = jwt.PyJWKClient(found["jwks_uri"], ssl_context=ssl.create_default_context(cafile=emulator.ca))
    signer = keys.get_signing_key_from_jwt(text).key
    claims = jwt.decode(text, signer, algorithms=["RS256"], audience="api://AzureADTokenExchange")
    assert claims["iss"] == found["issuer"]


def test_a_client_that_insists_on_the_clouds_name_is_led_here(emulator: Emulator) -> None:
    app = msal.ConfidentialClientApplication(
        CLIENT,
        client_credential=SECRET,
        authority=f"https://login.microsoftonline.com/{TENANT}",
        proxies={"https": emulator.entra["proxy"]},
        verify=emulator.ca,
    )
    assert "access_token" in app.acquire_token_for_client([SCOPE])
    with pytest.raises(requests.exceptions.ProxyError):
        requests.get("https://example.com", proxies={"https": emulator.entra["proxy"]}, timeout=30)


@pytest.mark.usefixtures("platform")
def test_the_machines_own_identity_gets_a_token(emulator: Emulator) -> None:
    token = ManagedIdentityCredential().get_token(SCOPE)
    claims = verified(emulator, token.token)
    assert (claims["oid"], claims["appid"]) == (SYSTEM["object_id"], SYSTEM["client_id"])
    assert abs(claims["exp"] - time.time() - 86_400) < 60
    assert abs(token.expires_on - claims["exp"]) <= 2


@pytest.mark.parametrize("name", ["client_id", "object_id", "resource_id"])
@pytest.mark.usefixtures("platform")
def test_an_assigned_identity_gets_a_token(emulator: Emulator, name: str) -> None:
    credential = ManagedIdentityCredential(identity_config={name: ASSIGNED[name]})
    assert verified(emulator, credential.get_token(SCOPE).token)["oid"] == ASSIGNED["object_id"]


@pytest.mark.usefixtures("platform")
def test_an_unknown_identity_gets_none(emulator: Emulator) -> None:
    credential = ManagedIdentityCredential(client_id="00000000-eeee-0000-0000-000000000000")
    with pytest.raises(REFUSED, match="Identity not found"):
        credential.get_token(SCOPE)
    assert errors(emulator) == ["Identity not found"]


def test_the_platform_is_not_for_everybody(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    imds = (
        f"{emulator.entra['http']}/metadata/identity/oauth2/token?api-version=2018-02-01&resource={RESOURCE}"
    )
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(imds)
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{emulator.entra['http']}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "wrong")
    with pytest.raises(REFUSED, match="X-IDENTITY-HEADER"):
        ManagedIdentityCredential().get_token(SCOPE)


@pytest.mark.usefixtures("platform")
def test_the_platform_repeats_its_token(emulator: Emulator) -> None:
    first, second = (ManagedIdentityCredential().get_token(SCOPE).token for _ in range(2))
    assert first == second
    assert [asked["repeated"] for asked in emulator.record()["entra"]] == [False, True]
    emulator.fault("entra/faults/life", seconds=8)
    third = ManagedIdentityCredential().get_token(SCOPE).token
    assert third != first
    assert 0 < unverified(third)["exp"] - time.time() <= 8


def test_a_switch_makes_the_platform_forget(monkeypatch: pytest.MonkeyPatch) -> None:
    with Emulator({"entra": tenant(managed_identities_repeat=False)}) as emulator:
        monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", emulator.entra["http"])
        first, second = (ManagedIdentityCredential().get_token(SCOPE).token for _ in range(2))
    assert first != second


def test_several_identities_and_none_named(monkeypatch: pytest.MonkeyPatch) -> None:
    other = {"client_id": "other-client", "object_id": "other-object"}
    with Emulator({"entra": tenant(managed_identities=[ASSIGNED, other])}) as emulator:
        monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", emulator.entra["http"])
        with pytest.raises(REFUSED, match="Multiple user assigned identities exist"):
            ManagedIdentityCredential().get_token(SCOPE)


def test_lives_are_scaled() -> None:
    with Emulator({"time_scale": 60, "entra": tenant()}) as emulator:
        claims = unverified(secret_credential(emulator).get_token(SCOPE).token)
    assert 55 <= claims["exp"] - time.time() <= 91


def test_fault_slow(emulator: Emulator) -> None:
    emulator.fault("entra/faults/slow", endpoint="token", milliseconds=3000)
    with pytest.raises(ClientAuthenticationError, match="Read timed out"):
        secret_credential(emulator, read_timeout=1).get_token(SCOPE)
    emulator.fault("faults/clear")
    assert secret_credential(emulator, read_timeout=30).get_token(SCOPE)


def test_fault_fail(emulator: Emulator) -> None:
    emulator.fault("entra/faults/failing", endpoint="token", status=503, count=2)
    with pytest.raises(msal.exceptions.MsalServiceError, match="503"):
        application_of_msal(emulator, SECRET).acquire_token_for_client([SCOPE])
    # azure-identity tries again by itself.
    assert secret_credential(emulator, retry_total=2, retry_backoff_factor=0.01).get_token(SCOPE)
    assert errors(emulator) == ["fault-failing", "fault-failing"]


@pytest.mark.usefixtures("platform")
def test_fault_fail_of_the_platform(emulator: Emulator) -> None:
    emulator.fault("entra/faults/failing", status=503)
    with pytest.raises(REFUSED):
        ManagedIdentityCredential(retry_total=0, retry_status=0).get_token(SCOPE)
    assert set(errors(emulator)) == {"fault-failing"}


def test_fault_throttle(emulator: Emulator) -> None:
    emulator.fault("entra/faults/throttling", endpoint="token", retry_after=60, count=1)
    app = application_of_msal(emulator, SECRET)
    for _ in range(2):
        assert app.acquire_token_for_client([SCOPE])["error_codes"] == [90055]
    assert errors(emulator) == ["fault-throttling"], "MSAL heeds Retry-After: it does not ask again"


def test_fault_gone(emulator: Emulator) -> None:
    emulator.fault("entra/faults/gone", endpoint="token", count=1)
    with pytest.raises(ClientAuthenticationError, match="Connection aborted"):
        secret_credential(emulator).get_token(SCOPE)
    assert secret_credential(emulator).get_token(SCOPE)
    assert errors(emulator) == ["fault-gone"]


def test_fault_short_life(emulator: Emulator) -> None:
    emulator.fault("entra/faults/life", seconds=10)
    token = secret_credential(emulator).get_token(SCOPE)
    assert 0 < unverified(token.token)["exp"] - time.time() <= 10
    emulator.fault("entra/faults/life")
    assert unverified(secret_credential(emulator).get_token(SCOPE).token)["exp"] > time.time() + 3000


def test_fault_lie(emulator: Emulator) -> None:
    emulator.fault("entra/faults/lie", seconds=7200)
    token = secret_credential(emulator).get_token(SCOPE)
    assert abs(token.expires_on - unverified(token.token)["exp"] - 7200) <= 2


def test_fault_rotate_keys(emulator: Emulator) -> None:
    first = secret_credential(emulator).get_token(SCOPE).token
    emulator.fault("entra/faults/rotate-keys")
    second = secret_credential(emulator).get_token(SCOPE).token
    assert jwt.get_unverified_header(first)["kid"] != jwt.get_unverified_header(second)["kid"]
    assert verified(emulator, first)
    assert verified(emulator, second)
    emulator.fault("entra/faults/rotate-keys", revoke=True)
    with pytest.raises(jwt.PyJWKClientError):
        verified(emulator, second)


@pytest.mark.parametrize(
    ("path", "body", "problem"),
    [
        ("slow", {}, "milliseconds"),
        ("failing", {"status": 200}, "status"),
        ("failing", {"endpoint": "sts"}, "endpoint"),
        ("gone", {"retry_after": 3}, "retry_after"),
    ],
)
def test_faults_that_make_no_sense_are_refused(
    emulator: Emulator, path: str, body: dict[str, Any], problem: str
) -> None:
    with pytest.raises(RuntimeError, match=f"400 .*{problem}"):
        emulator.fault(f"entra/faults/{path}", **body)
