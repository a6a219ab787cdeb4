"""Every file of tests/scenarios, step by step."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keyrotor
import pytest
from emulator import SCENARIOS, Emulator

FILES = sorted(path for path in SCENARIOS.glob("*.json") if path.name != "base.json")


def test_there_are_scenarios() -> None:
    assert len(FILES) > 5


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenario(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = json.loads(path.read_text())
    known = {"promises", "about", "emulator", "environment", "request", "steps"}
    assert set(scenario) <= known, f"unknown: {set(scenario) - known}"
    with Emulator(*scenario.get("emulator", [])) as emulator:
        for name, value in scenario.get("environment", {}).items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)
        run = Runner(emulator, emulator.request(scenario.get("request")))
        try:
            for number, step in enumerate(scenario["steps"], 1):
                run.step(number, dict(step))
        finally:
            if run.client is not None:
                run.client.close()


class Runner:
    """Takes steps. What it does not know, it fails on."""

    def __init__(self, emulator: Emulator, request: dict[str, Any]) -> None:
        self.emulator = emulator
        self.request = request
        self.client: keyrotor.Client | None = None

    def step(self, number: int, step: dict[str, Any]) -> None:
        verb = next(iter(step))
        action: Callable[..., None] | None = getattr(self, f"_{verb}", None)
        assert action is not None, f"step {number}: unknown step {verb!r}"
        action(step.pop(verb), **step)

    @property
    def connected(self) -> keyrotor.Client:
        assert self.client is not None, "no connect step before"
        return self.client

    def _connect(self, expected: dict[str, Any]) -> None:
        if not expected:
            self.client = keyrotor.Client.connect(self.request, decode=True)
            return
        with pytest.raises(keyrotor.Error) as caught:
            keyrotor.Client.connect(self.request, decode=True)
        compare(caught.value, expected)

    def _execute(self, command: list[str], **expected: Any) -> None:
        if "error" in expected:
            with pytest.raises(keyrotor.Error) as caught:
                self.connected.execute(*command)
            compare(caught.value, expected)
        else:
            reply = self.connected.execute(*command)
            assert expected == {"reply": reply}
            assert type(reply) is type(expected["reply"])

    def _eventually(self, command: list[str], reply: Any, seconds: float) -> None:
        end = time.monotonic() + seconds
        while True:
            try:
                assert self.connected.execute(*command) == reply
            except keyrotor.Error:
                assert time.monotonic() < end, f"{command} did not succeed within {seconds} s"
                time.sleep(0.02)
            else:
                return

    def _traffic(self, key: str, seconds: float, failures: int) -> None:
        end = time.monotonic() + seconds
        failed: list[keyrotor.Error] = []
        last = 0
        while time.monotonic() < end:
            try:
                reply = self.connected.execute("INCR", key)
            except keyrotor.Error as error:
                failed.append(error)
            else:
                assert reply > last
                last = reply
            time.sleep(0.001)
        assert len(failed) <= failures, failed[:3]
        assert last > seconds * 10

    def _fault(self, name: str, body: dict[str, Any]) -> None:
        self.emulator.fault(name, body)

    def _status(self, expected: dict[str, Any]) -> None:
        status = self.connected.status()
        assert status is not None
        for name, value in expected.items():
            match name:
                case "state":
                    assert status["state"] in value
                case "source":
                    assert status["source"] == value
                case "generation_at_least":
                    assert status["generation"] >= value
                case _:
                    pytest.fail(f"unknown in status: {name}")

    def _record(self, path: str, **expected: int) -> None:
        value: Any = self.emulator.record()
        for name in path.split("."):
            value = value[name]
        for name, bound in expected.items():
            match name:
                case "equals":
                    assert value == bound, path
                case "at_least":
                    assert value >= bound, path
                case "at_most":
                    assert value <= bound, path
                case _:
                    pytest.fail(f"unknown in record: {name}")

    def _close(self, nothing: dict[str, Any]) -> None:
        assert nothing == {}
        self.connected.close()


def compare(error: keyrotor.Error, expected: dict[str, Any]) -> None:
    """Compares the attributes that a scenario names."""
    for name, value in expected.items():
        match name:
            case "error":
                assert error.name == value, error
            case "field" | "server_text" | "source" | "retryable":
                assert getattr(error, name) == value, error
            case "message":
                assert [text for text in value if text not in error.message] == [], error
            case _:
                pytest.fail(f"unknown in an expected error: {name}")


def test_the_runner_refuses_what_it_does_not_know() -> None:
    runner = Runner(Emulator(), {})
    with pytest.raises(AssertionError, match="unknown step 'dance'"):
        runner.step(1, {"dance": {}})
