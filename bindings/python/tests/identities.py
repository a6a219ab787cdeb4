"""Requests whose identities no other manager of this process has: managers of one identity share."""

from __future__ import annotations

import itertools
from typing import Any

from emulator import BASE

_NUMBERS = itertools.count()


def alone() -> dict[str, Any]:
    """One of the base's kind, with explicit keys: it signs on the spot."""
    cluster = {"clusterName": f"cluster-{next(_NUMBERS)}"}
    iam = BASE["request"]["authenticationInfo"]["iamCredentials"] | cluster
    return {"authenticationInfo": {"iamCredentials": iam}}
