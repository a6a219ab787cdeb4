"""S04: functions that give logins. S02: functions that give AWS keys."""

from __future__ import annotations

import asyncio
import functools
import gc
import threading
import time
import traceback
import weakref
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import keyrotor
import pytest
from emulator import BASE, Emulator

IAM = BASE["request"]["authenticationInfo"]["iamCredentials"]
KEY = IAM["accessKey"]
SECRET = "hunter2"
SOON: keyrotor.RefreshPolicy = {"source_timeout": "0.300s", "retry": {"initial_delay": "0.010s"}}
QUICK: keyrotor.RefreshPolicy = {"retry": {"initial_delay": "0.010s", "max_delay": "0.020s"}}


def elasticache(source: Callable[[], keyrotor.KeyAnswer] | keyrotor.Callback | str) -> keyrotor.ElastiCache:
    return keyrotor.ElastiCache(
        cluster_name=IAM["clusterName"], username=IAM["username"], region=IAM["region"], key_source=source
    )


async def in_a_moment() -> tuple[str, str]:
    await asyncio.sleep(0)
    return "app", SECRET


class Vault:
    """Counts its calls, and answers where it is asked: as a method, as a callable object."""

    def __init__(self) -> None:
        self.calls = 0

    def login(self) -> tuple[str, str]:
        self.calls += 1
        return "app", f"{SECRET}-{self.calls}"

    def __call__(self) -> keyrotor.Login:
        return keyrotor.Login(user="app", secret=SECRET)


@pytest.mark.parametrize(
    "function",
    [
        lambda: ("app", SECRET),
        lambda: ("app", SECRET, None),
        lambda: keyrotor.Login(user="app", secret=SECRET),
        Vault(),
        in_a_moment,
        functools.partial(in_a_moment),
    ],
)
def test_s04_a_function_gives_user_and_secret(function: keyrotor.LoginFunction) -> None:
    with keyrotor.TokenManager(keyrotor.Callback(function)) as manager:
        credential = manager.credential()
        assert (credential.user, credential.secret, credential.expires_at) == ("app", SECRET, None)
        assert manager.refresh().generation == 1  # The same secret is no new credential.
        assert manager.status()["counts"]["fetched"] == 2
        assert manager.status()["source"] == "callback"


@pytest.mark.parametrize("form", ["datetime", "seconds", "login"])
def test_s04_t02_it_may_give_an_expiry(form: str) -> None:
    end = datetime.now(timezone(timedelta(hours=5))) + timedelta(minutes=10)

    def login() -> keyrotor.LoginAnswer:
        match form:
            case "datetime":
                return "app", SECRET, end
            case "seconds":
                return "app", SECRET, end.timestamp()
            case _:
                return keyrotor.Login(user="app", secret=SECRET, expires_at=end)

    with keyrotor.TokenManager(keyrotor.Callback(login)) as manager:
        expires_at = manager.credential().expires_at
        assert expires_at is not None
        assert abs(expires_at - end) < timedelta(milliseconds=1)
        assert manager.status()["next_refresh_at"] is not None


def test_s04_t02_a_login_that_ends_is_asked_for_again() -> None:
    again = threading.Event()
    calls: list[float] = []

    def login() -> tuple[str, str, float]:
        calls.append(time.time())
        if len(calls) > 1:
            again.set()
        return "app", f"{SECRET}-{len(calls)}", calls[-1] + 5

    with keyrotor.TokenManager(keyrotor.Callback(login)) as manager:
        assert manager.token() == f"{SECRET}-1"
        assert again.wait(60)


