"""A running server while `store encrypt-identifiers` goes over its store: nobody is turned away, nothing is let in."""
import json
import os
import subprocess
import threading
import time
import unittest

from harness import BINARY
from server_harness import ServerTest

USERS = int(os.environ.get("AUTHCTL_IDENTIFIER_SERVER_USERS", "2000"))


class Converted(ServerTest):
    def setUp(self):
        super().setUp()
        users = "".join(json.dumps({"name": f"u{i}", "email": f"u{i}@many.example"}) + "\n" for i in range(USERS))
        self.ok("user", "import", self.home.write("users.jsonl", users), "--yes")
        self.server = self.serve(env={"AUTHCTL_REGISTRATION": "on", "AUTHCTL_LIMIT_LOGIN": "1000/1m",
                                      "AUTHCTL_LIMIT_REGISTER": "1000/1m", "AUTHCTL_LOCKOUT_THRESHOLD": "1000"})

    def login(self, name, password=ServerTest.PASSWORD):
        return self.server.ask("POST", "/auth/login?mode=token", {"username": name, "password": password})

    def verify(self, token, permission):
        return self.server.ask("GET", f"/auth/verify?permission={permission}", headers=self.bearer(token)).status

    def register(self, name, email):
        return self.server.ask("POST", "/auth/register",
                               {"username": name, "email": email, "password": self.PASSWORD}).status

    def once(self, tag):
        """What a user of the server notices; gives what was not as it must be."""
        answer = self.login("ann@example.com")
        token = answer.json.get("access_token")
        if not token:
            return [f"by address ({tag}): {answer}"]
        seen = {"by name": self.login("Ann").status == 200,
                "a wrong password": self.login("ann@example.com", "wrong").status == 401,
                "a stranger": self.login("nobody@example.com").status == 401,
                "granted": self.verify(token, "read:posts") == 204,
                "not granted": self.verify(token, "write:posts") == 403,
                "an address that is taken": self.register(f"thief-{tag}", f"U{tag % USERS}@many.example") == 409,
                "a new one": self.register(f"new-{tag}", f"new-{tag}@fresh.example") == 201,
                "and again": self.register(f"newer-{tag}", f"new-{tag}@fresh.example") == 409,
                "who that is": self.login(f"new-{tag}@fresh.example").status == 200}
        me = self.server.ask("GET", "/auth/me", headers=self.bearer(token)).json
        seen["me"] = (me["email"], me["permissions"]) == ("ann@example.com", ["read:posts"])
        return [f"{what} ({tag})" for what, good in seen.items() if not good]

    def test_a_server_goes_on_while_the_identifiers_of_its_store_are_sealed(self):
        wrong, rounds, stop = [], [0], threading.Event()

        def use():
            while not stop.is_set():
                wrong.extend(self.once(rounds[0]))
                rounds[0] += 1

        user = threading.Thread(target=use)
        user.start()
        while rounds[0] < 1:
            time.sleep(0.01)
        started = time.monotonic()
        child = subprocess.run([BINARY, "store", "encrypt-identifiers", "--json"], env=self.home.env,
                               capture_output=True, text=True, check=False)
        took, after = time.monotonic() - started, rounds[0]
        while rounds[0] < after + 2 and user.is_alive():
            time.sleep(0.01)
        stop.set()
        user.join()
        self.assertEqual(child.returncode, 0, child.stderr)
        self.assertTrue(json.loads(child.stdout)["changed"])
        self.assertEqual(wrong, [])
        self.assertGreater(rounds[0], after)
        # What the command line changes afterwards holds there, and nothing new is written in the clear.
        token = self.token()
        self.ok("role", "grant", "reader", "write:posts")
        for _ in range(50):
            if self.verify(token, "write:posts") == 204:
                break
            time.sleep(0.02)
        self.assertEqual(self.verify(token, "write:posts"), 204)
        self.assertEqual(self.register("late", "late@fresh.example"), 201)
        self.assertEqual(self.server.stop(), 0)
        self.assertEqual(self.ok("user", "show", "late@fresh.example", "--json").json["email"], "late@fresh.example")
        self.ok("master-key", "verify")
        self.ok("audit", "verify")
        with open(self.home.store, "rb") as f:
            whole = f.read()
        for text in (b"fresh.example", b"many.example", b"write:posts", b"ann@example.com"):
            self.assertNotIn(text, whole)
        print(f"  {USERS} users sealed in {took:.2f} s, {after} rounds of requests meanwhile")


if __name__ == "__main__":
    unittest.main(verbosity=2)
