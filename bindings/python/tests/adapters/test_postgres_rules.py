"""The rules that all adapters for PostgreSQL share, where no server is needed to see them."""

from __future__ import annotations

import ssl
import subprocess
import sys

import keyrotor
import pytest
from keyrotor._postgres import age, endpoint, refusal
from keyrotor._postgres.errors import CODES
from keyrotor._postgres.tls import Tls
from test_requests import schema

LIBPQ = 170000
RDS, DSQL = Tls(), Tls(has_public_authority=True)


class DriverError(Exception):
    """What a driver raises."""

    def __init__(self, text: str, sqlstate: str | None = None) -> None:
        super().__init__(text)
        self.sqlstate = sqlstate


def test_keyrotor_alone_imports_no_driver() -> None:
    drivers = ("sqlalchemy", "psycopg", "asyncpg", "django")
    code = f"import sys, keyrotor; print([name for name in {drivers} if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


@pytest.fixture(autouse=True)
def no_roots_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGSSLROOTCERT", raising=False)


@pytest.mark.parametrize(
    ("tls", "given", "added"),
    [
        (RDS, {}, {"sslmode": "verify-full"}),
        (RDS, {"host": "db", "sslrootcert": "ca.pem"}, {"sslmode": "verify-full"}),
        (RDS, {"sslmode": "verify-full"}, {}),
        (DSQL, {}, {"sslmode": "verify-full", "sslrootcert": "system"}),
        (DSQL, {"sslmode": "verify-full"}, {"sslrootcert": "system"}),
        (DSQL, {"sslrootcert": "ca.pem"}, {"sslmode": "verify-full"}),
        (RDS, {"host": "/run/postgresql", "sslmode": "disable"}, {}),
        (Tls(allow_unverified_tls=True), {}, {"sslmode": "require"}),
        (Tls(allow_unverified_tls=True), {"sslmode": "verify-ca"}, {}),
        (Tls(allow_plaintext=True), {}, {}),
        (Tls(allow_plaintext=True), {"sslmode": "disable"}, {}),
    ],
)
def test_tls_of_libpq(tls: Tls, given: dict[str, object], added: dict[str, str]) -> None:
    assert tls.libpq(given, LIBPQ) == added


def test_an_old_libpq_has_no_system_roots() -> None:
    assert DSQL.libpq({}, 150000) == {"sslmode": "verify-full"}


@pytest.mark.parametrize("allows", [Tls(), Tls(allow_unverified_tls=True)])
@pytest.mark.parametrize("sslmode", ["disable", "allow", "prefer"])
def test_plaintext_is_refused(allows: Tls, sslmode: str) -> None:
    with pytest.raises(keyrotor.ConfigError, match="allow_plaintext") as caught:
        allows.libpq({"host": "/run/postgresql,db", "sslmode": sslmode}, LIBPQ)
    assert (caught.value.code, caught.value.name) == (109, "config-insecure")


