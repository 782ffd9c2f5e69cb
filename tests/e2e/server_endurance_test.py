"""What the server promises when things go wrong: overload, a store that cannot be written, kill -9 under load.
AUTHCTL_KILLS: how often it is killed (2)."""
import collections
import contextlib
import http.client
import os
import resource
import signal
import threading
import time
import unittest

from server_harness import ServerTest

CHEAP = {"AUTHCTL_LIMIT_LOGIN": "100000/1m", "AUTHCTL_LIMIT_REFRESH": "100000/1m", "AUTHCTL_PASSWORD_MEMORY_KIB": "19456",
         "AUTHCTL_PASSWORD_PASSES": "2"}


class Endurance(ServerTest):
    def login(self, server, user="ann"):
        client = server.client()
        client.sock.settimeout(240)  # a place in the queue lasts as long as the machine is busy with others
        with contextlib.closing(client):
            return server.ask("POST", "/auth/login?mode=token", {"username": user, "password": self.PASSWORD}, client=client)

    def test_more_sign_ins_than_can_be_hashed_are_turned_away_and_harm_nobody(self):
        server = self.serve(env={**CHEAP, "AUTHCTL_PASSWORD_MEMORY_KIB": "65536", "AUTHCTL_PASSWORD_PASSES": "3"})
        names = [f"u{number}" for number in range(24)]
        for name in names:
            self.ok("user", "create", name, "--password-stdin", stdin=self.PASSWORD + "\n")
        token, answers, health = self.login(server).json["access_token"], [], []
        threads = [threading.Thread(target=lambda name=name: answers.append(self.login(server, name))) for name in names * 6]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            health.append(server.ask("GET", "/auth/verify", headers=self.bearer(token)).status)
        counts = collections.Counter(answer.status for answer in answers)
        self.assertEqual(set(counts), {200, 503})
        for answer in answers:
            if answer.status == 503:
                self.assertGreaterEqual(int(answer.headers["retry-after"]), 1)
        self.assertEqual(set(health), {204})
        self.assertEqual(self.login(server).status, 200)  # nobody was locked out
        self.assertEqual(self.ok("lockout", "list", "--json").json, [])
        if "ASAN_OPTIONS" not in os.environ:  # a sanitizer keeps what was freed
            self.assertLess(server.memory("VmHWM"), ((os.cpu_count() + 1) * 64 + 64) << 20)  # one for the floor

    def test_a_burst_of_fifty_sign_ins_is_done_and_what_is_too_much_is_told_at_once(self):
        server = self.serve(env=CHEAP)
        names = [f"u{number}" for number in range(50)]
        for name in names:
            self.ok("user", "create", name, "--password-stdin", stdin=self.PASSWORD + "\n", env=CHEAP)
        answers = []
        threads = [threading.Thread(target=lambda name=name: answers.append(self.login(server, name).status)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(answers, [200] * 50)
        self.assertEqual(self.ok("lockout", "list", "--json").json, [])

    def test_where_nothing_can_be_written_nothing_is_done_and_health_says_so(self):
        for checks in ("off", "all"):
            with self.subTest(checks):
                server = self.serve("--metrics-listen", "127.0.0.1:0", env={**CHEAP, "AUTHCTL_AUDIT_CHECKS": checks})
                token = self.login(server).json["access_token"]
                verify = "/auth/verify?permission=read:posts"
                self.assertEqual(server.ask("GET", verify, headers=self.bearer(token)).status, 204)
                resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
                self.assertEqual(self.login(server).status, 503)
                self.assertEqual(server.ask("POST", "/auth/logout", headers=self.bearer(token)).status, 503)
                self.assertEqual(server.ask("GET", "/readyz").status, 503)
                self.assertEqual(server.ask("GET", "/healthz").status, 200)
                self.assertIn("authctl_store_ready 0\n", server.ask("GET", "/metrics", port=server.metrics_port).text)
                self.assertEqual(server.wait_for("request.failed")["level"], "error")
                status = server.ask("GET", verify, headers=self.bearer(token)).status
                self.assertEqual(status, 204 if checks == "off" else 503)
                if checks == "off":  # what others write is obeyed all the while
                    for _ in range(30):
                        for change, held in (("unassign", 403), ("assign", 204)):
                            self.ok("role", change, "ann", "reader")
                            end = time.monotonic() + 10
                            while server.ask("GET", verify, headers=self.bearer(token)).status != held:
                                self.assertLess(time.monotonic(), end)
                    self.assertNotIn("store.lost", [one["event"] for one in server.events()])
                resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                server.wait_for("store.writable_again")
                self.assertEqual(server.ask("GET", "/readyz").status, 200)
                self.assertIn("authctl_store_ready 1\n", server.ask("GET", "/metrics", port=server.metrics_port).text)
                self.assertEqual(self.login(server).status, 200)
                self.assertEqual(server.ask("GET", verify, headers=self.bearer(token)).status, 204)
                self.assertEqual(server.stop(), 0)
        self.ok("audit", "verify")

    def work(self, server, number, stop, live, dead):
        """Signs in, refreshes, logs out; notes what was acknowledged. Ends where the server does."""
        try:
            while not stop.is_set():
                answer = self.login(server, f"u{number}")
                if answer.status != 200:
                    continue
                access, refresh = answer.json["access_token"], answer.json["refresh_token"]
                live[number] = access
                answer = server.ask("POST", "/auth/refresh?mode=token", {"refresh_token": refresh})
                if answer.status == 200:
                    access = answer.json["access_token"]
                live.pop(number)
                if server.ask("POST", "/auth/logout", headers=self.bearer(access)).status in (200, 204):
                    dead.extend((("access", access), ("refresh", refresh)))
        except (OSError, http.client.HTTPException, ValueError):
            pass

    def test_what_was_acknowledged_stands_after_a_kill(self):
        for number in range(8):
            self.ok("user", "create", f"u{number}", "--password-stdin", stdin=self.PASSWORD + "\n")
        dead = []
        for _ in range(int(os.environ.get("AUTHCTL_KILLS", "2"))):
            live, stop = {}, threading.Event()
            server = self.serve(env=CHEAP)
            threads = [threading.Thread(target=self.work, args=(server, number, stop, live, dead)) for number in range(8)]
            for thread in threads:
                thread.start()
            end = time.monotonic() + 30
            while len(dead) < 8 and time.monotonic() < end:
                time.sleep(0.05)
            time.sleep(0.5)
            server.signal(signal.SIGKILL)
            stop.set()
            for thread in threads:
                thread.join()
            server.stop()
            again = self.serve(env=CHEAP)
            for access in live.values():  # acknowledged, and nothing that ends it was even asked for
                self.assertEqual(again.ask("GET", "/auth/verify", headers=self.bearer(access)).status, 204)
            for kind, token in dead[-200:]:
                if kind == "access":
                    self.assertEqual(again.ask("GET", "/auth/verify", headers=self.bearer(token)).status, 401)
                else:
                    answer = again.ask("POST", "/auth/refresh?mode=token", {"refresh_token": token})
                    self.assertEqual(answer.status, 401, answer)
            self.assertEqual(again.stop(), 0)
            self.ok("audit", "verify")
        self.assertGreater(len(dead), 4)


if __name__ == "__main__":
    unittest.main(verbosity=2)
