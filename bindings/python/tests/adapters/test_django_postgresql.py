"""Django's database backend before RDS, DSQL and Azure: rotate, kill, use again."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django
import keyrotor
import pytest
from databases import KEY, REGION, SECRET, WHO, Front
from django.conf import settings
from django.db import OperationalError, connections
from django.db.backends.postgresql import base as postgresql
from keyrotor.django.postgresql import _logins, base

if not settings.configured:
    settings.configure(USE_TZ=True, DATABASES={})
    django.setup()

ALIAS = "default"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS keys where AWS's default chain looks first."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY.secret_access_key)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)


def described(front: Front, *, options: dict[str, Any] | None = None, **others: Any) -> dict[str, Any]:
    """Settings of a database."""
    service = {"keyrotor": {"service": front.name, "region": REGION}}
    return {
        "ENGINE": "keyrotor.django.postgresql",
        "HOST": "localhost",
        "PORT": front.port,
        "NAME": front.database,
        "USER": front.user,
        "PASSWORD": "",
        "OPTIONS": {"sslrootcert": front.ca, "gssencmode": "disable", **service, **(options or {})},
        "AUTOCOMMIT": True,
        "ATOMIC_REQUESTS": False,
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": False,
        "TIME_ZONE": None,
        "TEST": {},
        **others,
    }


@contextmanager
def opened(wrapper: Any) -> Iterator[Any]:
    """A backend's connection object, as Django makes one in every thread."""
    try:
        yield wrapper
    finally:
        wrapper.close()
        wrapper.close_pool()


def made(front: Front, **others: Any) -> Any:
    return base.DatabaseWrapper(described(front, **others), ALIAS)


def who(wrapper: Any) -> str:
    """One request: Django looks at its connections before and after."""
    wrapper.close_if_unusable_or_obsolete()
    try:
        with wrapper.cursor() as cursor:
            cursor.execute(WHO)
            return str(cursor.fetchone()[0])
    finally:
        wrapper.close_if_unusable_or_obsolete()


def manager_of(wrapper: Any) -> keyrotor.TokenManager:
    return _logins.login_of(wrapper.settings_dict).manager


class Naive(postgresql.DatabaseWrapper):  # type: ignore[misc]  # Django has no types.
    """What one finds on the web: the password where Django asks for its parameters."""

    manager: keyrotor.TokenManager

    def get_connection_params(self) -> dict[str, Any]:
        parameters: dict[str, Any] = super().get_connection_params()
        parameters.pop("keyrotor")
        return {**parameters, "sslmode": "verify-full", "password": self.manager.token()}


def test_django_finds_the_backend_by_its_name(rds: Front) -> None:
    connections.databases[ALIAS] = described(rds)
    try:
        with opened(connections.create_connection(ALIAS)) as wrapper:
            assert isinstance(wrapper, base.DatabaseWrapper)
            assert who(wrapper) == rds.user
    finally:
        del connections.databases[ALIAS]


@pytest.mark.parametrize("max_age", [0, None])
def test_a_connection_outlives_its_tokens(rds: Front, max_age: int | None) -> None:
    with opened(made(rds, CONN_MAX_AGE=max_age, CONN_HEALTH_CHECKS=True)) as wrapper:
        manager = manager_of(wrapper)
        for _ in range(3):
            assert who(wrapper) == rds.user
            assert rds.carried(manager.token())
            rds.revoke(manager.token())
            manager.refresh()
            rds.kill()
            # Django looks at a connection once in a request.
            wrapper.health_check_done = False
        assert who(wrapper) == rds.user
        assert rds.carried(manager.token())
    assert "refused" not in rds.outcomes()


def test_azure(azure: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET)
    with opened(made(azure, options={"keyrotor": azure.options})) as wrapper:
        manager = manager_of(wrapper)
        azure.revoke(manager.token())
        assert who(wrapper) == azure.user
        azure.kill()
        assert who(wrapper) == azure.user
        assert azure.carried(manager.token())
    assert azure.outcomes() == ["refused", "accepted", "accepted"]


def test_a_refused_token_is_replaced_at_once(rds: Front) -> None:
    with opened(made(rds)) as wrapper:
        rds.revoke(manager_of(wrapper).token())
        assert who(wrapper) == rds.user
    assert rds.outcomes() == ["refused", "accepted"]


def test_a_lasting_refusal_says_what_to_do(rds: Front) -> None:
    rds.fault("refuse")
    with opened(made(rds)) as wrapper:
        with pytest.raises(OperationalError, match="PAM") as caught:
            who(wrapper)
        # By now the manager holds back its tokens: to Django, the database is away.
        with pytest.raises(OperationalError):
            who(wrapper)
    assert caught.value.__cause__ is not None
    assert "GRANT rds_iam" in str(caught.value.__cause__.__cause__)


