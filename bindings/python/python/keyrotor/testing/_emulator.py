"""`keyrotor emulate` as a child of the test process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import keyrotor
from keyrotor.testing import _authority
from keyrotor.testing._control import PATIENCE_SECONDS, Control, EmulatorError

if TYPE_CHECKING:
    from typing_extensions import Self


class Emulator(Control):
    """A cache that checks tokens, from `with` to its end, or from `start()` to `stop()`.

    `config` is what stands in a configuration file, as a mapping: `{"cache": {"users": ["app"]}}`; what it
    leaves out has the command's defaults. `arguments` are further options of `keyrotor emulate`. Refused
    logins are explained on standard error. It ends with the test process, whatever becomes of that.

    >>> with Emulator({"cache": {"cluster": "orders", "users": ["worker"]}}) as emulator:
    ...     emulator.environment["VALKEY_CLUSTER_ID"], emulator.environment["VALKEY_USER"]
    ('orders', 'worker')
    """

    def __init__(self, config: Mapping[str, Any] | None = None, *, arguments: Sequence[str] = ()) -> None:
        super().__init__("")
        self._has_authority = "ca_dir" in (config or {}) or "--ca-dir" in arguments
        self._arguments = [*_config_option(config), *arguments]
        self._process: subprocess.Popen[str] | None = None
        self.ready: dict[str, Any] = {}
        """What it said when it was ready."""

    def start(self) -> Self:
        """Starts it, and returns when it takes logins."""
        if self._process is not None:
            raise EmulatorError("it runs already")
        command = [sys.executable, "-m", "keyrotor", "emulate", "--json", "--until-eof", *self._arguments]
        if not self._has_authority:
            command += ["--ca-dir", _authority.folder()]
        pipe = subprocess.PIPE
        # The pipe to its input is never written to: its end is ours. A terminal's Ctrl-C is for the tests,
        # which may still need it while they end.
        process = subprocess.Popen(  # noqa: S603
            command, stdin=pipe, stdout=pipe, text=True, env=_environment(), start_new_session=True
        )
        assert process.stdout is not None  # noqa: S101
        line = process.stdout.readline()
        self._process = process
        if not line:
            status = self.stop()
            raise EmulatorError(f"keyrotor emulate ended with {status}; standard error says why")
        self.ready = json.loads(line)
        self.control: str = self.ready["control"] or ""
        return self

    def stop(self) -> int:
        """Ends it, with its connections, server and files. The exit status; 0 where it did not run."""
        process, self._process = self._process, None
        if process is None:
            return 0
        with process:
            process.terminate()
            try:
                return process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """`host:port` of the cache."""
        return str(self.ready["address"])

    @property
    def host(self) -> str:
        """The cache's host; its certificate holds for it, and for `localhost`."""
        return self.address.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The cache's port."""
        return int(self.address.rpartition(":")[2])

    @property
    def ca(self) -> Path:
        """The file with the authority that clients must trust, in PEM; one for all emulators of a process."""
        return Path(self.ready["ca"])

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make an application use it; `unset` lists those that must not be there."""
        return dict(self.ready["environment"])

    @property
    def unset(self) -> list[str]:
        """The variables that must not be there beside `environment`."""
        return list(self.ready["unset"])

    @contextmanager
    def in_environment(self) -> Iterator[dict[str, str]]:
        """Has `os.environ` name this emulator, for as long as the `with` lasts."""
        before = dict(os.environ)
        try:
            os.environ.update(self.environment)
            for name in self.unset:
                os.environ.pop(name, None)
            yield self.environment
        finally:
            for name in {*self.environment, *self.unset}:
                if name in before:
                    os.environ[name] = before[name]
                else:
                    os.environ.pop(name, None)


def _config_option(config: Mapping[str, Any] | None) -> list[str]:
    return [] if config is None else ["--config", json.dumps(config)]


def _environment() -> dict[str, str]:
    """Ours, in which the child finds this very package."""
    packages = str(Path(keyrotor.__file__).parents[1])
    others = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([packages, *([others] if others else [])])}
