"""The machine's clock jumps under a running server: nothing that was over comes back, and whoever signs in is signed in."""
import glob
import os
import threading
import time
import unittest

from factors_test import oathtool
from server_harness import ServerTest
from sign_in_test import WIDE

FAKETIME = next(iter(glob.glob("/usr/lib/*/faketime/libfaketime.so.1")), None)
MINUTE, HOUR, DAY = 60, 3600, 86400
LATE = 20 * MINUTE  # access tokens live for 15 minutes


@unittest.skipUnless(FAKETIME, "SKIPPED: faketime is not installed")
@unittest.skipIf(os.environ.get("ASAN_OPTIONS"), "a sanitizer has to be loaded before anything else")
class Jumps(ServerTest):
    def setUp(self):
        super().setUp()
        self.offset = self.home.write("offset", "+0")
        self.env = {**WIDE, "LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": self.offset, "FAKETIME_NO_CACHE": "1",
                    "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def jump(self, seconds):
        self.home.write("offset", f"{seconds:+d}")

    def login(self, server, user="ann"):
        return server.ask("POST", "/auth/login?mode=token", {"username": user, "password": self.PASSWORD})

    def verify(self, server, token):
        return server.ask("GET", "/auth/verify?permission=read:posts", headers=self.bearer(token)).status

    def refresh(self, server, token):
        return server.ask("POST", "/auth/refresh?mode=token", {"refresh_token": token})

    def is_itself_again(self, server):
        """It knows the store again without asking it; nobody wrote anything meanwhile."""
        end = time.monotonic() + 5
        while time.monotonic() < end:
            if server.ask("GET", "/.well-known/jwks.json").status == 200:
                return True
            time.sleep(0.05)
        return False

    def over_stays_over(self, jump):
        """What expired or was ended stays so, and a new sign-in works."""
        server = self.serve(env=self.env)
        ended, spent, left = (self.login(server).json for _ in range(3))
        self.assertEqual(server.ask("POST", "/auth/logout", headers=self.bearer(ended["access_token"])).status, 204)
        self.assertEqual(self.refresh(server, spent["refresh_token"]).status, 200)
        self.jump(LATE)
        self.assertEqual(self.verify(server, left["access_token"]), 401)
        self.assertEqual(self.login(server).status, 200)  # the log knows how late it was
        self.jump(LATE + jump)
        for session in (ended, spent, left):
            self.assertEqual(self.verify(server, session["access_token"]), 401)
        self.assertEqual(self.refresh(server, ended["refresh_token"]).status, 401)
        self.assertEqual(self.refresh(server, spent["refresh_token"]).status, 401)
        fresh = self.login(server)
        self.assertEqual(fresh.status, 200)
        self.assertEqual(self.verify(server, fresh.json["access_token"]), 204)
        self.assertEqual(self.refresh(server, fresh.json["refresh_token"]).status, 200)
        self.assertEqual(server.stop(), 0)
        # What the store knows of the time holds for the next server too.
        server = self.serve(env=self.env)
        self.assertEqual(self.verify(server, left["access_token"]), 401)
        self.assertEqual(self.verify(server, fresh.json["access_token"]), 204)
        self.assertEqual(server.stop(), 0)

    def test_a_day_back(self):
        self.over_stays_over(-DAY)

    def test_an_hour_back(self):
        self.over_stays_over(-HOUR)

    def test_ten_minutes_back(self):
        self.over_stays_over(-10 * MINUTE)

    def test_an_hour_on(self):
        self.over_stays_over(HOUR)

    def test_ten_years_on(self):
        self.over_stays_over(10 * 365 * DAY)

    def test_a_revoked_token_stays_so_after_a_jump_there_and_back(self):
        server = self.serve(env=self.env)
        token = self.login(server).json["access_token"]
        self.ok("token", "revoke", "-", stdin=token)
        for there in (HOUR, 10 * 365 * DAY):
            self.jump(there)
            for _ in range(10):  # each drops some of what is long over
                self.assertEqual(self.login(server).status, 200)
            time.sleep(0.3)
            self.jump(0)
            self.assertEqual(self.verify(server, token), 401)
            self.assertTrue(self.is_itself_again(server), there)

    def test_a_moment_of_a_clock_that_is_far_ahead_locks_nobody_out(self):
        server = self.serve(env=self.env)
        for ahead in (10 * MINUTE, 20 * HOUR):
            self.jump(ahead)
            self.verify(server, self.token())  # nothing is written down
            self.jump(0)
            session = self.login(server).json
            self.assertEqual(self.verify(server, session["access_token"]), 204, ahead)
            self.assertIn("counts", server.wait_for("clock.set_back"))
            again = self.refresh(server, session["refresh_token"])
            self.assertEqual(again.status, 200)
            self.assertEqual(self.verify(server, again.json["access_token"]), 204)
            self.assertEqual(self.verify(server, self.token()), 204)  # the command line has read the log's time

    def becomes(self, server, token, status):
        end = time.monotonic() + 5
        while self.verify(server, token) != status:
            self.assertLess(time.monotonic(), end, f"never {status}")
            time.sleep(0.02)

    def has_heard(self, server):
        """Of all that came before. One look of the server is seen a moment before its end; so a second is waited for."""
        token = self.token()
        for change, status in (("unassign", 403), ("assign", 204)) * 2:
            self.ok("role", change, "ann", "reader")
            self.becomes(server, token, status)

    def ends(self, server, token, env=None):
        self.ok("token", "revoke", "-", "--yes", stdin=token, env=env)
        self.becomes(server, token, 401)

    def test_a_revocation_counts_though_the_clock_was_ahead_for_a_moment(self):
        server = self.serve(env=self.env)
        self.jump(10 * MINUTE)
        self.verify(server, self.token())
        self.jump(0)
        self.ends(server, self.login(server).json["access_token"])
        self.ends(server, self.token())

    def test_a_revocation_counts_from_a_machine_whose_clock_is_wrong(self):
        server = self.serve(env=self.env)
        for seconds in (-5 * MINUTE, -HOUR, 30 * HOUR):
            env = {**self.env, "FAKETIME_TIMESTAMP_FILE": self.home.write("elsewhere", f"{seconds:+d}")}
            token = self.ok("token", "issue", "ann", "--ttl", "60h").out.strip()
            self.assertEqual(self.verify(server, token), 204)
            self.ends(server, token, env)
            self.assertEqual(self.expect(7, "token", "verify", "-", "--json", stdin=token).json["reason"], "revoked")

    def test_a_machine_far_ahead_ends_what_has_expired_for_it_alone(self):
        """Its clock is 30 hours on, and the tokens of today live for minutes."""
        self.ok("client", "create", "shop", "--redirect-uri", "https://shop.example/back")
        server = self.serve(env=self.env)
        env = {**self.env, "FAKETIME_TIMESTAMP_FILE": self.home.write("elsewhere", f"{30 * HOUR:+d}")}
        kid = self.ok("key", "list", "--use", "jwt", "-q").out.split()[0]
        newest = lambda: self.ok("session", "list", "--user", "ann", "-q").lines[0]
        for ends in (lambda token: ("token", "revoke", "--jti", self.expect(0, "token", "inspect", "-", "--json", stdin=token).json["claims"]["jti"]),
                     lambda token: ("token", "revoke", "--kid", kid, "--yes"),
                     lambda token: ("session", "revoke", newest())):
            tokens = [self.login(server).json["access_token"], self.token()]
            for token in tokens:
                self.becomes(server, token, 204)
            self.ok(*ends(tokens[0]), env=env)
            self.becomes(server, tokens[0], 401)
            self.assertEqual(self.expect(7, "token", "verify", "-", "--json", stdin=tokens[0]).json["reason"], "revoked")
            self.ok("token", "verify", "-", "-q", stdin=self.token())

    def test_what_was_ended_by_a_clock_far_ahead_lets_people_in_again(self):
        server = self.serve(env=self.env)
        before = self.login(server).json
        env = {**self.env, "FAKETIME_TIMESTAMP_FILE": self.home.write("elsewhere", f"{30 * HOUR:+d}")}
        ahead = self.ok("token", "issue", "ann", env=env).out.strip()
        self.ok("token", "revoke", "--user", "ann", "--yes", env=env)
        self.becomes(server, before["access_token"], 401)
        self.assertEqual(self.refresh(server, before["refresh_token"]).status, 401)
        after = self.login(server).json
        self.becomes(server, after["access_token"], 204)
        self.assertEqual(self.refresh(server, after["refresh_token"]).status, 200)
        self.assertEqual(self.verify(server, before["access_token"]), 401)
        self.assertEqual(self.expect(7, "token", "verify", "-", "--json", stdin=ahead, env=env).json["reason"], "revoked")

    def test_a_running_server_takes_no_token_of_a_clock_ahead_that_was_ended(self):
        server = self.serve(env=self.env)
        env = {**self.env, "FAKETIME_TIMESTAMP_FILE": self.home.write("elsewhere", f"{30 * HOUR:+d}")}
        ahead = self.ok("token", "issue", "ann", "--ttl", "60h", env=env).out.strip()
        self.home.write("elsewhere", f"{30 * HOUR + MINUTE:+d}")
        self.ok("user", "password", "ann", "--password-stdin", stdin="wild goose over marsh 77\n", env=env)
        self.has_heard(server)
        self.jump(31 * HOUR)
        self.assertEqual(self.verify(server, ahead), 401)
        self.assertEqual(self.expect(7, "token", "verify", "-", "--json", stdin=ahead, env=env).json["reason"], "revoked")

    def test_a_token_of_a_clock_ahead_ends_with_what_ends_all(self):
        env = {**self.env, "FAKETIME_TIMESTAMP_FILE": self.home.write("elsewhere", f"{30 * HOUR:+d}")}
        for ends in ((("user", "password", "ann", "--password-stdin"),), (("user", "disable", "ann"), ("user", "enable", "ann"))):
            token = self.ok("token", "issue", "ann", "--ttl", "60h", env=env).out.strip()
            for command in ends:
                self.ok(*command, stdin=self.PASSWORD)
            self.assertEqual(self.expect(7, "token", "verify", "-", "--json", stdin=token, env=env).json["reason"], "revoked")
            self.ok("role", "create", ends[0][1])  # the log's time is that of the right clock again
        server = self.serve(env=self.env)
        token = self.ok("token", "issue", "ann", "--ttl", "60h", env=env).out.strip()
        own = self.login(server).json["access_token"]
        self.becomes(server, own, 204)
        self.ok("user", "password", "ann", "--password-stdin", stdin=self.PASSWORD)
        self.becomes(server, own, 401)
        self.has_heard(server)
        self.jump(30 * HOUR + MINUTE)
        self.assertEqual(self.verify(server, token), 401)

    def test_a_clock_far_behind_ends_what_others_have_issued(self):
        env = {**self.env, "FAKETIME_TIMESTAMP_FILE": self.home.write("elsewhere", f"{-30 * HOUR:+d}")}
        server = self.serve(env=self.env)
        kid = self.ok("key", "list", "--use", "jwt", "-q").out.split()[0]
        for ends in ((("user", "password", "ann", "--password-stdin"),), (("user", "disable", "ann"), ("user", "enable", "ann")),
                     (("token", "revoke", "--user", "ann", "--yes"),), (("token", "revoke", "--kid", kid, "--yes"),)):
            token = self.token()
            self.becomes(server, token, 204)
            for command in ends:
                self.ok(*command, stdin=self.PASSWORD, env=env)
            self.becomes(server, token, 401)
            self.assertEqual(self.expect(7, "token", "verify", "-", "--json", stdin=token).json["reason"], "revoked")

    def test_sign_ins_at_once_after_a_clock_that_was_far_ahead(self):
        env = {**self.env, "FAKETIME_TIMESTAMP_FILE": self.home.write("elsewhere", f"{30 * HOUR:+d}")}
        server = self.serve(env=self.env)
        for i in range(8):
            self.ok("user", "password", "ann", "--password-stdin", stdin=self.PASSWORD, env=env)
            self.ok("role", "create", f"now-{i}")
            answers = []
            sign_ins = [threading.Thread(target=lambda: answers.append(self.login(server))) for _ in range(2)]
            for one in sign_ins:
                one.start()
            for one in sign_ins:
                one.join()
            self.assertEqual([one.status for one in answers], [200, 200])
            self.assertEqual(len(self.ok("session", "list", "--user", "ann", "--json").json), 2)
            for one in answers:
                self.assertEqual(self.refresh(server, one.json["refresh_token"]).status, 200)
        # Also where the time of the log stands still.
        self.ok("user", "password", "ann", "--password-stdin", stdin=self.PASSWORD, env=env)
        self.ok("role", "create", "now")
        self.ok("role", "create", "later", env={**self.env, "FAKETIME_TIMESTAMP_FILE": self.home.write("elsewhere", f"{10 * MINUTE:+d}")})
        self.assertEqual(self.refresh(server, self.login(server).json["refresh_token"]).status, 200)

    def test_what_was_ended_stays_so_while_the_time_of_the_log_stands_still(self):
        env = {**self.env, "FAKETIME_TIMESTAMP_FILE": self.home.write("elsewhere", f"{20 * MINUTE:+d}")}
        self.ok("role", "create", "zed", env=env)  # the log is ahead of every clock for twenty minutes
        token = self.token()
        self.ok("user", "disable", "ann", "--yes")
        self.ok("user", "enable", "ann")
        self.assertEqual(self.expect(7, "token", "verify", "-", "--json", stdin=token).json["reason"], "revoked")
        token = self.token()
        self.ok("token", "verify", "-", "-q", stdin=token)
        self.ok("user", "password", "ann", "--password-stdin", stdin="wild goose over marsh 77\n")
        self.assertEqual(self.expect(7, "token", "verify", "-", "--json", stdin=token).json["reason"], "revoked")

    def test_a_key_s_tokens_end_up_to_now_while_the_time_of_the_log_stands_still(self):
        server = self.serve(env=self.env)
        env = {**self.env, "FAKETIME_TIMESTAMP_FILE": self.home.write("elsewhere", f"{20 * MINUTE:+d}")}
        self.ok("role", "create", "zed", env=env)
        kid = self.ok("key", "list", "--use", "jwt", "-q").out.split()[0]
        for _ in range(3):
            before = self.token()
            self.becomes(server, before, 204)
            self.ok("token", "revoke", "--kid", kid, "--yes")
            self.becomes(server, before, 401)
            self.assertEqual(self.expect(7, "token", "verify", "-", "--json", stdin=before).json["reason"], "revoked")
            after = self.token()
            self.becomes(server, after, 204)
            self.ok("token", "verify", "-", "-q", stdin=after)

    def test_a_code_works_once_whatever_the_clock_says(self):
        self.ok("user", "create", "bob", "--password-stdin", stdin=self.PASSWORD + "\n")
        secret = self.ok("totp", "enroll", "bob", "--json").json["secret"]
        self.ok("totp", "confirm", "bob", "--code-stdin", stdin=oathtool(secret, "--totp=SHA1", "--now", "now - 60 seconds"), env={**self.env, "FAKETIME_TIMESTAMP_FILE": self.home.write("past", "-60")})
        server = self.serve(env=self.env)
        answer = lambda code: server.ask("POST", "/auth/mfa/verify", {"mfa_token": self.login(server, "bob").json["mfa_token"], "code": code}).status
        code = oathtool(secret, "--totp=SHA1")
        self.assertEqual(answer(code), 200)
        for jump in (-HOUR, HOUR, 0):
            self.jump(jump)
            self.assertEqual(answer(code), 401, jump)


if __name__ == "__main__":
    unittest.main(verbosity=2)
