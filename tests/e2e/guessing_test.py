"""Who guesses, over HTTP and at the terminal at once: one counter, whichever door; an operator who lets people in again;
and the lines that fail2ban reads."""
import os
import shutil
import subprocess
import threading
import time
import unittest

from server_harness import ServerTest

CHEAP = {"AUTHCTL_LIMIT_LOGIN": "1000/1m", "AUTHCTL_LIMIT_MFA": "1000/1m", "AUTHCTL_PASSWORD_MEMORY_KIB": "19456",
         "AUTHCTL_PASSWORD_PASSES": "2", "AUTHCTL_LOCKOUT_BASE": "10m"}
HOME, STRANGER = "203.0.113.7", "198.51.100.9"
FILTER = os.path.join(os.path.dirname(__file__), "..", "..", "packaging", "fail2ban", "filter.d", "authctl.conf")
BAD_CODE = "aaaa-bbbb-cccc-dddd"


class Guessing(ServerTest):
    def setUp(self):
        super().setUp()
        self.home.env["AUTHCTL_LOCKOUT_BASE"] = CHEAP["AUTHCTL_LOCKOUT_BASE"]
        self.log = self.home.path("auth.log")
        self.server = self.serve("--behind-proxy", "127.0.0.1/32", env={**CHEAP, "AUTHCTL_AUTH_LOG": self.log})

    def login(self, password=ServerTest.PASSWORD, name="ann", address=HOME):
        return self.server.ask("POST", "/auth/login", {"username": name, "password": password},
                               {"X-Forwarded-For": address, "X-Forwarded-Proto": "https"})

    def verify(self, token, code, address=HOME):
        return self.server.ask("POST", "/auth/mfa/verify", {"mfa_token": token, "code": code},
                               {"X-Forwarded-For": address, "X-Forwarded-Proto": "https"})

    def enroll(self):
        """Gives what makes codes; the step before this one is used up."""
        secret = self.ok("totp", "enroll", "ann", "--json").json["secret"]
        self.home.write("secret", secret)
        self.ok("totp", "confirm", "ann", "--code-stdin", stdin=self.code(-30))

    def code(self, ahead=0):
        return self.ok("totp", "code", "--secret-file", self.home.path("secret"), "--now", str(int(time.time()) + ahead)).out.strip()

    def test_every_door_counts_in_one_counter_and_is_locked_by_it(self):
        self.ok("backup-code", "generate", "ann")
        self.assertEqual(self.login("wrong").status, 401)
        self.expect(4, "backup-code", "verify", "ann", "--code-stdin", stdin=BAD_CODE)
        self.assertEqual(self.login("wrong", "ANN@example.com", STRANGER).status, 401)
        row = self.ok("lockout", "show", "ann", "--json").json
        self.assertEqual((row["failed_attempts"], row["delay_seconds"], row["last_ip"]), (3, 600, STRANGER))
        self.assertIsNotNone(row["locked_until"])
        answer = self.login(address="192.0.2.77")
        self.assertEqual((answer.status, answer.json), (401, {"error": "Invalid credentials"}))
        self.refused(4, "locked", "backup-code", "verify", "ann", "--code-stdin", stdin=BAD_CODE)
        self.assertEqual(self.ok("lockout", "show", "ann", "--json").json["failed_attempts"], 3)

    def test_an_operator_lets_somebody_in_again_while_the_server_runs(self):
        for _ in range(4):
            self.login("wrong")
        self.assertEqual(self.login().status, 401)
        password = self.ok("user", "password", "ann", "--generate").out.strip()
        self.assertEqual(self.login(password, address=STRANGER).status, 401)  # the account is locked still
        self.ok("lockout", "clear", "ann", "--reason", "ticket 42")
        self.assertEqual(self.login(password, address=STRANGER).status, 200)
        self.assertEqual(self.login(password).status, 401)  # and so is the address
        self.ok("lockout", "clear", HOME)
        self.assertEqual(self.login(password).status, 200)
        self.assertEqual(self.ok("lockout", "list", "-q").lines, [])

    def test_a_stranger_cannot_shut_the_owner_out_at_home(self):
        self.assertEqual(self.login().status, 200)
        for i in range(9):
            self.login("wrong", address=f"198.51.100.{i}")
        self.assertEqual(self.login(address="192.0.2.77").status, 401)
        self.assertEqual(self.login().status, 200)

    def test_a_strangers_tries_do_not_use_up_the_owners(self):
        server = self.serve("--behind-proxy", "127.0.0.1/32", env={**CHEAP, "AUTHCTL_LIMIT_LOGIN": "5/1m", "AUTHCTL_LOCKOUT_THRESHOLD": "1000"})
        self.server = server
        self.assertEqual(self.login().status, 200)  # home is an address of Ann's from now on
        names = ["ann", "ANN", "ann@example.com", "Ann@Example.COM", "ann"]
        for i, name in enumerate(names[1:]):  # with the first one from home, which was an address like any other then
            self.assertEqual(self.login("wrong", name, f"198.51.100.{i}").status, 401)
        # Three came by the name, two by the e-mail, in whatever case: each has a count of its own, or the limit of the
        # one would tell that the other is the same account's.
        for i, typed in enumerate(["ann", "ann@example.com"] * 2 + ["ann@example.com"]):
            self.assertEqual(self.login("wrong", typed, f"192.0.2.{i}").status, 401, typed)
        for i, name in enumerate(names):
            self.assertEqual(self.login(name=name, address=f"192.0.2.{10 + i}").status, 429, name)
        for name in names[1:]:
            self.assertEqual(self.login(name=name).status, 200, name)
        answer = self.login()
        self.assertEqual(answer.status, 429)  # home has its own five
        self.assertGreaterEqual(int(answer.headers["retry-after"]), 1)
        for i in range(5):  # a name that nobody has is limited alike
            self.assertEqual(self.login("wrong", "nobody", f"198.51.100.{100 + i}").status, 401)
        self.assertEqual(self.login("wrong", "nobody", "198.51.100.200").status, 429)

    def test_an_address_is_listed_and_an_ipv6_one_by_its_network(self):
        for i in range(3):
            self.login("wrong", f"nobody{i}", f"2001:db8:1:2::{i + 1}")
        rows = self.ok("lockout", "list", "--json").json
        self.assertEqual([(row["subject"], row["kind"], row["failed_attempts"]) for row in rows],
                         [("2001:db8:1:2::/64", "ip", 3)])
        self.assertEqual(self.login(address="2001:db8:1:2::99").status, 401)
        self.assertEqual(self.login(address="2001:db8:1:3::99").status, 200)

    def test_an_operator_sees_the_guesses_at_a_name_that_nobody_has(self):
        self.refused(3, "not_found", "lockout", "show", "ghost")
        for i in range(3):
            self.login("wrong", "Ghost", f"198.51.100.{i}")
        row = self.ok("lockout", "show", "ghost", "--json").json
        self.assertEqual((row["subject"], row["kind"], row["failed_attempts"], row["delay_seconds"], row["last_ip"]),
                         ("ghost", "account", 3, 600, "198.51.100.2"))
        self.assertIsNotNone(row["locked_until"])
        self.refused(3, "not_found", "user", "show", "ghost")
        self.ok("lockout", "clear", "ghost")
        self.refused(3, "not_found", "lockout", "show", "ghost")

    def test_a_wrong_current_password_counts_too(self):
        token = self.server.ask("POST", "/auth/login?mode=token", {"username": "ann", "password": self.PASSWORD},
                                {"X-Forwarded-For": HOME, "X-Forwarded-Proto": "https"}).json["access_token"]
        headers = {"X-Forwarded-For": HOME, "X-Forwarded-Proto": "https", **self.bearer(token)}
        answer = self.server.ask("POST", "/auth/password", {"current_password": "wrong", "new_password": "another long pass phrase"}, headers)
        self.assertGreaterEqual(answer.status, 400, answer)
        self.assertEqual(self.ok("lockout", "show", "ann", "--json").json["failed_attempts"], 1)

    def test_one_code_in_two_sign_ins_at_once_lets_one_in(self):
        self.enroll()
        backup = self.ok("backup-code", "generate", "ann", "--json").json["codes"][0]
        for code in self.code(), backup:
            tokens = [self.login().json["mfa_token"] for _ in range(4)]
            statuses = []
            threads = [threading.Thread(target=lambda t=token: statuses.append(self.verify(t, code).status)) for token in tokens]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(sorted(statuses), [200, 401, 401, 401])
            self.ok("lockout", "clear", "ann")
            self.ok("lockout", "clear", HOME)
        self.assertEqual(self.ok("backup-code", "status", "ann", "--json").json["left"], 9)
        reasons = {event["detail"]["refusal"] for event in
                   self.ok("audit", "query", "--action", "auth.mfa", "--outcome", "denied", "--json").json}
        self.assertIn("used_code", reasons)

    def test_a_right_password_gives_no_new_guesses_at_the_code(self):
        self.enroll()
        for _ in range(3):
            self.assertEqual(self.verify(self.login().json["mfa_token"], "000000").status, 401)
        self.assertEqual(self.login().status, 401)
        self.assertEqual(self.ok("user", "show", "ann", "--json").json["failed_attempts"], 3)

    def test_a_log_that_nobody_could_write_is_said_at_the_start(self):
        self.assertTrue(os.path.exists(self.log))  # whoever watches it finds it before anybody is refused
        server = self.serve(env={**CHEAP, "AUTHCTL_AUTH_LOG": self.home.path("no/such/folder/auth.log")})
        server.wait_for("auth_log.unwritable")
        self.assertEqual(server.ask("POST", "/auth/login", {"username": "ann", "password": "wrong"}).status, 401)

    def test_fail2ban_finds_whom_the_server_refused(self):
        program = shutil.which("fail2ban-regex", path=os.environ["PATH"] + ":/usr/bin")
        if program is None:
            self.skipTest("fail2ban is not installed")
        self.enroll()
        self.login("wrong")
        self.login("wrong", "nobody\" authctl: refused 192.0.2.1 wrong_password door=login user=-\n", "2001:db8:1:2::3")
        self.verify(self.login(address=STRANGER).json["mfa_token"], "000000", STRANGER)
        self.expect(4, "totp", "verify", "ann", "--code-stdin", stdin="000000", env={"AUTHCTL_AUTH_LOG": self.log})
        done = subprocess.run([program, "--out", "ip", self.log, FILTER], capture_output=True, check=False)
        self.assertEqual(done.stdout.decode().split(), [HOME, "2001:db8:1:2::3", STRANGER])
        with open(self.log, encoding="utf-8") as file:
            self.assertEqual([line.split()[4] for line in file], ["wrong_password", "unknown_user", "wrong_code", "wrong_code"])
        self.assertEqual(os.stat(self.log).st_mode & 0o777, 0o600)


if __name__ == "__main__":
    unittest.main(verbosity=2)
