#!/usr/bin/env python3
"""How long a sign-in takes where other programs keep every core busy. usage: bench/busy.py PATH-OF-AUTHCTL

Twice as many programs that do nothing but count as there are cores; six sign-ins at once beside them. A thread of
ordinary priority would get a third of a core there."""
import os
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "e2e"))
os.environ["AUTHCTL_BINARY"] = os.path.abspath(sys.argv[1])

from harness import Home  # noqa: E402
from server_harness import Server  # noqa: E402

PASSWORD = "a long and lively pass phrase"


def sign_in(server, times):
    begin = time.monotonic()
    client = server.client()
    client.sock.settimeout(300)
    assert server.ask("POST", "/auth/login?mode=token", {"username": "ann", "password": PASSWORD}, client=client).status == 200
    times.append(time.monotonic() - begin)


def main():
    home, counting = Home(), []
    try:
        home.run("init")
        home.run("user", "create", "ann", "--password-stdin", stdin=PASSWORD)
        server = Server(home, env={"AUTHCTL_LIMIT_LOGIN": "1000000/1m"})
        calm, busy = [], []
        for _ in range(3):
            sign_in(server, calm)
        counting = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(2 * (os.cpu_count() or 1))]
        time.sleep(1)
        threads = [threading.Thread(target=sign_in, args=(server, busy)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        server.stop()
        print(f"a sign-in, s: calm {min(calm):.2f}; six at once on a busy machine: {min(busy):.2f} to {max(busy):.2f}")
    finally:
        for process in counting:
            process.kill()
        home.remove()


main()