def test_djangos_own_pool_freezes_the_password(rds: Front) -> None:
    wrapper = Naive(described(rds, options={"pool": {"min_size": 1, "timeout": 0.5}}), ALIAS)
    with keyrotor.TokenManager(rds.credentials) as manager, opened(wrapper):
        wrapper.manager = manager
        assert who(wrapper) == rds.user
        rds.revoke(manager.token())
        manager.refresh()
        rds.kill()
        with pytest.raises(OperationalError):
            who(wrapper)
        # A good token is there, and the pool goes on with the dead one.
        with pytest.raises(OperationalError, match="couldn't get a connection"):
            who(wrapper)
        assert not rds.carried(manager.token())


def test_our_pool_does_not(rds: Front) -> None:
    options = {"pool": {"min_size": 1, "timeout": 30}}
    with opened(made(rds, options=options, CONN_HEALTH_CHECKS=True)) as wrapper:
        manager = manager_of(wrapper)
        for _ in range(3):
            assert who(wrapper) == rds.user
            assert rds.carried(manager.token())
            rds.revoke(manager.token())
            manager.refresh()
            rds.kill()
        assert who(wrapper) == rds.user
        assert rds.carried(manager.token())
        # Refused instead of rotated: the manager is told.
        rds.revoke(manager.token())
        rds.kill()
        assert who(wrapper) == rds.user
        assert manager.status()["counts"]["rejected"] == 1


def test_threads_share_one_manager(rds: Front) -> None:
    managers: list[keyrotor.TokenManager] = []

    def request() -> None:
        with opened(made(rds)) as wrapper:
            assert who(wrapper) == rds.user
            managers.append(manager_of(wrapper))

    threads = [threading.Thread(target=request) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(managers) == 4
    assert len({id(manager) for manager in managers}) == 1
    assert managers[0].status()["counts"]["fetched"] == 1


def test_credentials_as_the_option(rds: Front) -> None:
    with opened(made(rds, options={"keyrotor": rds.credentials})) as wrapper:
        assert who(wrapper) == rds.user
        # Django copies its settings.
        with opened(wrapper.copy()) as copied:
            assert who(copied) == rds.user
            assert manager_of(copied) is manager_of(wrapper)


def test_a_manager_is_no_setting(rds: Front) -> None:
    with (
        keyrotor.TokenManager(rds.credentials) as manager,
        opened(made(rds, options={"keyrotor": manager})) as wrapper,
        pytest.raises(TypeError, match="OPTIONS"),
    ):
        who(wrapper)


def test_the_parameters_have_a_token_and_verified_tls(rds: Front) -> None:
    with opened(made(rds)) as wrapper:
        parameters = wrapper.get_connection_params()
        assert parameters["password"] == manager_of(wrapper).token()
        assert parameters["sslmode"] == "verify-full"
        assert "keyrotor" not in parameters


def test_no_token_without_verified_tls(rds: Front) -> None:
    with (
        opened(made(rds, options={"sslmode": "require"})) as wrapper,
        pytest.raises(keyrotor.ConfigError, match="verify-full"),
    ):
        who(wrapper)
    assert rds.logins() == []


def test_a_wrong_option_is_named(rds: Front) -> None:
    options = {"keyrotor": {"servise": "rds"}}
    with opened(made(rds, options=options)) as wrapper, pytest.raises(keyrotor.ConfigError, match="servise"):
        who(wrapper)


@pytest.mark.parametrize("max_age", [60, 86_400, None])
def test_a_connection_to_dsql_ends_in_time(dsql: Front, max_age: int | None) -> None:
    with opened(made(dsql, CONN_MAX_AGE=max_age)) as wrapper:
        assert who(wrapper) == dsql.user
        ends_in = wrapper.close_at - time.monotonic()
        assert ends_in <= (60 if max_age == 60 else 55 * 60)


def test_a_pool_for_dsql_is_told_of_the_session_limit(dsql: Front) -> None:
    with opened(made(dsql, options={"pool": {"min_size": 1}})) as wrapper:
        assert who(wrapper) == dsql.user
        assert wrapper.pool.max_lifetime == 55 * 60


def test_dbshell_logs_in(rds: Front) -> None:
    with opened(made(rds)) as wrapper:
        arguments, environment = wrapper.client.settings_to_cmd_args_env(
            wrapper.settings_dict, ["-c", WHO, "-tA"]
        )
    ended = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == rds.user


def test_psycopg2_will_do() -> None:
    # Django decides for psycopg where both are there.
    code = """
import sys
sys.modules["psycopg"] = None
from django.conf import settings
settings.configure(USE_TZ=True)
from keyrotor.django.postgresql import base
assert base.base.Database.__name__ == "psycopg2"
assert base._libpq_version() > 0
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def teardown_module() -> None:
    _logins.known.clear()
    gc.collect()
