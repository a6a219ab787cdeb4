"""Refuses a second interpreter in the process: it would share the state of the compiled half, and hang."""

from __future__ import annotations

from importlib import import_module


def check() -> None:
    """Says so before anything is loaded."""
    for name in ("_interpreters", "_xxsubinterpreters"):  # From Python 3.13 on, and before.
        try:
            interpreters = import_module(name)
        except ImportError:
            continue
        if interpreters.get_current() != interpreters.get_main():
            raise ImportError(
                "keyrotor works in the main interpreter of a process only; under mod_wsgi set "
                "`WSGIApplicationGroup %{GLOBAL}`, under uWSGI `single-interpreter = true`"
            )
        return


check()
