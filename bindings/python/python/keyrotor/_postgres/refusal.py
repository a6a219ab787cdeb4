"""What a server's no means: whether it is about the token, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from keyrotor._postgres.errors import coded
from keyrotor.errors import AuthError, Error, NetworkError

# RDS says 28000 to any bad token, DSQL and RDS Proxy too; PostgreSQL says 28P01 to a wrong password.
_STATES = frozenset({"28000", "28P01"})
# libpq does not tell the state of a login that failed. Azure has a text for each flaw of a token.
_REFUSED = (
    "PAM authentication failed",
    "password authentication failed",
    "The IAM authentication failed for the role",
    "unable to accept connection, access denied",
    "The access token ",
    "access token not valid for role",
)
# The server's rules turned the connection away before it looked at the token.
_NOT_THE_TOKEN = ("pg_hba.conf", "only with SSL connections", "too many competing requests")


def is_refusal(error: BaseException) -> bool:
    """Whether a driver's error says that the server did not take the token."""
    text = str(error)
    if any(words in text for words in _NOT_THE_TOKEN):
        return False
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    return state in _STATES if state else any(words in text for words in _REFUSED)


def explain(error: BaseException, source: str) -> None:
    """Puts what it means, and what to do, at the beginning of the driver's error's chain of causes."""
    text = str(error).strip()
    meaning = next((one for one in _MEANINGS if one.fits(text, source)), None)
    if meaning is None:
        return
    first = error
    while first.__cause__ is not None:
        first = first.__cause__
    if not isinstance(first, Error):
        first.__cause__ = meaning.error(text, source)


@dataclass(frozen=True)
class _Meaning:
    words: str
    kind: type[Error]
    name: str
    advice: str
    retryable: bool = False
    source: str = ""
    """How the source's name begins."""

    def fits(self, text: str, source: str) -> bool:
        return self.words in text and source.startswith(self.source)

    def error(self, text: str, source: str) -> Error:
        return coded(
            self.kind,
            self.name,
            f"the database said to the login by {source}: {text}; {self.advice}",
            retryable=self.retryable,
            server_text=text,
            source=source,
        )


_RDS = (
    "RDS says so to any token that it does not take. Look whether the IAM policy allows rds-db:connect on "
    "dbuser:<DbiResourceId>/<user>, whether the role has rds_iam (GRANT rds_iam TO <user>), whether the "
    "token is signed for the endpoint's own host and port, no alias's, and for its region; "
    "`keyrotor explain-token` shows what a token says"
)
_DSQL = (
    "look whether the IAM policy allows dsql:DbConnectAdmin (for the user admin) or dsql:DbConnect (for "
    "others) on the cluster, whether the role is tied to the IAM identity (AWS IAM GRANT <role> TO '<arn>'), "
    "and whether the token is signed for the cluster's own endpoint and region"
)
_NO_IAM = (
    "a role without rds_iam has a password of its own: GRANT rds_iam TO <user> lets it log in with tokens"
)
_ENTRA = (
    "look whether the user is the role that was made for the identity (pgaadauth_create_principal), and "
    "whether the token's scope is https://ossrdbms-aad.database.windows.net/.default"
)
_AUTHORITY = (
    "RDS's authorities are https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem: give that file "
    "as sslrootcert or PGSSLROOTCERT; DSQL and RDS Proxy are under the system's roots, sslrootcert=system"
)
_RULE = "RDS takes tokens over TLS only, and not for replication: sslmode=verify-full"
_RATE = "new connections come too fast: pool them, and spread them out"

_MEANINGS = (
    _Meaning("pg_hba.conf", AuthError, "auth-required", _RULE),
    _Meaning("only with SSL connections", AuthError, "auth-required", _RULE),
    _Meaning("too many competing requests", AuthError, "auth-throttled", _RATE, retryable=True),
    _Meaning("rate exceeded", AuthError, "auth-throttled", _RATE, retryable=True),
    _Meaning("too many open connections", AuthError, "auth-throttled", _RATE, retryable=True),
    _Meaning("authentication failed", AuthError, "auth-refused", _ENTRA, source="entra"),
    _Meaning("access token", AuthError, "auth-refused", _ENTRA, source="entra"),
    _Meaning("password authentication failed", AuthError, "auth-refused", _NO_IAM, source="rds-iam"),
    _Meaning("authentication failed", AuthError, "auth-refused", _RDS, source="rds-iam"),
    _Meaning("access denied", AuthError, "auth-refused", _DSQL, source="dsql-iam"),
    _Meaning("root certificate file", NetworkError, "network-tls", _AUTHORITY),
    _Meaning("certificate verify failed", NetworkError, "network-tls", _AUTHORITY),
)
