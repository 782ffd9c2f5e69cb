"""What the command line changes holds in the running server: at once, with no restart and no lost request."""
import json
import sys
import threading
import time
import unittest

from harness import needs_postgresql, own_database, psql
from server_harness import ServerTest

PROMISED = 0.1  # seconds, from the end of the command
ATTEMPTS = 4    # a machine that is busy elsewhere may be late now and then, not each time


class Obeys(ServerTest):
    def status(self, server, token, query="", client=None):
        return server.ask("GET", "/auth/verify" + query, headers=self.bearer(token), client=client).status

    def holds_at_once(self, server, prepare):
        """`prepare` gives (token, query, command that was just run -> expected status)."""
        delays = []
        for attempt in range(ATTEMPTS):
            token, query, before, command, after = prepare(attempt)
            client = server.client()
            for _ in range(3):
                self.assertEqual(self.status(server, token, query, client), before)
            self.ok(*command)
            done = time.monotonic()
            while self.status(server, token, query, client) != after:
                self.assertLess(time.monotonic() - done, 10, command)
            delays.append(time.monotonic() - done)
            client.close()
            if delays[-1] < PROMISED:
                print(f"{' '.join(command[:2])}: held after {delays[-1] * 1000:.1f} ms", file=sys.stderr)
                return delays[-1]
        self.fail(f"{command} took {delays}")

    def test_a_revoked_role_a_disabled_user_and_a_revoked_token(self):
        server = self.serve()

        def granted(_):
            return self.token(), "?permission=edit:posts", 403, ("role", "grant", "reader", "edit:posts"), 204

        def ungranted(attempt):
            self.ok("role", "grant", "reader", f"more:{attempt}")
            time.sleep(0.2)
            return self.token(), f"?permission=more:{attempt}", 204, ("role", "revoke", "reader", f"more:{attempt}"), 403

        def unassigned(attempt):
            self.ok("role", "assign", "ann", "reader")
            time.sleep(0.2)
            return self.token(), "?permission=read:posts", 204, ("role", "unassign", "ann", "reader"), 403

        def revoked(_):
            token = self.token()
            jti = self.ok("token", "inspect", "-", "--json", stdin=token).json["claims"]["jti"]
            return token, "", 204, ("token", "revoke", "--jti", jti), 401

        def disabled(attempt):
            name = f"bob{attempt}"
            self.ok("user", "create", name)
            return self.token(name), "", 204, ("user", "disable", name), 401

        def all_of_user(_):
            time.sleep(1.1)  # not in the second of the last one
            return self.token(), "", 204, ("token", "revoke", "--user", "ann", "--yes"), 401

        for change in (granted, ungranted, unassigned, revoked, disabled, all_of_user):
            with self.subTest(change.__name__):
                self.holds_at_once(server, change)

    def test_a_revoked_key(self):
        server = self.serve()

        def revoked(_):
            kid = self.ok("key", "list", "--use", "jwt", "--json").json
            active = [key["kid"] for key in kid if key["state"] == "active"][0]
            token = self.token()
            self.ok("key", "rotate", "--use", "jwt")
            return token, "", 204, ("key", "revoke", active, "--yes"), 401

        self.holds_at_once(server, revoked)
        kids = [key["kid"] for key in server.ask("GET", "/.well-known/jwks.json").json["keys"]]
        self.assertEqual(len(kids), 1)

    def test_an_emergency_rotation(self):
        server = self.serve()
        self.holds_at_once(server, lambda _: (self.token(), "", 204,
                                              ("key", "rotate", "--use", "jwt", "--emergency", "--yes"), 401))

    def test_a_token_under_a_key_of_this_very_moment_is_known(self):
        server = self.serve()
        for _ in range(3):
            self.ok("key", "rotate", "--use", "jwt")
            self.assertEqual(self.status(server, self.token()), 204)

    def test_another_key_under_the_same_id(self):
        files, force = [], ("--force", "--yes", "--reason", "test")
        for name in ("first", "second"):
            kid = self.ok("key", "generate", "--use", "jwt", "-q").out.strip()
            key = self.ok("key", "export", kid, "--private", "--format", "jwk").json
            files.append(self.home.write(name, json.dumps({**key, "kid": "shared"})))
            self.ok("key", "delete", kid, *force)
        server = self.serve()
        for number, file in enumerate(files):
            self.ok("key", "import", file, "--use", "jwt")
            self.ok("key", "promote", "shared", *force)
            token = self.login(server).json["access_token"]
            self.ok("token", "verify", "-", "-q", stdin=token)
            self.assertEqual(self.status(server, token), 204)
            if number == 0:
                self.ok("key", "rotate", "--use", "jwt")
                self.ok("key", "revoke", "shared", "--yes")
                self.ok("key", "delete", "shared", *force)

    def login(self, server, password=ServerTest.PASSWORD):
        return server.ask("POST", "/auth/login?mode=token", {"username": "ann", "password": password})

    def test_an_ended_session_and_a_lock_that_is_cleared(self):
        server = self.serve(env={"AUTHCTL_LIMIT_LOGIN": "1000/1m", "AUTHCTL_PASSWORD_MEMORY_KIB": "19456",
                                 "AUTHCTL_LOCKOUT_BASE": "15m"})

        def ended(_):
            token = self.login(server).json["access_token"]
            session = server.ask("GET", "/auth/me", headers=self.bearer(token)).json["session"]
            return token, "", 204, ("session", "revoke", session if isinstance(session, str) else session["id"]), 401

        self.holds_at_once(server, ended)
        for _ in range(3):
            self.assertEqual(self.login(server, "a wrong pass phrase").status, 401)
        self.assertEqual(self.login(server).status, 401)
        self.ok("lockout", "clear", "ann")
        self.ok("lockout", "clear", "127.0.0.1")
        self.assertEqual(self.login(server).status, 200)

    def test_while_the_command_line_is_busy_no_request_is_lost(self):
        server = self.serve()
        token, stop, answers = self.token(), threading.Event(), []

        def ask():
            client = server.client()
            while not stop.is_set():
                answers.append(self.status(server, token, "?permission=read:posts", client))

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for round_ in range(3):
            self.ok("key", "rotate", "--use", "jwt")
            self.ok("role", "grant", "reader", f"p:{round_}")
            self.ok("user", "create", f"u{round_}")
            server.signal(1)  # SIGHUP
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(set(answers), {204})
        self.assertEqual(server.stop(), 0)