def test_s04_what_it_raises_is_the_cause_and_it_is_asked_again() -> None:
    raised: list[ValueError] = []

    def login() -> tuple[str, str]:
        if len(raised) < 4:
            raised.append(ValueError(f"no {SECRET}"))
            raise raised[-1]
        return "app", SECRET

    with keyrotor.TokenManager(keyrotor.Callback(login), refresh=QUICK) as manager:
        with pytest.raises(
            keyrotor.CredentialsError, match=r"callback `.*login`: it raised ValueError"
        ) as caught:
            manager.token()
        error = caught.value
        assert (error.name, error.source, error.retryable) == ("credentials-fetch-failed", "callback", True)
        assert error.__cause__ is raised[2], "one round is three attempts"
        error.__cause__ = None
        assert SECRET not in "".join(traceback.format_exception(error)) + repr(manager.status())
        end = time.monotonic() + 60
        while manager.status()["state"] != "fresh":
            assert time.monotonic() < end
            time.sleep(0.01)
        assert manager.token() == SECRET


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, asyncio.CancelledError])
def test_s04_nothing_that_it_raises_goes_further(kind: type[BaseException]) -> None:
    async def login() -> tuple[str, str]:
        raise kind

    with keyrotor.TokenManager(keyrotor.Callback(login), refresh={"retry": {"max_attempts": 1}}) as manager:
        with pytest.raises(keyrotor.CredentialsError) as caught:
            manager.token()
        assert type(caught.value.__cause__) is kind


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (None, "NoneType"),
        (("app",), "(str)"),
        ((1, SECRET), "(int, str)"),
        ([1], "list"),
        (("app", SECRET, datetime(2100, 1, 1)), "no time zone"),  # noqa: DTZ001
        (("app", SECRET, True), "not bool"),
        (("app", SECRET, float("nan")), "finite"),
        (("app", SECRET, "tomorrow"), "not str"),
    ],
)
def test_s04_t17_a_wrong_answer_is_told_by_its_types(answer: object, problem: str) -> None:
    def login() -> keyrotor.LoginAnswer:
        return answer  # type: ignore[return-value]

    with keyrotor.TokenManager(keyrotor.Callback(login), refresh={"retry": {"max_attempts": 1}}) as manager:
        with pytest.raises(keyrotor.CredentialsError) as caught:
            manager.token()
        assert problem in str(caught.value.__cause__)
        assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("end", [-1.0, 1e300])
def test_s04_an_expiry_out_of_range_is_an_error(end: float) -> None:
    login = keyrotor.Callback(lambda: ("app", SECRET, end))
    manager = keyrotor.TokenManager(login, refresh={"retry": {"max_attempts": 1}})
    with manager, pytest.raises(keyrotor.CredentialsError, match="out of range"):
        manager.token()


@pytest.mark.parametrize("how", ["sync", "async"])
def test_s04_t16_one_that_is_late_costs_its_budget(how: str) -> None:
    released = threading.Event()

    def login() -> tuple[str, str]:
        released.wait(60)
        return "app", SECRET

    async def later() -> tuple[str, str]:
        return await asyncio.to_thread(login)

    function = later if how == "async" else login
    with keyrotor.TokenManager(keyrotor.Callback(function), refresh=SOON) as manager:
        with pytest.raises(keyrotor.CredentialsError) as caught:
            manager.token()
        assert (caught.value.name, caught.value.source) == ("credentials-timeout", "callback")
        with keyrotor.TokenManager(keyrotor.Callback(lambda: ("app", "quick"))) as other:
            assert other.token() == "quick"
        released.set()
        end = time.monotonic() + 60
        while manager.status()["state"] != "fresh":
            assert time.monotonic() < end
            time.sleep(0.01)
        assert manager.token() == SECRET


def test_s04_an_async_function_may_have_a_loop_of_the_callers() -> None:
    seen: list[asyncio.AbstractEventLoop] = []

    async def login() -> tuple[str, str]:
        seen.append(asyncio.get_running_loop())
        return await in_a_moment()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        with keyrotor.TokenManager(keyrotor.Callback(login, loop=loop)) as manager:
            assert await asyncio.to_thread(manager.token) == SECRET
        assert seen == [loop]

    asyncio.run(main())


