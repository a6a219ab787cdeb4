"""Django: caches and databases that log in with tokens."""
