"""Each check of the verifier, with tokens that are wrong in one thing only; redis-py sends them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
import redis
from forge import Draft, stamp
from redis_py import connect

from emulator import CLUSTER, KEY, REGION, REPOSITORY, SECRET, USER, Emulator, cache, common

TEMPORARY = "ASIDEXAMPLE"
SESSION_TOKEN = "se+ss/ion=="
ENDED = "AKIDENDED"
MAY_NOTHING = "AKIDMAYNOTHING"
WRONGPASS = "invalid username-password pair or user is disabled."
TABLE = REPOSITORY / "tests/emulator/src/verify.rs"


@dataclass(frozen=True)
class Case:
    """A token that one check refuses."""

    check: str
    reason: str
    what: str
    token: Callable[[], str]
    user: str = USER

    def __str__(self) -> str:
        return f"{self.check}-{self.what}"


def case(check: str, reason: str, what: str, make: Callable[[Draft], Draft | str], user: str = USER) -> Case:
    def token() -> str:
        made = make(Draft())
        return made if isinstance(made, str) else made.sign()

    return Case(check, reason, what, token, user)


def cut_last_parameter(token: str) -> str:
    return token.rpartition("&")[0]


def with_signature(token: str, change: Callable[[str], str]) -> str:
    start, _, signature = token.rpartition("=")
    return f"{start}={change(signature)}"


def temporary(draft: Draft, session_token: str | None) -> Draft:
    return draft(key=TEMPORARY).put("X-Amz-Security-Token", session_token)


CASES = [
    case("E01", "malformed", "no-host", lambda draft: "?"),
    case("E01", "malformed", "with-scheme", lambda draft: f"https://{draft.sign()}"),
    case("E01", "malformed", "no-query", lambda draft: f"{CLUSTER}/"),
    case("E01", "malformed", "line-feed", lambda draft: f"{draft.sign()}\n"),
    case("E01", "malformed", "no-value", lambda draft: f"{draft.sign()}&User"),
    case("E02", "path", "other-path", lambda draft: draft(path="/connect")),
    case("E02", "path", "no-slash", lambda draft: draft(path="")),
    case("E03", "escapes", "lower-case", lambda draft: draft.sign().replace("%2F", "%2f")),
    case("E03", "escapes", "bare", lambda draft: draft.sign().replace("%2F", "/")),
    case("E03", "escapes", "needless", lambda draft: draft.sign().replace("Action=c", "Action=%63")),
    case("E03", "escapes", "plus", lambda draft: draft.sign().replace("User=", "User=+")),
    case("E04", "unknown-parameter", "of-rds", lambda draft: draft.put("DBUser", USER)),
    case("E04", "unknown-parameter", "appended", lambda draft: f"{draft.sign()}&x=y"),
    case("E05", "duplicate-parameter", "user", lambda draft: draft.twice("User", USER)),
    case("E06", "missing-parameter", "no-signature", lambda draft: cut_last_parameter(draft.sign())),
    case("E06", "missing-parameter", "no-user", lambda draft: draft.put("User", None)),
    case("E06", "missing-parameter", "no-expires", lambda draft: draft.put("X-Amz-Expires", None)),
    case("E07", "wrong-action", "capital", lambda draft: draft.put("Action", "Connect")),
    case("E07", "wrong-action", "of-dsql", lambda draft: draft.put("Action", "DbConnect")),
    case("E08", "wrong-user", "another", lambda draft: draft.put("User", "somebody")),
    case("E08", "wrong-user", "capitals", lambda draft: draft.put("User", USER.upper())),
    case("E09", "wrong-cluster", "another", lambda draft: draft(host="other-cluster")),
    case("E09", "wrong-cluster", "capitals", lambda draft: draft(host="My-Cluster", signed_host=CLUSTER)),
    case(
        "E09",
        "wrong-cluster",
        "endpoint",
        lambda draft: draft(host=f"{CLUSTER}.abc.euw1.cache.amazonaws.com"),
    ),
    case("E09", "wrong-cluster", "port", lambda draft: draft(host=f"{CLUSTER}:6379")),
    case("E10", "resource-type", "on-nodes", lambda draft: draft.put("ResourceType", "ServerlessCache")),
    case("E11", "algorithm", "another", lambda draft: draft.put("X-Amz-Algorithm", "AWS4-ECDSA-P256-SHA256")),
    case("E12", "credential", "no-scope", lambda draft: draft.put("X-Amz-Credential", KEY)),
    case("E12", "credential", "other-end", lambda draft: draft(scope_end="aws5_request")),
    case("E13", "unknown-key", "another", lambda draft: draft(key="AKIDOTHER")),
    case(
        "E14", "date-format", "rfc-3339", lambda draft: draft(day=draft.date[:8], date="2025-01-01T00:00:00Z")
    ),
    case("E14", "date-format", "no-such-day", lambda draft: draft(date=f"{draft.date[:4]}0231T000000Z")),
    case("E15", "scope-date", "day-before", lambda draft: draft(day=stamp(timedelta(days=-1))[:8])),
    case("E16", "wrong-region", "another", lambda draft: draft(region="eu-west-2")),
    case("E17", "wrong-service", "memorydb", lambda draft: draft(service="memorydb")),
    case("E17", "wrong-service", "rds", lambda draft: draft(service="rds-db")),
    case("E18", "expires", "too-long", lambda draft: draft.put("X-Amz-Expires", "901")),
    case("E18", "expires", "zero", lambda draft: draft.put("X-Amz-Expires", "0")),
    case("E18", "expires", "negative", lambda draft: draft.put("X-Amz-Expires", "-900")),
    case("E19", "signed-headers", "more", lambda draft: draft.put("X-Amz-SignedHeaders", "host;x-amz-date")),
    case("E20", "session-token", "missing", lambda draft: temporary(draft, None)),
    case("E20", "session-token", "another", lambda draft: temporary(draft, "other")),
    case("E20", "session-token", "needless", lambda draft: draft.put("X-Amz-Security-Token", SESSION_TOKEN)),
    case("E21", "signature-form", "capitals", lambda draft: with_signature(draft.sign(), str.upper)),
    case("E21", "signature-form", "short", lambda draft: draft.sign()[:-1]),
    case("E22", "signature", "other-secret", lambda draft: draft(secret="another")),
    case("E22", "signature", "other-host-signed", lambda draft: draft(signed_host="other-cluster")),
    case(
        "E22",
        "signature",
        "later-date",
        lambda draft: draft.sign().replace(draft.date, stamp(timedelta(seconds=9))),
    ),
    case("E23", "future", "six-minutes", lambda draft: draft(date=stamp(timedelta(minutes=6)))),
    case("E24", "expired", "sixteen-minutes", lambda draft: draft(date=stamp(timedelta(minutes=-16)))),
    case(
        "E24",
        "expired",
        "short-life",
        lambda draft: draft(date=stamp(timedelta(seconds=-9))).put("X-Amz-Expires", "1"),
    ),
    case("E25", "unknown-user", "another", lambda draft: draft.put("User", "somebody"), user="somebody"),
    case("E26", "expired-key", "ended", lambda draft: draft(key=ENDED)),
    case("E27", "not-authorized", "no-policy", lambda draft: draft(key=MAY_NOTHING)),
]


@pytest.fixture(scope="module")
def judge() -> Iterator[Emulator]:
    """One cache for all cases, with a key for each that needs one of its own."""
    keys: list[dict[str, str]] = [
        {"id": KEY, "secret": SECRET},
        {"id": TEMPORARY, "secret": SECRET, "session_token": SESSION_TOKEN},
        {"id": ENDED, "secret": SECRET, "expires": "2020-01-01T00:00:00Z"},
        {"id": MAY_NOTHING, "secret": SECRET},
    ]
    connect = {"Effect": "Allow", "Action": "elasticache:Connect", "Resource": "*"}
    policies = [
        {"keys": [KEY, TEMPORARY, ENDED], "document": {"Version": "2012-10-17", "Statement": [connect]}}
    ]
    with Emulator({**common(cache=cache(policies=policies)), "keys": keys}) as running:
        yield running


@pytest.mark.parametrize("make", [lambda draft: draft, lambda draft: temporary(draft, SESSION_TOKEN)])
@pytest.mark.parametrize("protocol", [2, 3])
def test_a_draft_that_is_left_alone_is_accepted(
    judge: Emulator, protocol: int, make: Callable[[Draft], Draft]
) -> None:
    with connect(judge, make(Draft()).sign(), protocol=protocol) as client:
        assert client.ping()


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_forged_token_is_refused(judge: Emulator, case: Case, protocol: int) -> None:
    before = len(judge.record()["logins"])
    client = connect(judge, case.token(), user=case.user, protocol=protocol)
    with client, pytest.raises(redis.AuthenticationError, match=re.escape(WRONGPASS)):
        client.ping()
    login = judge.record()["logins"][before]
    assert (login["check"], login["reason"]) == (case.check, case.reason)
    assert login["command"] == ("AUTH" if protocol == 2 else "HELLO")


@pytest.mark.parametrize(
    ("settings", "make", "check"),
    [
        ({"serverless": True}, lambda draft: draft.put("ResourceType", "ServerlessCache"), None),
        ({"serverless": True}, lambda draft: draft, "E10"),
        ({"serverless": True}, lambda draft: draft.put("ResourceType", "serverlesscache"), "E10"),
        ({"service": "memorydb"}, lambda draft: draft(service="memorydb"), None),
        ({"service": "memorydb"}, lambda draft: draft, "E17"),
        ({"region": "us-gov-west-1"}, lambda draft: draft(region="us-gov-west-1"), None),
        ({"token_life": 5}, lambda draft: draft(date=stamp(timedelta(seconds=-7))), "E24"),
    ],
)
def test_the_kind_of_cache_decides(
    settings: dict[str, object], make: Callable[[Draft], Draft], check: str | None
) -> None:
    with Emulator(common(cache=cache(**settings))) as emulator:
        with connect(emulator, make(Draft()).sign()) as client:
            if check is None:
                assert client.ping()
            else:
                with pytest.raises(redis.AuthenticationError):
                    client.ping()
        assert emulator.record()["logins"][0]["check"] == check


SWITCHES: list[tuple[str, object, Callable[[Draft], Draft | str]]] = [
    ("lower_case_escapes", True, lambda draft: draft.sign().replace("%2F", "%2f")),
    ("loose_escapes", True, lambda draft: draft.sign().replace("%2F", "/")),
    ("no_slash", True, lambda draft: draft(path="")),
    ("capital_signature", True, lambda draft: with_signature(draft.sign(), str.upper)),
    ("capital_host", True, lambda draft: draft(host="My-Cluster", signed_host=CLUSTER)),
    ("resource_type_on_nodes", True, lambda draft: draft.put("ResourceType", "ServerlessCache")),
    ("future_skew_seconds", 900, lambda draft: draft(date=stamp(timedelta(minutes=10)))),
    ("longest_expires_seconds", 3600, lambda draft: draft.put("X-Amz-Expires", "3600")),
]


@pytest.mark.parametrize(("switch", "value", "make"), SWITCHES, ids=[name for name, *_ in SWITCHES])
def test_a_switch_takes_what_no_page_settles(
    switch: str, value: object, make: Callable[[Draft], Draft | str]
) -> None:
    made = make(Draft())
    token = made if isinstance(made, str) else made.sign()
    config = common(cache=cache(switches={switch: value}))
    with Emulator(config) as emulator, connect(emulator, token) as client:
        assert client.ping()


def arn(resource: str) -> str:
    return f"arn:aws:elasticache:{REGION}:123456789012:{resource}"


@pytest.mark.parametrize(
    ("resources", "check"),
    [
        ([arn(f"replicationgroup:{CLUSTER}"), arn(f"user:{USER}")], None),
        ([arn(f"replicationgroup:{CLUSTER}")], "E27"),
        ([arn(f"user:{USER}")], "E27"),
        ([arn(f"serverlesscache:{CLUSTER}"), arn(f"user:{USER}")], "E27"),
        ([arn("replicationgroup:my-*"), arn("user:iam-user-0?")], None),
        ([arn(f"replicationgroup/{CLUSTER}"), arn(f"user/{USER}")], "E27"),
    ],
)
def test_e27_cache_and_user_are_both_needed(
    emulator: Emulator, resources: list[str], check: str | None
) -> None:
    statement = {"Effect": "Allow", "Action": "elasticache:Connect", "Resource": resources}
    emulator.ask("policies", {"policies": [{"Statement": statement}]})
    with connect(emulator, Draft().sign()) as client:
        if check is None:
            assert client.ping()
        else:
            with pytest.raises(redis.AuthenticationError):
                client.ping()
    assert emulator.record()["logins"][0]["check"] == check


def test_every_check_has_a_case() -> None:
    listed = dict(re.findall(r"^//! \| (E\d+) \| `([a-z-]+)`", TABLE.read_text(), re.MULTILINE))
    assert len(listed) > 20
    assert {case.check: case.reason for case in CASES} == listed