def test_s04_t05_the_same_function_is_asked_once_for_all() -> None:
    vault, other = Vault(), Vault()
    managers = [keyrotor.TokenManager(keyrotor.Callback(vault.login)) for _ in range(10)]
    assert {manager.token() for manager in managers} == {f"{SECRET}-1"}
    managers.pop(0).close()
    assert managers[-1].refresh().secret == f"{SECRET}-2", "closing one stops nobody else"
    with keyrotor.TokenManager(keyrotor.Callback(other.login)) as manager:
        assert manager.token() == f"{SECRET}-1"
    assert (vault.calls, other.calls) == (2, 1)


def test_s04_it_may_use_its_manager() -> None:
    managers: list[keyrotor.TokenManager] = []
    states: list[str] = []

    def login() -> tuple[str, str]:
        states.append(managers[0].status()["state"])
        return "app", SECRET

    with keyrotor.TokenManager(keyrotor.Callback(login)) as manager:
        managers.append(manager)
        assert manager.token() == SECRET
    assert states == ["refreshing"]


class Holder:
    """Holds the manager that calls it: a cycle through the core."""

    def __init__(self, *, fails: bool) -> None:
        self.fails = fails
        one: keyrotor.RefreshPolicy = {"retry": {"max_attempts": 1}}
        self.manager = keyrotor.TokenManager(keyrotor.Callback(self.login), refresh=one)

    def login(self) -> tuple[str, str]:
        if self.fails:
            raise ValueError
        return "app", SECRET


@pytest.mark.parametrize("fails", [False, True])
def test_s04_t18_a_manager_that_calls_its_holder_is_collected(fails: bool) -> None:  # noqa: FBT001
    holder = Holder(fails=fails)
    if fails:
        with pytest.raises(keyrotor.CredentialsError):
            holder.manager.token()
    else:
        holder.manager.token()
    gone = weakref.ref(holder)
    del holder
    end = time.monotonic() + 60
    while gone() is not None:
        assert time.monotonic() < end
        gc.collect()
        time.sleep(0.01)


def test_s04_functions_are_handed_over_beside_a_request() -> None:
    request = {"authenticationInfo": {"callbackCredentials": {"name": "vault"}}}
    with keyrotor.TokenManager(request, callbacks={"vault": lambda: ("app", SECRET)}) as manager:
        assert manager.token() == SECRET
    with pytest.raises(keyrotor.ConfigError) as caught:
        keyrotor.TokenManager(request, callbacks={"volt": lambda: ("app", SECRET)})
    assert caught.value.field == "authentication_info.callback_credentials.name"
    with pytest.raises(TypeError, match="a function is expected, not int"):
        keyrotor.TokenManager(request, callbacks={"vault": 1})  # type: ignore[dict-item]


def test_s04_t17_nothing_that_is_printed_holds_a_secret() -> None:
    def login(password: str) -> tuple[str, str]:
        return "app", password

    def keys(password: str) -> tuple[str, str]:
        return "id", password

    shown = [
        keyrotor.Callback(functools.partial(login, SECRET)),
        elasticache(functools.partial(keys, SECRET)),
        keyrotor.Login(user="app", secret=SECRET),
        keyrotor.TemporaryKey(access_key_id="id", secret_access_key=SECRET, session_token=SECRET),
    ]
    assert SECRET not in repr(shown)
    assert repr(keyrotor.Callback(in_a_moment)) == "Callback(in_a_moment)"


@pytest.mark.parametrize("form", ["tuple", "async", "session", "object"])
def test_s02_keys_come_from_a_function(form: str) -> None:
    end = datetime.now(timezone.utc) + timedelta(hours=1)
    pair = (KEY["accessKeyId"], KEY["secretAccessKey"])

    def keys() -> keyrotor.KeyAnswer:
        match form:
            case "session":
                return (*pair, "the-session", end)
            case "object":
                return keyrotor.TemporaryKey(access_key_id=pair[0], secret_access_key=pair[1], expires_at=end)
            case _:
                return pair

    async def later() -> keyrotor.KeyAnswer:
        return keys()

    source = keyrotor.Callback(later) if form == "async" else keyrotor.Callback(keys)
    with keyrotor.TokenManager(elasticache(source)) as manager:
        token = manager.token()
        assert KEY["accessKeyId"] in token
        assert ("the-session" in token) == (form == "session")


