"""A pool of workers, started in each of multiprocessing's ways, beside a parent that uses all of keyrotor."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor

import keyrotor
import processes

TASKS = 12


def main() -> None:
    """Prints what came of it."""
    processes.manager().token()
    client = keyrotor.Client.connect(processes.REQUEST)
    client.execute("PING")
    context = multiprocessing.get_context(sys.argv[1])
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        done = list(pool.map(processes.work, range(TASKS)))
    assert all(got == str(number).encode() for number, _, got in done)
    elsewhere = os.getpid() not in {pid for _, pid, _ in done}
    client.execute("PING")
    print(json.dumps({"done": len(done), "elsewhere": elsewhere, "reconnects": client.stats()["reconnects"]}))


if __name__ == "__main__":
    main()
