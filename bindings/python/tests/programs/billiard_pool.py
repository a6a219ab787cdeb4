"""Celery's prefork pool, which is billiard's, beside a parent that uses all of keyrotor."""

from __future__ import annotations

import json
import os

import billiard
import keyrotor
import processes

TASKS = 12


def main() -> None:
    """Prints what came of it."""
    processes.manager().token()
    client = keyrotor.Client.connect(processes.REQUEST)
    client.execute("PING")
    # Each worker is replaced after a few tasks, as with `worker_max_tasks_per_child`.
    pool = billiard.Pool(2, maxtasksperchild=4)
    done = pool.map(processes.work, range(TASKS), chunksize=1)
    pool.close()
    pool.join()
    assert all(got == str(number).encode() for number, _, got in done)
    elsewhere = os.getpid() not in {pid for _, pid, _ in done}
    client.execute("PING")
    print(json.dumps({"done": len(done), "elsewhere": elsewhere, "reconnects": client.stats()["reconnects"]}))


if __name__ == "__main__":
    main()