@needs_postgresql
class ObeysOnPostgresql(Obeys):
    """The same promise where the store is a server's."""

    def make_home(self):
        home = super().make_home()
        home.env["AUTHCTL_STORE"] = own_database(self)
        return home

    def test_a_database_that_went_away_is_found_again(self):
        server = self.serve(env={"AUTHCTL_LIMIT_LOGIN": "1000/1m", "AUTHCTL_PASSWORD_MEMORY_KIB": "19456"})
        token = self.login(server).json["access_token"]
        for _ in range(2):
            self.assertEqual(self.status(server, token), 204)
            seen = len(server.events())
            psql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self.home.env['AUTHCTL_STORE'].rsplit('/', 1)[1]}'")
            self.assertEqual(self.status(server, token), 204)  # what is known is answered meanwhile
            server.wait_for("store.back", from_line=seen)
            self.assertEqual(server.ask("GET", "/readyz").status, 200)
            self.assertEqual(self.login(server).status, 200)
            self.assertEqual(server.ask("GET", "/auth/me", headers=self.bearer(token)).status, 200)

        def disabled(_):
            self.ok("user", "enable", "ann")
            return self.login(server).json["access_token"], "", 204, ("user", "disable", "ann"), 401

        self.holds_at_once(server, disabled)


if __name__ == "__main__":
    unittest.main(verbosity=2)
