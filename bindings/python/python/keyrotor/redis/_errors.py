"""What redis-py's users catch where a login fails."""

from __future__ import annotations

import redis


class LoginError(redis.AuthenticationError):
    """There is no token to log in with, or the server refused two of them.

    `__cause__` is the `keyrotor.Error`, or the server's own. Connections that keyrotor looks after do not try
    again because of it: the same login, sent again and again, would be refused as often.
    """

    @classmethod
    def refused(cls, error: redis.AuthenticationError) -> LoginError:
        """The second refusal in a row."""
        return error if isinstance(error, cls) else cls(f"the server refused two tokens in a row: {error}")
