"""The examples in docstrings run, those of the compiled half too."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil

import keyrotor
import pytest

MODULES = [
    "keyrotor",
    *(
        found.name
        for found in pkgutil.walk_packages(keyrotor.__path__, "keyrotor.")
        if not found.name.startswith(("keyrotor.testing", "keyrotor.__main__"))
    ),
]
# Names that an example may use without saying where they come from.
NAMES = {name: getattr(keyrotor, name) for name in keyrotor.__all__}


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    try:
        module = importlib.import_module(name)
    except ImportError as error:  # An adapter whose client is not installed here.
        pytest.skip(str(error))
    outcome = doctest.testmod(module, extraglobs=NAMES)
    assert outcome.failed == 0


def test_the_compiled_half_has_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = {test.name for test in finder.find(keyrotor, "keyrotor") if test.examples}
    assert found >= {"keyrotor", "keyrotor.TokenManager", "keyrotor.TokenManager.token_async"}


def test_every_public_class_and_function_is_documented() -> None:
    given = {name: one for name, one in NAMES.items() if isinstance(one, type) or inspect.isroutine(one)}
    assert len(given) > 30
    assert [name for name, one in given.items() if not inspect.getdoc(one)] == []
