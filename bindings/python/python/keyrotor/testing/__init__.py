"""Test your application's IAM login: a local cache that really checks tokens, with a real server behind it.

With pytest, installing keyrotor brings the fixtures of `keyrotor.testing.plugin`. `Emulator` is for the rest:

>>> with Emulator() as emulator:
...     host, port = emulator.host, emulator.port
...     with emulator.in_environment():
...         pass  # Here your application logs in, as the user app of the cache my-cluster.
...     emulator.record()["totals"]["logins_accepted"]
0

It needs a `redis-server` or `valkey-server` on the PATH. Whatever AWS SDK makes the tokens: their signature,
user, cache, region and dates are checked as ElastiCache and MemoryDB check them, at each login.
"""

from keyrotor.testing._control import Control, EmulatorError
from keyrotor.testing._emulator import Emulator
from keyrotor.testing._faults import Faults
from keyrotor.testing._login import Login

__all__ = ["Control", "Emulator", "EmulatorError", "Faults", "Login"]
