"""A socket and nothing around it: what no client can do with less."""

from __future__ import annotations

import socket
import ssl

from places import HOST, Place


class BareSocket:
    """Asks for a key, and reads until as much has come as came the first time. It looks at nothing."""

    def __init__(self, place: Place, patience_seconds: float) -> None:
        plain = socket.create_connection((HOST, place.port), timeout=patience_seconds)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        context = ssl.create_default_context(cafile=place.ca) if place.ca else None
        self._socket = context.wrap_socket(plain, server_hostname=HOST) if context else plain
        self._room = bytearray(1 << 16)
        self._lengths: dict[str, int] = {}

    def get(self, key: str) -> object:
        """Its reply, as it came."""
        self._socket.sendall(b"*2\r\n$3\r\nGET\r\n$%d\r\n%b\r\n" % (len(key), key.encode()))
        length = self._lengths.get(key)
        came = 0
        while length is None or came < length:
            came += self._read(came)
            if length is None:
                length = self._lengths[key] = self._length(came)
        return self._room

    def _length(self, came: int) -> int:
        """Of the whole reply, whose first line has come."""
        header, _ = bytes(self._room[:came]).split(b"\r\n", 1)
        return len(header) + 2 + int(header[1:]) + 2

    def _read(self, came: int) -> int:
        read = self._socket.recv_into(memoryview(self._room)[came:])
        if read == 0:
            message = "the server hung up"
            raise ConnectionError(message)
        return read
