"""The testing kit: what it starts, what it says, and what is left of it."""

from __future__ import annotations

import doctest
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import keyrotor
import keyrotor.testing
import pytest
import redis
from keyrotor.testing import Control, Emulator, EmulatorError
from redis.backoff import NoBackoff
from redis.retry import Retry
from test_lifecycle import run

REPOSITORY = Path(__file__).parents[3]

pytest_plugins = ["keyrotor.testing.plugin"]


def sign_in(environment: dict[str, str]) -> redis.Redis:
    """An application that knows its environment only, and makes its tokens with another library."""
    botocore = pytest.importorskip("botocore.session")
    signers = pytest.importorskip("botocore.signers")
    model = pytest.importorskip("botocore.model")
    session = botocore.get_session()
    signer = signers.RequestSigner(
        model.ServiceId("elasticache"),
        environment["AWS_REGION"],
        "elasticache",
        "v4",
        session.get_credentials(),
        session.get_component("event_emitter"),
    )
    user = environment["VALKEY_USER"]
    url = signer.generate_presigned_url(
        {
            "method": "GET",
            "url": f"http://{environment['VALKEY_CLUSTER_ID']}/?Action=connect&User={user}",
            "body": {},
            "headers": {},
            "context": {},
        },
        region_name=environment["AWS_REGION"],
        expires_in=900,
        operation_name="",
    )
    return redis.Redis(
        host=environment["VALKEY_HOST"],
        port=int(environment["VALKEY_PORT"]),
        username=user,
        password=url.removeprefix("http://"),
        ssl=True,  # With the authorities of the environment.
        retry=Retry(NoBackoff(), 0),
    )


def test_an_application_needs_nothing_but_its_environment(
    keyrotor_emulator: Emulator, keyrotor_environment: dict[str, str]
) -> None:
    with sign_in(dict(os.environ)) as client:
        assert client.acl_whoami() == "app"
    [login] = keyrotor_emulator.logins()
    assert (login.accepted, login.user, login.access_key) == (True, "app", "AKIDEXAMPLE")
    assert keyrotor_environment.items() <= os.environ.items()


def test_a_refused_login_has_its_reason(
    keyrotor_emulator: Emulator, keyrotor_environment: dict[str, str]
) -> None:
    with sign_in({**os.environ, "VALKEY_CLUSTER_ID": "other"}) as client, pytest.raises(redis.RedisError):
        client.ping()
    login = keyrotor_emulator.logins()[-1]
    assert (login.accepted, login.reason, login.check, login.found) == (
        False,
        "wrong-cluster",
        "E09",
        "other",
    )


def test_the_environment_is_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "real")
    monkeypatch.setenv("AWS_REGION", "real")
    before = dict(os.environ)
    with Emulator() as emulator, emulator.in_environment() as environment:
        assert "AWS_PROFILE" not in os.environ
        assert os.environ["AWS_REGION"] == environment["AWS_REGION"] == "us-east-1"
    assert dict(os.environ) == before


def test_what_can_be_broken(keyrotor_emulator: Emulator, keyrotor_environment: dict[str, str]) -> None:
    faults = keyrotor_emulator.faults
    with sign_in(keyrotor_environment) as client:
        client.set("key", "value")
        assert faults.forget() == 1
        with pytest.raises(redis.AuthenticationError, match="Authentication required"):
            client.ping()
        client.close()
        assert client.ping(), "a new connection logs in"
        assert faults.kill(12345) == 0
        assert faults.kill() == 1
        client.close()
        faults.refuse(current=True)
        with pytest.raises(redis.AuthenticationError, match="invalid username-password pair"):
            client.ping()
        faults.clear()
        faults.unavailable()
        with pytest.raises(redis.RedisError, match="service is not available"):
            client.ping()
        faults.unavailable(0.01)
        faults.clear()
        faults.restart_backend()
        assert client.get("key") is None
        for fault in (faults.throttle, faults.iam_outage):
            fault(30)
        faults.clear()
        assert client.ping()
        faults.stall(0.3)
        begun = time.monotonic()
        client.ping()
        assert time.monotonic() - begun > 0.25
        faults.close_listener()
        faults.kill()
        with pytest.raises(redis.ConnectionError):
            client.ping()
        faults.open_listener()
        assert client.ping()


def test_who_may_log_in(keyrotor_emulator: Emulator, keyrotor_environment: dict[str, str]) -> None:
    faults = keyrotor_emulator.faults
    with sign_in(keyrotor_environment) as client:
        client.ping()
        assert faults.remove_user("app") == 1
        client.close()
        with pytest.raises(redis.AuthenticationError):
            client.ping()
        faults.add_user("app")
        faults.set_policies([])
        with pytest.raises(redis.AuthenticationError):
            client.ping()
        assert keyrotor_emulator.logins()[-1].reason == "not-authorized"
        faults.set_policies(None)
        assert client.ping()


def test_what_makes_no_sense_is_an_error(keyrotor_emulator: Emulator) -> None:
    with pytest.raises(EmulatorError, match=r"milliseconds"):
        keyrotor_emulator.faults.set("stall", milliseconds="long")
    with pytest.raises(EmulatorError, match="404"):
        keyrotor_emulator.faults.set("nonsense")
    with pytest.raises(EmulatorError, match="runs already"):
        keyrotor_emulator.start()
    with pytest.raises(EmulatorError, match="no emulator answers"):
        Control("127.0.0.1:1").record()


