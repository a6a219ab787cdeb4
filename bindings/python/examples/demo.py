"""The demo: INCR after INCR on one client, counting what goes wrong while tokens rotate.

Usage: demo.py REQUEST_FILE SECONDS

REQUEST_FILE holds the protobuf bytes of a `ConnectionRequest`. Prints one line of JSON at the end.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import keyrotor

HOST = "python"
PAUSE_SECONDS = 0.001


def count_up(client: keyrotor.Client, seconds: float) -> tuple[int, int]:
    """How many INCRs were sent within `seconds`, and how many failed or answered something unexpected."""
    commands = failures = last = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        commands += 1
        try:
            reply = client.execute("INCR", f"demo:{HOST}")
        except keyrotor.Error as error:
            failures += 1
            print(f"{error!r}", file=sys.stderr)
        else:
            # What the key held before we came is not known.
            failures += commands > 1 and reply != last + 1
            last = reply
        time.sleep(PAUSE_SECONDS)
    return commands, failures


def main(request_file: str, seconds: str) -> int:
    """Runs the demo; 1 only where it could not connect."""
    try:
        client = keyrotor.Client.connect(Path(request_file).read_bytes())
    except keyrotor.Error as error:
        print(f"{error!r}", file=sys.stderr)
        return 1
    with client:
        client.execute("CLIENT", "SETNAME", f"demo-{HOST}")
        commands, failures = count_up(client, float(seconds))
        status, stats = client.status(), client.stats()
    outcome = {
        "host": HOST,
        "commands": commands,
        "failures": failures,
        "rotations": status["generation"] - 1 if status else 0,
        "reauths": stats["reauths"],
        "reconnects": stats["reconnects"],
    }
    print(json.dumps(outcome))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