def test_tls_of_asyncpg(monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.create_default_context()
    assert RDS.asyncpg(None, "db", None) == "verify-full"
    assert RDS.asyncpg(None, "db", "verify-full") is None
    assert RDS.asyncpg(context, "db", None) is context
    assert RDS.asyncpg(True, "db", None) is True
    assert RDS.asyncpg(None, ["/run/postgresql"], None) is None
    assert isinstance(DSQL.asyncpg(None, "db", None), ssl.SSLContext)
    monkeypatch.setenv("PGSSLROOTCERT", "ca.pem")
    assert DSQL.asyncpg(None, "db", None) == "verify-full"
    assert Tls(allow_plaintext=True).asyncpg(False, "db", None) is False


@pytest.mark.parametrize(
    ("host", "source"),
    [
        ("db.abc.eu-west-1.rds.amazonaws.com", "rds-iam"),
        ("proxy.internal", "rds-iam"),
        ("abcdef.dsql.eu-west-1.on.aws", "dsql-iam"),
        ("ABCDEF.DSQL.EU-WEST-1.ON.AWS.", "dsql-iam"),
        ("db.postgres.database.azure.com", "entra-client-secret"),
    ],
)
def test_the_host_says_which_service_it_is(host: str, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_CLIENT_ID", "made-up")
    monkeypatch.setenv("AZURE_TENANT_ID", "made-up")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "made-up")
    options = {} if source.startswith("entra") else {"region": "eu-west-1"}
    login = endpoint.login(host, None, "app", options)
    assert login.source == source
    assert login.longest_age == (age.DSQL_LONGEST_AGE if source == "dsql-iam" else None)


@pytest.mark.parametrize(
    ("text", "sqlstate", "is_one"),
    [
        ('FATAL:  PAM authentication failed for user "app"', None, True),
        ('password authentication failed for user "app"', "28P01", True),
        ("unable to accept connection, access denied", None, True),
        ("The IAM authentication failed for the role app. Check the IAM token for this role", None, True),
        ("The access token has expired. Acquire a new token and try again.", None, True),
        ("The access token has invalid format", None, True),
        ("The access token does not have a valid audience claim. Please acquire a new token", None, True),
        ("Azure AD access token not valid for role app (does not contain group ID g)", None, True),
        ("irgendwas", "28000", True),
        ('no pg_hba.conf entry for host "h", user "app", database "d", no encryption', "28000", False),
        ("IAM authentication is allowed only with SSL connections.", "28000", False),
        ("The IAM authentication failed because of too many competing requests.", "28000", False),
        ("Unable to accept connection, rate exceeded.", "53400", False),
        ("PAM authentication failed", "53300", False),
        ("connection refused", None, False),
    ],
)
def test_what_is_a_refusal_of_the_token(text: str, sqlstate: str | None, *, is_one: bool) -> None:
    assert refusal.is_refusal(DriverError(text, sqlstate)) is is_one


@pytest.mark.parametrize(
    ("text", "source", "name", "advice"),
    [
        ("PAM authentication failed", "rds-iam", "auth-refused", "rds-db:connect"),
        ("password authentication failed", "rds-iam", "auth-refused", "GRANT rds_iam"),
        ("no pg_hba.conf entry for host", "rds-iam", "auth-required", "TLS"),
        ("competing? too many competing requests", "rds-iam", "auth-throttled", "too fast"),
        ("access denied", "dsql-iam", "auth-refused", "dsql:DbConnectAdmin"),
        ("rate exceeded", "dsql-iam", "auth-throttled", "pool them"),
        ("password authentication failed", "entra-managed-identity", "auth-refused", "pgaadauth"),
        ("The access token has expired.", "entra-client-secret", "auth-refused", "ossrdbms-aad"),
        ("access token not valid for role app", "entra-managed-identity", "auth-refused", "pgaadauth"),
        ('root certificate file "x" does not exist', "rds-iam", "network-tls", "global-bundle.pem"),
    ],
)
def test_what_to_do(text: str, source: str, name: str, advice: str) -> None:
    cause = DriverError("inner")
    error = DriverError(text)
    error.__cause__ = cause
    refusal.explain(error, source)
    meaning = cause.__cause__
    assert isinstance(meaning, keyrotor.Error)
    assert (meaning.name, meaning.source) == (name, source)
    assert meaning.server_text == text
    assert advice in meaning.message
    refusal.explain(error, source)
    assert meaning.__cause__ is None


def test_nothing_is_said_of_other_errors() -> None:
    error = DriverError('relation "t" does not exist', "42P01")
    refusal.explain(error, "rds-iam")
    assert error.__cause__ is None


def test_the_codes_are_those_of_the_schema() -> None:
    declared = schema().FindEnumTypeByName("keyrotor.v1.Code").values_by_name
    for name, number in CODES.items():
        assert declared[f"CODE_{name.upper().replace('-', '_')}"].number == number
