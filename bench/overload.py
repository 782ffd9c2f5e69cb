#!/usr/bin/env python3
"""P16: what a flood of sign-ins does to forward-auth. usage: bench/overload.py PATH-OF-AUTHCTL [SECONDS]

Signs-in arrive at about five times what Argon2id can do on this machine, from clients that are not told to wait; beside
them one client asks /auth/verify over and over. Prints its rate and its 99th percentile with and without the flood, what
the excess sign-ins were answered and how fast, the memory of the server, and whether anybody was locked out by it.
"""
import multiprocessing
import os
import statistics
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "e2e"))
os.environ["AUTHCTL_BINARY"] = os.path.abspath(sys.argv[1])
SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 5.0
CLIENTS = 256  # four times the places there are on a small machine: each waits for its answer before it comes again

from harness import Home  # noqa: E402
from server_harness import Server  # noqa: E402

PASSWORD = "a long and lively pass phrase"
LOGIN = {"username": "ann", "password": PASSWORD}


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def ask_verify(server, token, seconds):
    client, times = server.client(), []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begin = time.monotonic()
        assert server.ask("GET", "/auth/verify", headers={"Authorization": "Bearer " + token}, client=client).status == 204
        times.append(time.monotonic() - begin)
    client.close()
    return len(times) / seconds, percentile(times, 0.99)


def flood(server, until, answers, every):
    while time.monotonic() < until:
        begin = time.monotonic()
        try:
            status = server.ask("POST", "/auth/login?mode=token", LOGIN).status
        except OSError:
            status = 0
        answers.append((status, time.monotonic() - begin))
        time.sleep(max(0.0, every - (time.monotonic() - begin)))


def flood_from(server, seconds, capacity, clients, pipe):
    """In a process of its own: the client that is measured must not share an interpreter with the flood."""
    answers, until = [], time.monotonic() + seconds
    threads = [threading.Thread(target=flood, args=(server, until, answers, clients / (5 * capacity)))
               for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pipe.send(answers)


def main():
    home = Home()
    try:
        home.run("init")
        home.run("user", "create", "ann", "--password-stdin", stdin=PASSWORD)
        wide = {name: "1000000/1m" for name in ("AUTHCTL_LIMIT_LOGIN",)}
        server = Server(home, env=wide)
        token = server.ask("POST", "/auth/login?mode=token", LOGIN).json["access_token"]
        begin = time.monotonic()
        for _ in range(4):
            server.ask("POST", "/auth/login?mode=token", LOGIN)
        capacity = (os.cpu_count() or 1) * 4 / (time.monotonic() - begin)
        before = server.memory()
        calm_rate, calm_p99 = ask_verify(server, token, SECONDS)
        ours, theirs = multiprocessing.Pipe()
        crowd = multiprocessing.get_context("fork").Process(
            target=flood_from, args=(server, SECONDS + 1, capacity, CLIENTS, theirs))
        crowd.start()
        time.sleep(0.5)
        busy_rate, busy_p99 = ask_verify(server, token, SECONDS)
        peak = server.memory("VmHWM")
        answers = ours.recv()
        crowd.join()
        refused = [lasted for status, lasted in answers if status == 503]
        admitted = sum(status == 200 for status, _ in answers)
        others = {status for status, _ in answers} - {200, 503}
        locked = home.run("user", "show", "ann", "--json").json["locked_until"]
        server.stop()
        print("| what | calm | flooded | ratio | goal |\n| --- | ---: | ---: | ---: | --- |")
        print(f"| /auth/verify a second, one client | {calm_rate:.0f} | {busy_rate:.0f} | {busy_rate / calm_rate:.3f} | >= 0.95 |")
        print(f"| its 99th percentile, ms | {calm_p99 * 1e3:.2f} | {busy_p99 * 1e3:.2f} | {busy_p99 / calm_p99:.2f} | <= 2 |")
        print(f"| sign-ins: offered / done / 503 | | {len(answers)} / {admitted} / {len(refused)} | | the rest 503 |")
        if refused:
            print(f"| a 503, ms: median / 99th | | {statistics.median(refused) * 1e3:.1f} / "
                  f"{percentile(refused, 0.99) * 1e3:.1f} | | <= 50 |")
        print(f"| memory, MiB | {before >> 20} | {peak >> 20} | | <= {(os.cpu_count() or 1) * 64 + 64} |")
        print(f"| other answers; locked | | {sorted(others) or 'none'}; {locked} | | none; None |")
    finally:
        home.remove()


main()