def test_one_that_does_not_start_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    emulator = Emulator({"cache": {"cluter": "c"}})
    with pytest.raises(EmulatorError, match="ended with 1"):
        emulator.start()
    assert "unknown field `cluter`" in capfd.readouterr().err
    assert emulator.stop() == 0


def test_it_may_be_started_again() -> None:
    emulator = Emulator()
    for _ in range(2):
        with emulator:
            assert Control(f"http://{emulator.control}").record()["totals"]["connections"] == 0
        with pytest.raises(EmulatorError, match="no emulator answers"):
            emulator.record()


def test_it_does_not_outlive_its_test_process() -> None:
    code = """if 1:
        import os, signal
        from keyrotor.testing import Emulator
        emulator = Emulator().start()
        print(emulator.control, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    ended = run(code)
    assert ended.returncode == -signal.SIGKILL
    control = Control(ended.stdout.strip())
    end = time.monotonic() + 30
    while answers(control):
        assert time.monotonic() < end, "it goes on alone"
        time.sleep(0.02)


def answers(control: Control) -> bool:
    try:
        return bool(control.record())
    except EmulatorError:
        return False


def test_emulators_of_one_process_have_one_authority(tmp_path: Path) -> None:
    """As applications have that read it once: a process of its own, since this one has read it already."""
    code = """if 1:
        import keyrotor
        from keyrotor.testing import Emulator

        credentials = keyrotor.ElastiCache(cluster_name="my-cluster", username="app")
        for _ in range(2):
            with Emulator() as emulator, emulator.in_environment():
                addresses = [(emulator.host, emulator.port)]
                with keyrotor.Client.connect(
                    addresses=addresses, tls_mode="SecureTls", credentials=credentials,
                    connection_timeout=20_000, request_timeout=20_000,  # A starved machine is slow.
                ) as client:
                    print(client.execute("PING"))
    """
    ended = run(code)
    assert (ended.returncode, ended.stdout.count("PONG")) == (0, 2), ended.stderr
    with Emulator({"ca_dir": str(tmp_path)}) as emulator:
        assert emulator.ca == tmp_path / "ca.pem"
    ended = run("from keyrotor.testing import Emulator\nwith Emulator() as it: print(it.ca)")
    assert ended.returncode == 0
    assert not Path(ended.stdout.strip()).parent.exists()


def command(*arguments: str, **variables: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(keyrotor.__file__).parents[1]), **variables}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-m", "keyrotor", *arguments], stdout=pipe, stderr=pipe, text=True, env=environment
    )


def test_the_command() -> None:
    with command("--version") as process:
        said, _ = process.communicate()
        assert (process.returncode, said) == (0, f"keyrotor {keyrotor.__version__}\n")
    with command("token") as process:
        _, said = process.communicate()
        assert process.returncode == 2
        assert "Usage: keyrotor token" in said
    with command("explain-token", "nonsense") as process:
        assert (process.communicate()[0] != "", process.returncode) == (True, 1)


def test_the_command_runs_a_command() -> None:
    with command("emulate", "--", "sh", "-c", 'echo "$VALKEY_CLUSTER_ID"; exit 7') as process:
        said, _ = process.communicate()
    assert (process.returncode, said) == (7, "my-cluster\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_emulator_cleanly(number: signal.Signals) -> None:
    with command("emulate", "--json") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("{")
        process.send_signal(number)
        assert process.wait(30) == 0


def test_ctrl_c_ends_a_command_that_waits() -> None:
    with Emulator() as emulator:
        emulator.faults.stall(60)
        arguments = ["--host", emulator.host, "--port", str(emulator.port), "--ca", str(emulator.ca)]
        with (
            emulator.in_environment(),
            command("ping", *arguments, "--cluster", "my-cluster", "--user", "app") as it,
        ):
            end = time.monotonic() + 30
            while not emulator.logins():
                assert time.monotonic() < end, "it never got so far"
                time.sleep(0.01)
            it.send_signal(signal.SIGINT)
            assert it.wait(30) == -signal.SIGINT


def test_the_tests_of_the_page_pass(tmp_path: Path) -> None:
    page = (REPOSITORY / "tests/emulator/docs/ci.md").read_text()
    files = re.findall(r"```python\n# (\S+)\n(.*?)```", page, re.DOTALL)
    assert [name for name, _ in files] == ["app.py", "test_app.py", "conftest.py"]
    for name, text in files:
        (tmp_path / name).write_text(text)
    # In an environment where keyrotor is installed, pytest finds the plugin by itself.
    options = ["-p", "keyrotor.testing.plugin", "-p", "no:asyncio", "-p", "no:cacheprovider"]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options, str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(keyrotor.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "3 passed" in ended.stdout


@pytest.mark.parametrize(
    "name", ["", "._authority", "._control", "._emulator", "._faults", "._login", ".plugin"]
)
def test_docstrings(name: str) -> None:
    module = sys.modules[f"keyrotor.testing{name}"]
    outcome = doctest.testmod(module)
    assert outcome.failed == 0
    assert outcome.attempted > 0 or name not in ("", "._emulator")
