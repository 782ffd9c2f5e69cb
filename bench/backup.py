#!/usr/bin/env python3
"""What a backup costs a server under full write load. usage: bench/backup.py PATH-OF-AUTHCTL [USERS [SECONDS [ROUNDS]]]

Clients refresh their sessions as fast as they are answered; every refresh is a durable change with an entry in the log.
Rounds without and with `backup create`, one after the other without a pause, are interleaved; the ratio of their rates
is quoted, the median of the rounds. AUTHCTL_BENCH_STORE: another store than SQLite. AUTHCTL_BENCH_CLIENTS: how many (4).
"""
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "e2e"))
os.environ["AUTHCTL_BINARY"] = os.path.abspath(sys.argv[1])
USERS = int(sys.argv[2]) if len(sys.argv) > 2 else 50000
SECONDS = float(sys.argv[3]) if len(sys.argv) > 3 else 3.0
ROUNDS = int(sys.argv[4]) if len(sys.argv) > 4 else 3
CLIENTS = int(os.environ.get("AUTHCTL_BENCH_CLIENTS", "4"))

from harness import BINARY, Home  # noqa: E402
from server_harness import Server  # noqa: E402

PASSWORD = "a long and lively pass phrase"
WIDE = {name: "1000000/1m" for name in ("AUTHCTL_LIMIT_LOGIN", "AUTHCTL_LIMIT_REFRESH")}


def sign_in(server, name):
    """Hashing stands back for everything else: on a machine that is busy otherwise it takes its time."""
    while True:
        try:
            return server.ask("POST", "/auth/login?mode=token", {"username": name, "password": PASSWORD}).json["refresh_token"]
        except (OSError, KeyError):
            time.sleep(0.2)


def refresh(server, name, count, stop):
    token = sign_in(server, name)
    client = server.client()
    while not stop.value:
        answer = server.ask("POST", "/auth/refresh", {"refresh_token": token}, client=client)
        assert answer.status == 200, answer
        token = answer.json["refresh_token"]
        count.value += 1
    client.close()


def rate(counts, seconds, home, backup):
    """Refreshes a second while `backup` goes on, and how long each backup took."""
    took, began, before = [], time.monotonic(), sum(c.value for c in counts)
    while time.monotonic() < began + seconds:
        if not backup:
            time.sleep(seconds)
            continue
        start = time.monotonic()
        subprocess.run([BINARY, "backup", "create", home.path("b"), "--force", "--yes", "-q"], env=home.env, check=True,
                       stdout=subprocess.DEVNULL, cwd=home.folder)
        took.append(time.monotonic() - start)
    return (sum(c.value for c in counts) - before) / (time.monotonic() - began), took


def main():
    home = Home()
    if os.environ.get("AUTHCTL_BENCH_STORE"):
        home.env["AUTHCTL_STORE"] = os.environ["AUTHCTL_BENCH_STORE"]
    fork = multiprocessing.get_context("fork")
    stop, counts = fork.Value("b", 0), [fork.Value("l", 0, lock=False) for _ in range(CLIENTS)]
    server, clients = None, []
    try:
        assert home.run("init").code == 0
        people = "".join(json.dumps({"name": f"user{i}", "email": f"user{i}@many.example"}) + "\n" for i in range(USERS))
        assert home.run("user", "import", home.write("people.jsonl", people), "--yes", "-q", timeout=600).code == 0
        for i in range(CLIENTS):
            home.run("user", "create", f"client{i}", "--password-stdin", stdin=PASSWORD)
        server = Server(home, env=WIDE)
        clients = [fork.Process(target=refresh, args=(server, f"client{i}", counts[i], stop)) for i in range(CLIENTS)]
        for client in clients:
            client.start()
        while min(c.value for c in counts) < 20:
            time.sleep(0.05)
        ratios, took, calm, busy = [], [], [], []
        for _ in range(ROUNDS):
            calm.append(rate(counts, SECONDS, home, False)[0])
            under, durations = rate(counts, SECONDS, home, True)
            busy.append(under)
            took += durations
            ratios.append(under / calm[-1])
        size = os.stat(home.path("b")).st_size
        print(f"{USERS} users, {CLIENTS} clients that refresh, {len(took)} backups of {size / 1e6:.1f} MB")
        print(f"  refreshes a second: {statistics.median(calm):.0f} alone, {statistics.median(busy):.0f} beside backups")
        print(f"  a backup takes {statistics.median(took):.2f} s; what the server keeps of its rate: "
              f"{100 * statistics.median(ratios):.0f} % ({', '.join(f'{100 * r:.0f}' for r in ratios)})")
    finally:
        stop.value = 1
        for client in clients:
            client.join(10)
        if server:
            server.stop()
        home.remove()


if __name__ == "__main__":
    main()