def test_s02_t02_a_token_ends_with_the_keys_of_a_function() -> None:
    end = datetime.now(timezone.utc) + timedelta(seconds=60)

    def keys() -> keyrotor.KeyAnswer:
        return (KEY["accessKeyId"], KEY["secretAccessKey"], None, end)

    with keyrotor.TokenManager(elasticache(keys)) as manager:
        expires_at = manager.credential().expires_at
        assert expires_at is not None
        assert expires_at <= end


def test_s02_many_identities_ask_one_function_once() -> None:
    calls: list[int] = []

    def keys() -> keyrotor.KeyAnswer:
        calls.append(1)
        return KEY["accessKeyId"], KEY["secretAccessKey"]

    rds = [keyrotor.Rds(host=f"h{n}", port=1, username="u", region="r", key_source=keys) for n in range(5)]
    managers = [keyrotor.TokenManager(one) for one in (*rds, elasticache(keys))]
    assert len({manager.token() for manager in managers}) == 6
    assert len(calls) == 1


def test_s02_t16_a_function_of_keys_that_fails_or_is_late_says_so() -> None:
    released = threading.Event()

    def failing() -> keyrotor.KeyAnswer:
        raise LookupError(SECRET)

    def late() -> keyrotor.KeyAnswer:
        released.wait(60)
        return KEY["accessKeyId"], KEY["secretAccessKey"]

    with keyrotor.TokenManager(elasticache(failing), refresh={"retry": {"max_attempts": 1}}) as manager:
        with pytest.raises(keyrotor.CredentialsError, match="it raised LookupError") as caught:
            manager.token()
        assert isinstance(caught.value.__cause__, LookupError)
        assert SECRET not in str(caught.value)
    with keyrotor.TokenManager(elasticache(late), refresh=SOON) as manager:
        with pytest.raises(keyrotor.CredentialsError) as caught:
            manager.token()
        assert (caught.value.name, caught.value.source) == ("credentials-timeout", "elasticache-iam")
    released.set()


@pytest.mark.parametrize("form", ["keywords", "request"])
def test_s02_c01_a_client_signs_with_the_keys_of_a_function(shared_emulator: Emulator, form: str) -> None:
    def keys() -> keyrotor.KeyAnswer:
        return KEY["accessKeyId"], KEY["secretAccessKey"]

    iam = {"accessKey": None, "keySource": "mine"}
    request = shared_emulator.request({"authenticationInfo": {"iamCredentials": iam}})
    if form == "request":
        client = keyrotor.Client.connect(request, callbacks={"mine": keys})
    else:
        del request["authenticationInfo"]
        client = keyrotor.Client.connect({**request, "authenticationInfo": elasticache(keys)})
    with client:
        assert client.execute("PING") == b"PONG"


def test_s04_c01_a_client_logs_in_with_what_a_function_gives(shared_emulator: Emulator) -> None:
    with keyrotor.TokenManager({"authenticationInfo": {"iamCredentials": IAM}}) as signer:

        def login() -> keyrotor.LoginAnswer:
            credential = signer.credential()
            return credential.user, credential.secret, credential.expires_at

        request = shared_emulator.request()
        request["authenticationInfo"] = keyrotor.Callback(login)
        client = keyrotor.Client.connect(request)
        pipeline = client.pipeline()
        assert client.execute("PING") == b"PONG"
        status = client.status()
        assert status is not None
        assert status["source"] == "callback"
        del client
        assert pipeline.execute("PING").run() == [b"PONG"]
