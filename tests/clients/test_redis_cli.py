"""redis-cli, with tokens made by botocore: one connection, command after command."""

from __future__ import annotations

import subprocess
import time
from datetime import timedelta

import pytest
from forge import Draft, stamp
from tokens import botocore_token

from emulator import USER, Emulator, cache, common

WRONGPASS = "WRONGPASS invalid username-password pair or user is disabled."
NOAUTH = "NOAUTH Authentication required."


class Cli:
    """A redis-cli that takes its commands from a pipe, in order, on one connection."""

    def __init__(self, emulator: Emulator, *options: str) -> None:
        place = ["-h", "localhost", "-p", str(emulator.port), "--tls", "--cacert", emulator.ca]
        self.process = subprocess.Popen(
            ["redis-cli", *place, "--no-auth-warning", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def send(self, command: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()

    def ask(self, command: str) -> str:
        """The first line of the reply."""
        self.send(command)
        return self.line()

    def line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline().rstrip("\n")
        # An error's line is followed by an empty one.
        return line or self.line()

    def close(self) -> None:
        self.process.communicate(timeout=20)


def run(emulator: Emulator, *commands: str, login: tuple[str, ...] = ()) -> list[str]:
    """Runs commands; the lines of the replies, without empty ones."""
    cli = Cli(emulator, *login)
    output, _ = cli.process.communicate("".join(f"{command}\n" for command in commands), timeout=20)
    return [line for line in output.splitlines() if line]


def auth(token: str, user: str = USER) -> str:
    return f"AUTH {user} {token}"


@pytest.mark.parametrize("protocol", ["-2", "-3"])
def test_logs_in_and_works(emulator: Emulator, protocol: str) -> None:
    login = (protocol, "--user", USER, "-a", botocore_token())
    assert run(emulator, "SET key value", "GET key", "ACL WHOAMI", login=login) == ["OK", "value", USER]


def test_logs_in_again_on_the_live_connection(emulator: Emulator) -> None:
    lines = run(emulator, auth(botocore_token()), "PING", auth(botocore_token(expires=899)), "PING")
    assert lines == ["OK", "PONG", "OK", "PONG"]
    record = emulator.record()
    assert [login["relogin"] for login in record["logins"]] == [False, True]
    assert [connection["relogins"] for connection in record["connections"]] == [1]


@pytest.mark.parametrize("version", ["2", "3"])
def test_hello_logs_in_again_too(emulator: Emulator, version: str) -> None:
    hello = f"HELLO {version} AUTH {USER} {botocore_token(expires=899)}"
    lines = run(emulator, auth(botocore_token()), hello, "PING")
    assert (lines[0], lines[-1]) == ("OK", "PONG")
    logins = emulator.record()["logins"]
    assert [(login["command"], login["relogin"]) for login in logins] == [("AUTH", False), ("HELLO", True)]


def test_a_refused_login_keeps_the_session(emulator: Emulator) -> None:
    expired = Draft(date=stamp(timedelta(minutes=-16))).sign()
    lines = run(emulator, auth(botocore_token()), auth(expired), "ACL WHOAMI")
    assert lines == ["OK", WRONGPASS, USER]
    assert [login["check"] for login in emulator.record()["logins"]] == [None, "E24"]


def test_a_switch_forgets_the_session_after_a_refused_login() -> None:
    switches = {"failed_reauth_keeps_session": False}
    with Emulator(common(cache=cache(switches=switches))) as emulator:
        lines = run(emulator, auth(botocore_token()), auth("bad"), "PING", auth(botocore_token()), "PING")
    assert lines == ["OK", WRONGPASS, NOAUTH, "OK", "PONG"]


def test_reset_locks_again(emulator: Emulator) -> None:
    lines = run(emulator, auth(botocore_token()), "RESET", "PING", auth(botocore_token()), "PING")
    assert lines == ["OK", "RESET", NOAUTH, "OK", "PONG"]


def test_a_login_in_a_transaction_is_refused(emulator: Emulator) -> None:
    lines = run(emulator, auth(botocore_token()), "MULTI", auth(botocore_token()), "PING", "EXEC")
    assert lines == ["OK", "OK", "QUEUED", "QUEUED", WRONGPASS, "PONG"]
    assert emulator.record()["logins"][1]["reason"] == "in-multi"


def test_a_switch_takes_a_login_in_a_transaction() -> None:
    with Emulator(common(cache=cache(switches={"reauth_in_multi": True}))) as emulator:
        lines = run(emulator, auth(botocore_token()), "MULTI", auth(botocore_token()), "PING", "EXEC")
        assert emulator.record()["totals"]["relogins"] == 1
    assert lines == ["OK", "OK", "QUEUED", "QUEUED", "OK", "PONG"]


def test_a_login_in_a_script_hears_the_servers_own_words(emulator: Emulator) -> None:
    script = """EVAL "return redis.call('AUTH', 'iam-user-01', 'x')" 0"""
    lines = run(emulator, auth(botocore_token()), script)
    assert "not allowed from script" in lines[1]
    assert len(emulator.record()["logins"]) == 1


def test_forms_that_cannot_log_in_hear_the_servers_own_words(emulator: Emulator) -> None:
    lines = run(emulator, "AUTH", "AUTH a b c", "HELLO 9", "PING")
    assert lines == [
        "ERR wrong number of arguments for 'auth' command",
        "ERR syntax error",
        "NOPROTO unsupported protocol version",
        NOAUTH,
    ]


def test_acls_are_the_servers_own() -> None:
    users = [USER, {"name": "reader", "acl": "~app:* +@read"}]
    with Emulator(common(cache=cache(users=users))) as emulator:
        lines = run(
            emulator, auth(botocore_token(user="reader"), "reader"), "GET app:1", "SET app:1 x", "GET other"
        )
        assert lines[0] == "OK"
        assert [line.split(" ")[0] for line in lines[1:]] == ["NOPERM", "NOPERM"]
        assert run(emulator, auth(botocore_token()), "SET other x") == ["OK", "OK"]


def test_too_many_logins_are_throttled() -> None:
    with Emulator(common(cache=cache(login_rate=0.001))) as emulator:
        lines = run(emulator, auth(botocore_token()), auth(botocore_token()), "PING")
        assert lines == ["OK", "ERR Exceeded limit of IAM Authentication requests", "PONG"]
        assert run(emulator, auth(botocore_token())) == ["ERR service is not available"]


def test_switches_of_words() -> None:
    switches = {"full_stop": True, "last_words": "ERR session expired"}
    with Emulator(common(cache=cache(switches=switches, session_limit=1))) as emulator:
        emulator.fault("faults/unavailable")
        assert run(emulator, auth(botocore_token())) == ["ERR service is not available."]
        emulator.fault("faults/clear")
        cli = Cli(emulator)
        assert cli.ask(auth(botocore_token())) == "OK"
        wait_for_end(emulator, 2)
        # redis-cli reads what waits for it as the reply to its next command.
        assert cli.ask("PING") == "ERR session expired"
        cli.close()


def test_a_switch_ends_connections_that_never_log_in() -> None:
    with Emulator(common(cache=cache(switches={"most_unauthenticated": 2}))) as emulator:
        lines = run(emulator, "PING", "PING", "PING")
        assert "Error: Server closed the connection" in lines
        first = emulator.record()["connections"][0]
        assert (first["why"], first["commands_refused"]) == ("unauthenticated", 2)


@pytest.mark.parametrize("second", ["another", "the same"])
def test_another_token_prolongs_the_session_and_the_same_does_not(second: str) -> None:
    with Emulator(common(cache=cache(session_limit=3))) as emulator:
        cli = Cli(emulator)
        first = botocore_token(expires=899)
        assert cli.ask(auth(first)) == "OK"
        time.sleep(1.5)
        assert cli.ask(auth(first if second == "the same" else botocore_token())) == "OK"
        left = emulator.record()["logins"][1]["lease_left_seconds"]
        assert (left > 1.5) == (second == "another")
        wait_for_end(emulator, 1)
        assert emulator.record()["connections"][0]["why"] == "session-limit"
        cli.close()


def test_a_switch_lets_the_same_token_prolong() -> None:
    with Emulator(common(cache=cache(switches={"same_token_prolongs": True}, session_limit=30))) as emulator:
        token = botocore_token()
        cli = Cli(emulator)
        assert cli.ask(auth(token)) == "OK"
        time.sleep(1)
        before = emulator.record()["connections"][0]["lease_left_seconds"]
        assert cli.ask(auth(token)) == "OK"
        assert emulator.record()["connections"][0]["lease_left_seconds"] > before
        cli.close()


def wait_for_end(emulator: Emulator, connections: int) -> None:
    """Waits until so many connections have ended."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        ended = [one for one in emulator.record()["connections"] if one["why"]]
        if len(ended) >= connections:
            return
        time.sleep(0.02)
    raise AssertionError(f"never seen: {emulator.record()}")
