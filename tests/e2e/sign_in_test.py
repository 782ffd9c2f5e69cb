"""Signing in, staying signed in and leaving, over HTTP: every row of the table with its error answers."""
import json
import os
import threading
import time
import unittest

from server_harness import ServerTest

WIDE = {"AUTHCTL_LIMIT_LOGIN": "1000/1m", "AUTHCTL_LIMIT_REFRESH": "1000/1m", "AUTHCTL_LIMIT_MFA": "1000/1m",
        "AUTHCTL_LIMIT_RESET": "1000/1m", "AUTHCTL_LIMIT_REGISTER": "1000/1m",
        "AUTHCTL_PASSWORD_MEMORY_KIB": "19456", "AUTHCTL_PASSWORD_PASSES": "2"}
ORIGIN = "https://localhost:8443"
COOKIES = ("__Host-authctl_access", "__Secure-authctl_refresh", "__Host-authctl_csrf")


class Browser:
    """A cookie jar with the CSRF token put where a page's script would put it."""

    def __init__(self, server):
        self.server, self.jar, self.raw = server, {}, {}

    def ask(self, method, path, body=None, headers=None, csrf=True):
        sent = dict(headers or {})
        if self.jar:
            sent.setdefault("Cookie", "; ".join(f"{name}={value}" for name, value in self.jar.items()))
        if csrf and "__Host-authctl_csrf" in self.jar:
            sent.setdefault("X-CSRF-Token", self.jar["__Host-authctl_csrf"])
        answer = self.server.ask(method, path, body, sent)
        for name, value in answer.all_headers:
            if name.lower() == "set-cookie":
                pair = value.split(";")[0]
                key, _, content = pair.partition("=")
                self.raw[key] = value
                if "Max-Age=0" in value:
                    self.jar.pop(key, None)
                else:
                    self.jar[key] = content
        return answer

    def login(self, username="ann", password=ServerTest.PASSWORD, **more):
        return self.ask("POST", "/auth/login", {"username": username, "password": password, **more})


class SignIn(ServerTest):
    def setUp(self):
        super().setUp()
        self.server = self.serve(env=WIDE)
        self.browser = Browser(self.server)

    def sign_in(self, **more):
        answer = self.browser.login(**more)
        self.assertEqual(answer.status, 200, answer)
        return answer

    def api(self, user="ann", password=ServerTest.PASSWORD):
        answer = self.server.ask("POST", "/auth/login?mode=token", {"username": user, "password": password})
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def refused(self, answer, status, text):
        self.assertEqual((answer.status, answer.json), (status, {"error": text}), answer)
        for name in ("strict-transport-security", "x-content-type-options", "x-frame-options", "referrer-policy"):
            self.assertIn(name, answer.headers)

    def actions(self, action=None):
        return [one for one in self.ok("audit", "query", "--json").json if action in (None, one["action"])]


    def mailing(self, **more):
        mail = self.home.path("mail.jsonl")
        program = self.home.write("mail", f"#!/bin/sh\ncat >>{mail}\n")
        os.chmod(program, 0o700)
        return self.serve(env={**WIDE, "AUTHCTL_MAIL_COMMAND": program, **more}), mail

    def mails(self, path, count, seconds=5):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = []
            if os.path.exists(path):
                with open(path) as lines:
                    found = [json.loads(line) for line in lines]
            if len(found) >= count:
                return found
            time.sleep(0.02)
        return found


class Login(SignIn):
    def test_cookies_are_as_promised(self):
        answer = self.sign_in()
        self.assertEqual(set(answer.json), {"user", "expires_in"})
        self.assertEqual(set(answer.json["user"]), {"id", "name", "email", "roles"})
        self.assertEqual((answer.json["user"]["name"], answer.json["user"]["roles"], answer.json["expires_in"]),
                         ("ann", ["reader"], 900))
        self.assertEqual(answer.headers["cache-control"], "no-store")
        self.assertEqual(set(self.browser.raw), set(COOKIES))
        for name, raw in self.browser.raw.items():
            parts = [part.strip() for part in raw.split(";")[1:]]
            self.assertIn("Secure", parts)
            self.assertIn("SameSite=Strict", parts)
            self.assertIn("Path=/auth" if "refresh" in name else "Path=/", parts)
            self.assertEqual("HttpOnly" in parts, "csrf" not in name)
            self.assertFalse([part for part in parts if part.startswith(("Domain", "Max-Age", "Expires"))])

    def test_a_remembered_session_is_kept_by_the_browser(self):
        self.sign_in(remember_me=True)
        self.assertIn("Max-Age=604800", self.browser.raw["__Secure-authctl_refresh"])
        self.assertIn("Max-Age=900", self.browser.raw["__Host-authctl_access"])
        session = self.ok("session", "list", "--json").json[0]
        self.assertTrue(session["remember_me"])

    def test_an_api_client_has_its_tokens_in_the_body(self):
        answer = self.server.ask("POST", "/auth/login?mode=token", {"username": "ann", "password": self.PASSWORD})
        self.assertEqual(set(answer.json), {"access_token", "refresh_token", "token_type", "expires_in"})
        self.assertEqual(answer.json["token_type"], "Bearer")
        self.assertNotIn("set-cookie", answer.headers)
        self.assertEqual(answer.headers["cache-control"], "no-store")
        me = self.server.ask("GET", "/auth/me", headers=self.bearer(answer.json["access_token"]))
        self.assertEqual(me.json["session"]["door"], "token")
        verdict = self.ok("token", "verify", "-", "--json", stdin=answer.json["access_token"]).json
        self.assertEqual(verdict["claims"]["sid"], me.json["session"]["id"])

    def test_name_and_email_sign_in_whatever_their_case(self):
        for name in ("ann", "ANN", "ann@example.com", "Ann@Example.COM"):
            self.assertEqual(Browser(self.server).login(name).status, 200, name)

    def people(self):
        """One of each kind that a sign-in refuses, with an e-mail that signs in as well."""
        def make(name, *options, password=self.PASSWORD):
            self.ok("user", "create", name, "--email", name + "@example.com", *options,
                    *(["--password-stdin"] if password else []), stdin=password)

        def enroll(name):
            return self.ok("totp", "enroll", name, "--json").json["secret"]

        def confirm(name, secret):
            now = str(int(time.time()))
            code = self.ok("totp", "code", "--secret-file", self.home.write("of-" + name, secret), "--now", now).out.strip()
            self.ok("totp", "confirm", name, "--code-stdin", stdin=code)

        make("nopass", password="")
        make("off", "--disabled")
        for name in "factor", "waiting", "factor-off", "stuck":
            make(name)
        for name in "factor", "factor-off":
            confirm(name, enroll(name))
        enroll("waiting")
        self.ok("user", "disable", "factor-off")
        self.ok("backup-code", "generate", "stuck")
        for _ in range(3):
            self.expect(4, "backup-code", "verify", "stuck", "--code-stdin", stdin="aaaa-bbbb-cccc-dddd", env={"AUTHCTL_LOCKOUT_BASE": "15m"})
        self.ok("user", "import", "-", stdin="".join(
            json.dumps({"name": name, "email": name + "@example.com", "password_hash": hashed, "status": status}) + "\n"
            for name, hashed, status in (("moved", "$2b$04$AJSKHiEheHgDD.UeJZA.ZuGoV0UYJwDJXQKgR0lqmw76WvH2ycDdW", "active"),
                                         ("moved-off", "pbkdf2:sha256:1000$salt$" + "0" * 64, "disabled"))))

    def test_whatever_is_wrong_the_answer_is_the_same(self):
        self.people()
        server = self.serve("--behind-proxy", "127.0.0.1/32", env={**WIDE, "AUTHCTL_LOCKOUT_BASE": "15m"})
        right = self.PASSWORD
        rows = (("ann", "wrong", "wrong_password"), ("nobody", right, "unknown_user"), ("nopass", right, "no_password"),
                ("off", right, "disabled"), ("off", "wrong", "disabled"), ("factor", "wrong", "wrong_password"),
                ("waiting", "wrong", "wrong_password"), ("factor-off", right, "disabled"), ("factor-off", "wrong", "disabled"),
                ("stuck", right, "locked"), ("stuck", "wrong", "locked"), ("moved", right, "wrong_password"),
                ("moved", "k" * 73, "wrong_password"), ("moved-off", right, "disabled"), ("ann\u00a0", right, "unknown_user"))
        rows += tuple((name + "@example.com", password, why) for name, password, why in rows[:14])
        seen, failed = set(), {}
        for i, (name, password, why) in enumerate(rows):  # each from an address of its own, that no other row locks
            account = name.removesuffix("@example.com")
            if failed.get(account) == 2:  # the third would lead to a lock
                self.ok("lockout", "clear", account)
            failed[account] = failed.get(account, 0) % 2 + (why not in ("locked", "unknown_user"))
            answer = server.ask("POST", "/auth/login", {"username": name, "password": password},
                                {"X-Forwarded-For": f"192.0.2.{i}", "X-Forwarded-Proto": "https"})
            self.refused(answer, 401, "Invalid credentials")
            self.assertNotIn("set-cookie", answer.headers)
            seen.add(tuple((field, value) for field, value in answer.all_headers if field.lower() != "date"))
            denied = self.ok("audit", "query", "--action", "auth.login", "--limit", "1", "--reveal", "--json").json[0]
            self.assertEqual((denied["ip"], denied["detail"]["refusal"]), (f"192.0.2.{i}", why), name)
        self.assertEqual(len(seen), 1, seen)

    def test_a_lock_answers_as_a_wrong_password_does(self):
        server = self.serve(env={**WIDE, "AUTHCTL_LOCKOUT_BASE": "6s"})

        def login(password):
            return server.ask("POST", "/auth/login", {"username": "ann", "password": password})

        for _ in range(3):
            login("wrong")
        self.refused(login(ServerTest.PASSWORD), 401, "Invalid credentials")
        time.sleep(6.2)
        self.assertEqual(login(ServerTest.PASSWORD).status, 200)

    def test_bodies_that_do_not_suit(self):
        ask = self.server.ask
        self.refused(ask("POST", "/auth/login", "{", {"Content-Type": "application/json"}), 400, "Malformed request")
        self.refused(ask("POST", "/auth/login", "[]", {"Content-Type": "application/json"}), 400, "Malformed request")
        self.refused(ask("POST", "/auth/login", "x", {"Content-Type": "text/plain"}), 415, "Unsupported media type")
        for body in ({}, {"username": "ann"}, {"username": 1, "password": "x"}, {"username": "ann", "password": ""},
                     {"username": "a" * 400, "password": "x"}, {"username": "ann\0", "password": "x"},
                     {"username": "ann", "password": "x" * 1025},
                     {"username": "ann", "password": "x", "remember_me": "yes"}):
            self.refused(ask("POST", "/auth/login", body), 422, "Validation failed")
        for coding, status in (("gzip", 415), ("GZIP", 415), ("identity, br", 415), ("utf-8", 415), ("identity", 401), ("", 401)):
            answer = ask("POST", "/auth/login", {"username": "nobody", "password": "x"}, {"Content-Encoding": coding})
            self.assertEqual((answer.status, answer.headers.get("accept-encoding")), (status, "identity" if status == 415 else None), coding)
        self.assertEqual(ask("GET", "/healthz", headers={"Content-Encoding": "gzip"}).status, 200)  # there is no content
        self.assertEqual(ask("GET", "/auth/login").status, 405)
        self.assertEqual(ask("POST", "/auth/login", {"username": "ann", "password": "x" * 70000}).status, 413)

    def test_a_sign_in_gives_another_session_and_ends_the_one_before(self):
        self.sign_in()
        before = dict(self.browser.jar)
        first = self.browser.ask("GET", "/auth/me").json["session"]["id"]
        self.sign_in()
        self.assertNotEqual(self.browser.ask("GET", "/auth/me").json["session"]["id"], first)
        old = Browser(self.server)
        old.jar = before
        self.assertEqual(old.ask("GET", "/auth/me").status, 401)
        self.assertEqual(old.ask("POST", "/auth/refresh").status, 401)
        self.assertEqual(self.ok("session", "show", first, "--json").json["end_reason"], "signed_in_again")

    def test_a_browser_that_was_sent_from_elsewhere_signs_nobody_in(self):
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
                        {"Sec-Fetch-Site": "same-site"}):
            answer = self.browser.ask("POST", "/auth/login", {"username": "ann", "password": self.PASSWORD}, headers)
            self.refused(answer, 403, "CSRF validation failed")
        self.assertEqual(self.browser.ask("POST", "/auth/login", {"username": "ann", "password": self.PASSWORD},
                                          {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}).status, 200)

    def test_a_form_needs_the_token_of_a_page_of_ours(self):
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        body = "username=ann&password=" + self.PASSWORD.replace(" ", "+")
        self.refused(self.browser.ask("POST", "/auth/login", body, form), 403, "CSRF validation failed")
        token = self.browser.ask("GET", "/auth/csrf").json["csrf_token"]
        self.refused(self.browser.ask("POST", "/auth/login", body + "&csrf_token=" + token[:-1], form, csrf=False),
                     403, "CSRF validation failed")
        before = dict(self.browser.jar)
        answer = self.browser.ask("POST", "/auth/login", body + "&csrf_token=" + token, form, csrf=False)
        self.assertEqual(answer.status, 200, answer)
        self.assertNotEqual(before["__Host-authctl_csrf"], self.browser.jar["__Host-authctl_csrf"])
        self.refused(self.browser.ask("POST", "/auth/logout", headers={"X-CSRF-Token": token}), 403,
                     "CSRF validation failed")

    def test_the_cookie_and_the_token_are_the_same_before_and_after_a_sign_in(self):
        answer = self.browser.ask("GET", "/auth/csrf")
        self.assertEqual(self.browser.jar["__Host-authctl_csrf"], answer.json["csrf_token"])
        other_tab = self.browser.ask("GET", "/auth/csrf")
        self.assertEqual(other_tab.json, answer.json)
        forged = Browser(self.server)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        body = "username=ann&password=" + self.PASSWORD.replace(" ", "+")
        for value in ("x.y", "made-up", answer.json["csrf_token"][:-1] + "_", answer.json["csrf_token"].split(".")[1]):
            forged.jar = {"__Host-authctl_csrf": value}  # whoever can plant a cookie cannot make one
            self.refused(forged.ask("POST", "/auth/login", body, form), 403, "CSRF validation failed")
        self.assertEqual(self.browser.ask("POST", "/auth/login", body, form).status, 200)
        self.assertNotEqual(self.browser.jar["__Host-authctl_csrf"], answer.json["csrf_token"])
        self.assertEqual(self.browser.ask("GET", "/auth/csrf").json["csrf_token"], self.browser.jar["__Host-authctl_csrf"])

    def test_cookies_of_a_session_that_lives_need_its_token_at_every_door(self):
        self.sign_in()
        tokens = self.api()
        doors = {"/auth/login": {"username": "ann", "password": self.PASSWORD}, "/auth/register": {"username": "bob"},
                 "/auth/mfa/verify": {"mfa_token": "x", "code": "y"}, "/auth/password/reset": {"email": "ann@example.com"},
                 "/auth/password/reset/confirm": {"token": "x", "new_password": "y"},
                 "/auth/refresh": {"refresh_token": tokens["refresh_token"]}, "/auth/logout": {},
                 "/auth/password": {"current_password": "x", "new_password": "y"}}
        for cookies in (COOKIES, COOKIES[:1], COOKIES[1:2]):
            jar = {name: self.browser.jar[name] for name in cookies}
            for path, body in doors.items():
                if path == "/auth/password" and COOKIES[0] not in jar:
                    continue
                for headers in ({}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": self.browser.jar["__Host-authctl_csrf"], "Origin": "https://evil.example"}):
                    forged = Browser(self.server)
                    forged.jar = dict(jar)
                    self.refused(forged.ask("POST", path, body, headers, csrf=False), 403, "CSRF validation failed")
        self.assertEqual(self.browser.ask("GET", "/auth/me").status, 200)
        self.assertEqual(self.server.ask("POST", "/auth/refresh", doors["/auth/refresh"]).status, 200)  # not used up
        self.sign_in()  # with its token
        # what a program puts in itself needs none, whatever cookies come along
        headers = {**self.bearer(tokens["access_token"]), "Cookie": "; ".join(f"{k}={v}" for k, v in self.browser.jar.items())}
        self.assertEqual(self.server.ask("POST", "/auth/logout", headers=headers).status, 204)
        self.assertEqual(self.browser.ask("GET", "/auth/me").status, 200)

    def test_cookies_of_a_session_that_is_over_are_no_obstacle(self):
        self.sign_in()
        self.ok("session", "revoke", "--user", "ann")
        stale = dict(self.browser.jar)
        for jar in (stale, {name: "garbage" for name in COOKIES}, {COOKIES[0]: stale[COOKIES[0]]}, {COOKIES[2]: "x"}):
            for csrf in (True, False):
                browser = Browser(self.server)
                browser.jar = dict(jar)
                answer = browser.ask("POST", "/auth/login", {"username": "ann", "password": self.PASSWORD}, csrf=csrf)
                self.assertEqual(answer.status, 200, jar)
                self.assertEqual(browser.ask("GET", "/auth/me").status, 200)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        self.browser.jar = dict(stale)
        self.browser.ask("GET", "/auth/csrf")
        answer = self.browser.ask("POST", "/auth/login", "username=ann&password=" + self.PASSWORD.replace(" ", "+"), form)
        self.assertEqual(answer.status, 200)

    def test_a_mode_that_is_none_is_refused_before_anything_is_done(self):
        tokens = self.api()
        before = len(self.ok("session", "list", "--json").json)
        for query in ("?mode=token&mode=token", "?mode=cookie", "?mode=", "?mode=TOKEN", "?mode=%74%6f%6b%65%6", "?mode"):
            for path, body in (("/auth/login", {"username": "ann", "password": self.PASSWORD}),
                               ("/auth/mfa/verify", {"mfa_token": "x", "code": "y"}),
                               ("/auth/refresh", {"refresh_token": tokens["refresh_token"]})):
                answer = self.server.ask("POST", path + query, body)
                self.refused(answer, 422, "Validation failed")
                self.assertNotIn("set-cookie", answer.headers)
        self.assertEqual(len(self.ok("session", "list", "--json").json), before)
        self.assertEqual(len(self.actions("auth.login")), 1)
        self.assertEqual(self.server.ask("POST", "/auth/refresh", {"refresh_token": tokens["refresh_token"]}).status, 200)

    def test_refusals_are_summed_up_when_their_minute_is_over_and_when_the_server_ends(self):
        server = self.serve(env={**WIDE, "AUTHCTL_LIMIT_LOGIN": "5/1m"})
        answers = [server.ask("POST", "/auth/login", {"username": f"user{i}", "password": "x"}) for i in range(40)]
        self.assertEqual({one.status for one in answers}, {401, 429})
        self.assertEqual(server.stop(), 0)
        entries = [one for one in self.actions("auth.login") if one["outcome"] == "denied"]
        counts = [one["detail"]["count"] for one in entries if "count" in one["detail"]]
        self.assertEqual(len(entries) - len(counts) + sum(counts), 40)
        self.assertTrue(counts)
        self.assertEqual({one["actor"] for one in entries if "count" in one["detail"]}, {"anonymous"})

    def test_a_password_that_must_be_changed_is_changed_first(self):
        self.ok("user", "password", "ann", "--must-change")
        answer = self.browser.login()
        self.assertEqual(set(answer.json), {"requires_password_change", "reset_token"})
        self.assertEqual(self.browser.jar, {})
        wanted = "another long and lively phrase"
        confirm = lambda password: self.server.ask("POST", "/auth/password/reset/confirm", {
            "token": answer.json["reset_token"], "new_password": password})
        kept = confirm(self.PASSWORD)
        self.assertEqual((kept.status, kept.json["error"]), (422, "the password is refused: it is the one that has to be changed"))
        self.assertEqual(confirm(wanted).status, 204)
        self.sign_in(password=wanted)
        self.ok("user", "password", "ann", "--must-change")
        for password, status in ((wanted, 422), (self.PASSWORD, 200)):
            answer = self.browser.ask("POST", "/auth/password", {"current_password": wanted, "new_password": password})
            self.assertEqual(answer.status, status)

    def test_roles_that_no_cookie_has_room_for_are_left_out_of_the_token_alone(self):
        names = sorted(f"{'r' * 34}{i:03}" for i in range(120))
        for name in names:
            self.ok("role", "create", name)
        self.ok("role", "assign", "ann", *names)
        answer = self.browser.login()
        self.assertEqual(answer.status, 200)
        self.assertEqual([name for name in answer.json["user"]["roles"] if name in names], names)
        token = self.browser.jar[COOKIES[0]]
        self.assertLess(len(COOKIES[0]) + len(token), 4096)
        self.assertEqual(self.ok("token", "verify", "-", "--json", stdin=token).json["claims"]["roles"], [])
        self.assertEqual(set(names) - set(self.browser.ask("GET", "/auth/me").json["roles"]), set())

    def test_a_change_of_password_under_way_overrides_nothing_that_was_done_meanwhile(self):
        other = "a third and still longer phrase"
        for done, opens in ((("user", "password", "ann", "--password-stdin"), other), (("session", "revoke", "--user", "ann"), self.PASSWORD),
                            (("token", "revoke", "--user", "ann", "--yes"), self.PASSWORD), (("user", "disable", "ann"), self.PASSWORD)):
            with self.subTest(done):
                server = self.serve(env=WIDE)
                token = self.login_at(server, self.PASSWORD).json["access_token"]
                self.assertEqual(server.stop(), 0)
                # The new hash takes a second or more, the one that is there does not.
                server = self.serve(env={**WIDE, "AUTHCTL_PASSWORD_MEMORY_KIB": "262144", "AUTHCTL_PASSWORD_PASSES": "8"})
                before = len(self.actions("auth.login"))
                answers = []
                asking = threading.Thread(target=lambda: answers.append(server.ask(
                    "POST", "/auth/password", {"current_password": self.PASSWORD, "new_password": "the thief has a phrase too"}, self.bearer(token))))
                asking.start()
                while len(self.actions("auth.login")) == before:
                    time.sleep(0.01)
                self.ok(*done, stdin=other, env=WIDE)
                self.assertEqual(answers, [])
                asking.join()
                self.assertEqual(answers[0].status, 401)
                self.assertEqual(server.stop(), 0)
                self.assertIn({"door": "password", "refusal": "disabled" if done[1] == "disable" else "signed_out"},
                              [one["detail"] for one in self.actions("auth.login") if one["outcome"] == "denied"])
                self.ok("user", "enable", "ann")
                self.assertEqual(self.ok("session", "list", "--user", "ann", "--json").json, [])
                server = self.serve(env=WIDE)
                self.assertEqual(self.login_at(server, opens).status, 200)
                self.assertEqual(self.login_at(server, "the thief has a phrase too").status, 401)
                self.assertEqual(server.stop(), 0)
                self.ok("user", "password", "ann", "--password-stdin", stdin=self.PASSWORD)

    @staticmethod
    def login_at(server, password):
        return server.ask("POST", "/auth/login?mode=token", {"username": "ann", "password": password})

    def test_a_flood_of_one_address_is_answered_429_and_is_no_flood_of_entries(self):
        server = self.serve(env={**WIDE, "AUTHCTL_LIMIT_LOGIN": "5/1m"})
        answers = [server.ask("POST", "/auth/login", {"username": f"user{i}", "password": "x"}) for i in range(40)]
        self.assertEqual([one.status for one in answers], [401] * 5 + [429] * 35)
        self.refused(answers[-1], 429, "Too many requests. Try again later.")
        self.assertTrue(1 <= int(answers[-1].headers["retry-after"]) <= 60)
        self.assertLessEqual(len(self.actions("auth.login")), 18)  # nine a minute, over two minutes at most

    def test_fifty_guesses_at_once_are_three(self):
        server = self.serve(env={**WIDE, "AUTHCTL_LOCKOUT_BASE": "60s"})
        seen = []

        def guess(i):
            seen.append(server.ask("POST", "/auth/login", {"username": "ann", "password": f"guess {i}"}).status)

        threads = [threading.Thread(target=guess, args=(i,)) for i in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(set(seen) - {401, 503}, set())
        self.assertEqual(self.ok("user", "show", "ann", "--json").json["failed_attempts"], 3)


class Staying(SignIn):
    def test_who_is_signed_in(self):
        self.sign_in()
        answer = self.browser.ask("GET", "/auth/me")
        self.assertEqual(set(answer.json), {"id", "name", "email", "roles", "permissions", "session"})
        self.assertEqual((answer.json["name"], answer.json["email"], answer.json["roles"], answer.json["permissions"]),
                         ("ann", "ann@example.com", ["reader"], ["read:posts"]))
        self.refused(self.server.ask("GET", "/auth/me"), 401, "Not authenticated")
        self.assertEqual(self.server.ask("GET", "/auth/me", headers=self.bearer(self.token())).json["session"], None)

    def test_each_refresh_token_works_once_but_for_the_other_tab(self):
        tokens = self.api()
        ask = lambda token: self.server.ask("POST", "/auth/refresh", {"refresh_token": token})
        self.refused(ask(tokens["access_token"]), 401, "Not authenticated")  # a token of another kind
        second = ask(tokens["refresh_token"]).json
        self.assertEqual(set(second), {"access_token", "refresh_token", "token_type", "expires_in"})
        self.assertEqual(ask(tokens["refresh_token"]).json["refresh_token"], second["refresh_token"])
        third = ask(second["refresh_token"]).json
        self.refused(ask(tokens["refresh_token"]), 401, "Not authenticated")
        self.refused(ask(third["refresh_token"]), 401, "Not authenticated")
        self.assertEqual(self.server.ask("GET", "/auth/me", headers=self.bearer(third["access_token"])).status, 401)
        self.assertEqual([one["outcome"] for one in self.actions("session.reuse")], ["denied"])

    def test_a_browser_refreshes_with_its_csrf_token(self):
        self.sign_in()
        before = dict(self.browser.jar)
        self.refused(self.browser.ask("POST", "/auth/refresh", csrf=False), 403, "CSRF validation failed")
        answer = self.browser.ask("POST", "/auth/refresh")
        self.assertEqual((answer.status, set(answer.json)), (200, {"user", "expires_in"}))
        self.assertNotEqual(before["__Secure-authctl_refresh"], self.browser.jar["__Secure-authctl_refresh"])
        self.assertEqual(before["__Host-authctl_csrf"], self.browser.jar["__Host-authctl_csrf"])
        self.assertEqual(self.browser.ask("GET", "/auth/csrf").json["csrf_token"], before["__Host-authctl_csrf"])

    def test_what_is_no_refresh_token(self):
        tokens = self.api()
        for body in ({}, {"refresh_token": ""}, {"refresh_token": "x"}, {"refresh_token": "authctl_rt_" + "A" * 43},
                     {"refresh_token": tokens["access_token"][:200]}):
            self.refused(self.server.ask("POST", "/auth/refresh", body), 401, "Not authenticated")
        self.refused(self.server.ask("POST", "/auth/refresh"), 401, "Not authenticated")
        for token in (tokens["refresh_token"], "garbage"):
            self.assertEqual(self.server.ask("GET", "/auth/me", headers=self.bearer(token)).status, 401)

    def test_refreshes_of_a_session_are_limited(self):
        server = self.serve(env={**WIDE, "AUTHCTL_LIMIT_REFRESH": "3/1m"})
        tokens = server.ask("POST", "/auth/login?mode=token", {"username": "ann", "password": self.PASSWORD}).json
        for _ in range(3):
            tokens = server.ask("POST", "/auth/refresh", {"refresh_token": tokens["refresh_token"]}).json
        answer = server.ask("POST", "/auth/refresh", {"refresh_token": tokens["refresh_token"]})
        self.refused(answer, 429, "Too many requests. Try again later.")
        self.assertIn("retry-after", answer.headers)

    def test_either_cookie_logs_out(self):
        for left in ("__Host-authctl_access", "__Secure-authctl_refresh"):
            self.sign_in()
            session = self.browser.ask("GET", "/auth/me").json["session"]["id"]
            access = self.browser.jar["__Host-authctl_access"]
            self.browser.jar = {name: self.browser.jar[name] for name in (left, "__Host-authctl_csrf")}
            self.refused(self.browser.ask("POST", "/auth/logout", csrf=False), 403, "CSRF validation failed")
            answer = self.browser.ask("POST", "/auth/logout")
            self.assertEqual(answer.status, 204, answer)
            self.assertEqual(self.browser.jar, {})
            self.assertEqual(self.ok("session", "show", session, "--json").json["end_reason"], "logout")
            time.sleep(0.1)
            self.assertEqual(self.server.ask("GET", "/auth/me", headers=self.bearer(access)).status, 401)
        self.refused(self.server.ask("POST", "/auth/logout"), 401, "Not authenticated")

    def test_a_bearer_logs_out_without_a_csrf_token(self):
        tokens = self.api()
        self.assertEqual(self.server.ask("POST", "/auth/logout", headers=self.bearer(tokens["access_token"])).status, 204)
        self.refused(self.server.ask("POST", "/auth/refresh", {"refresh_token": tokens["refresh_token"]}), 401,
                     "Not authenticated")

    def test_a_refresh_token_in_the_body_logs_out(self):
        tokens = self.api()
        other = self.api()
        ask = lambda token, **more: self.server.ask("POST", "/auth/logout", {"refresh_token": token}, **more)
        self.refused(ask("authctl_rt_" + "A" * 43), 401, "Not authenticated")
        self.refused(ask(7), 422, "Validation failed")
        self.refused(ask(tokens["refresh_token"], headers={"Origin": "https://evil.example"}), 403, "CSRF validation failed")
        # The bearer token may be over by then; what the body names is what ends.
        self.assertEqual(ask(tokens["refresh_token"], headers=self.bearer(other["access_token"])).status, 204)
        self.refused(self.server.ask("POST", "/auth/refresh", {"refresh_token": tokens["refresh_token"]}), 401, "Not authenticated")
        self.assertEqual(self.server.ask("GET", "/auth/me", headers=self.bearer(tokens["access_token"])).status, 401)
        self.assertEqual(self.server.ask("GET", "/auth/me", headers=self.bearer(other["access_token"])).status, 200)
        self.assertIn("auth.logout", [one["action"] for one in self.actions()])

    def test_an_empty_body_is_none_whatever_type_it_is_said_to_have(self):
        self.sign_in()
        empty = {"headers": {"Content-Type": "application/json"}}
        self.assertEqual(self.browser.ask("POST", "/auth/refresh", **empty).status, 200)
        self.assertEqual(self.browser.ask("POST", "/auth/logout", **empty).status, 204)

    def test_the_command_line_ends_a_session_at_once(self):
        for command in (("session", "revoke", "--user", "ann"), ("user", "disable", "ann", "--force", "--yes")):
            self.sign_in()
            self.ok(*command)
            time.sleep(0.1)
            self.assertEqual(self.browser.ask("GET", "/auth/me").status, 401)
            self.assertEqual(self.browser.ask("POST", "/auth/refresh").status, 401)

    def test_idle_and_absolute_limits(self):
        server = self.serve(env={**WIDE, "AUTHCTL_SESSION_IDLE": "1s"})
        tokens = server.ask("POST", "/auth/login?mode=token", {"username": "ann", "password": self.PASSWORD}).json
        time.sleep(1.1)
        self.assertEqual(server.ask("POST", "/auth/refresh", {"refresh_token": tokens["refresh_token"]}).status, 401)
        server = self.serve(env={**WIDE, "AUTHCTL_SESSION_MAX": "2s"})
        tokens = server.ask("POST", "/auth/login?mode=token", {"username": "ann", "password": self.PASSWORD}).json
        self.assertLessEqual(tokens["expires_in"], 2)
        time.sleep(2.1)
        self.assertEqual(server.ask("POST", "/auth/refresh", {"refresh_token": tokens["refresh_token"]}).status, 401)
        self.assertEqual(server.ask("GET", "/auth/me", headers=self.bearer(tokens["access_token"])).status, 401)


class Register(SignIn):
    def test_off_unless_switched_on(self):
        body = {"username": "bob", "email": "bob@example.com", "password": self.PASSWORD}
        self.refused(self.server.ask("POST", "/auth/register", body), 404, "Not found")
        server = self.serve(env={**WIDE, "AUTHCTL_REGISTRATION": "on"})
        answer = server.ask("POST", "/auth/register", body)
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(set(answer.json["user"]), {"id", "name", "email", "roles"})
        self.assertEqual(answer.json["user"]["roles"], [])
        self.refused(server.ask("POST", "/auth/register", body), 409, "Conflict")
        self.assertEqual(Browser(server).login("bob").status, 200)
        for change in ({"username": "b b"}, {"password": "short"}, {"email": "none"}, {"username": ""}):
            answer = server.ask("POST", "/auth/register", {**body, "username": "carl", "email": "c@example.com", **change})
            self.assertEqual(answer.status, 422, answer)
            self.assertEqual(set(answer.json), {"error"})

    def test_nobody_raises_themselves_by_what_they_send(self):
        server = self.serve(env={**WIDE, "AUTHCTL_REGISTRATION": "on"})
        self.ok("role", "create", "admin")
        self.ok("role", "grant", "admin", "admin:all")
        raised = {"roles": ["admin"], "role": "admin", "permissions": ["admin:all"], "status": "active", "id": "1", "is_admin": True}
        body = {"username": "mallory", "email": "mallory@example.com", "password": self.PASSWORD}
        answer = server.ask("POST", "/auth/register", {**body, **raised})
        self.assertIn(answer.status, (201, 422), answer)
        if answer.status == 422:
            self.assertEqual(server.ask("POST", "/auth/register", body).status, 201)
        answer = server.ask("POST", "/auth/login?mode=token", {"username": "mallory", "password": self.PASSWORD})
        mine = self.bearer(answer.json["access_token"])
        for method in ("PUT", "PATCH", "POST"):
            for path in ("/auth/me", "/auth/me/roles", "/auth/users/mallory", "/auth/roles"):
                self.assertIn(server.ask(method, path, raised, mine).status, (404, 405), (method, path))
        server.ask("POST", "/auth/password", {"current_password": self.PASSWORD, "new_password": self.PASSWORD + "!", **raised}, mine)
        self.assertEqual(self.ok("user", "show", "mallory", "--json").json["roles"], [])
        self.expect(4, "permission", "check", "mallory", "admin:all")
        for name in ("ADMIN", "Ann", "ANN@EXAMPLE.COM"):  # a name in capitals is the name
            status = server.ask("POST", "/auth/register", {**body, "username": name, "email": "other@example.com"}).status
            self.assertEqual(status, 201 if name == "ADMIN" else 409, name)
        self.expect(4, "permission", "check", "admin", "admin:all")  # a user is not the role of that name

    def test_limited_by_address(self):
        server = self.serve(env={**WIDE, "AUTHCTL_REGISTRATION": "on", "AUTHCTL_LIMIT_REGISTER": "3/1h"})
        seen = [server.ask("POST", "/auth/register", {"username": f"u{i}", "email": f"u{i}@example.com",
                                                      "password": self.PASSWORD}).status for i in range(5)]
        self.assertEqual(seen, [201] * 3 + [429] * 2)


class Passwords(SignIn):
    WANTED = "another long and lively phrase"

    def test_change(self):
        self.sign_in()
        other = self.api()
        first = self.browser.ask("GET", "/auth/me").json["session"]["id"]
        body = {"current_password": self.PASSWORD, "new_password": self.WANTED}
        self.refused(self.server.ask("POST", "/auth/password", body), 401, "Not authenticated")
        self.refused(self.browser.ask("POST", "/auth/password", body, csrf=False), 403, "CSRF validation failed")
        self.refused(self.browser.ask("POST", "/auth/password", {**body, "current_password": "wrong"}), 401,
                     "Invalid credentials")
        answer = self.browser.ask("POST", "/auth/password", {**body, "new_password": "short"})
        self.assertEqual(answer.status, 422)
        answer = self.browser.ask("POST", "/auth/password", body)
        self.assertEqual((answer.status, set(answer.json)), (200, {"user", "expires_in"}))
        self.assertNotEqual(self.browser.ask("GET", "/auth/me").json["session"]["id"], first)
        self.assertEqual(self.server.ask("GET", "/auth/me", headers=self.bearer(other["access_token"])).status, 401)
        self.refused(Browser(self.server).login(), 401, "Invalid credentials")
        self.assertEqual(Browser(self.server).login(password=self.WANTED).status, 200)

    def test_reset(self):
        server, path = self.mailing()
        self.sign_in()
        known = server.ask("POST", "/auth/password/reset", {"email": "ANN@example.com"},
                           {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"})
        unknown = server.ask("POST", "/auth/password/reset", {"email": "nobody@example.com"})
        by_name = server.ask("POST", "/auth/password/reset", {"email": "ann"})
        answers = [known, unknown, by_name]
        for alike in ("ann@example.c\u043em", "\uff41nn@example.com", "ann@example.com\u200b"):  # and it is nobody's
            answers.append(server.ask("POST", "/auth/password/reset", {"email": alike}))
        for answer in answers:
            self.assertEqual((answer.status, answer.json), (202, {"status": "accepted"}))
        self.assertEqual(len({tuple((k, v) for k, v in sorted(one.headers.items()) if k != "date") for one in answers}), 1)
        mails = self.mails(path, 1)
        self.assertEqual([(one["kind"], one["to"], one["user"]) for one in mails],
                         [("password_reset", "ann@example.com", "ann")])
        confirm = lambda token, password: server.ask("POST", "/auth/password/reset/confirm",
                                                     {"token": token, "new_password": password})
        self.assertEqual(mails[0]["issuer"], ORIGIN)  # whatever the request said of its host
        self.assertNotIn("evil", json.dumps(mails))
        token = mails[0]["token"]
        self.assertEqual(confirm(token, "short").status, 422)
        self.refused(confirm("authctl_reset_" + "A" * 43, self.WANTED), 401, "Invalid credentials")
        self.assertEqual(confirm(token, self.WANTED).status, 204)
        self.refused(confirm(token, self.WANTED + "!"), 401, "Invalid credentials")
        self.assertEqual(self.browser.ask("POST", "/auth/refresh").status, 401)
        self.assertEqual(Browser(server).login(password=self.WANTED).status, 200)
        with open(self.home.store, "rb") as f:
            self.assertNotIn(token.encode(), f.read())
        self.assertFalse([line for line in server.lines if token in line])

    def test_no_answer_to_a_reset_comes_before_either_could_be_ready(self):
        for email in ("ann@example.com", "nobody@example.com"):
            begin = time.monotonic()
            self.assertEqual(self.server.ask("POST", "/auth/password/reset", {"email": email}).status, 202)
            self.assertGreaterEqual(time.monotonic() - begin, 0.05, email)

    def test_a_mailbox_is_not_filled(self):
        server, path = self.mailing(AUTHCTL_LIMIT_RESET="2/1h")
        proxied = self.serve("--behind-proxy", "127.0.0.1", env={
            **WIDE, "AUTHCTL_LIMIT_RESET": "2/1h", "AUTHCTL_MAIL_COMMAND": self.home.path("mail")})
        for i in range(5):
            answer = proxied.ask("POST", "/auth/password/reset", {"email": "ann@example.com"},
                                 {"X-Forwarded-For": f"203.0.113.{i}", "X-Forwarded-Proto": "https"})
            self.assertEqual(answer.status, 202, answer)
        self.assertEqual(len(self.mails(path, 3, seconds=1)), 2)
        seen = [server.ask("POST", "/auth/password/reset", {"email": f"{i}@example.com"}).status for i in range(4)]
        self.assertEqual(seen, [202, 202, 429, 429])


class Alerts(SignIn):
    def test_alerts_go_to_the_program_from_the_server_and_from_the_command_line(self):
        server, path = self.mailing()
        env = {**WIDE, "AUTHCTL_ALERT_COMMAND": self.home.path("mail")}
        server = self.serve(env=env)
        tokens = [server.ask("POST", "/auth/login?mode=token", {"username": "ann", "password": self.PASSWORD}).json]
        for _ in range(2):
            tokens.append(server.ask("POST", "/auth/refresh", {"refresh_token": tokens[-1]["refresh_token"]}).json)
        server.ask("POST", "/auth/refresh", {"refresh_token": tokens[0]["refresh_token"]})
        alerts = self.mails(path, 1)
        self.assertEqual([(one["alert"], one["notify"]["email"], one["ip"]) for one in alerts],
                         [("refresh_reuse", "ann@example.com", "127.0.0.1")])
        for command in (("key", "rotate", "--use", "jwt", "--emergency", "--yes"), ("role", "create", "chief"),
                        ("role", "assign", "ann", "chief"), ("role", "grant", "chief", "admin:all"),
                        ("user", "create", "bob"), ("role", "assign", "bob", "chief"),
                        ("user", "password", "ann", "--generate"), ("role", "grant", "reader", "more:posts"),
                        ("key", "rotate", "--use", "jwt")):
            self.ok(*command, env=env)
        self.ok("role", "assign", "bob", "reader", "--dry-run", env=env)
        self.assertEqual([(one["alert"], (one["notify"] or {}).get("user")) for one in self.mails(path, 5)][1:],
                         [("emergency_rotation", None), ("admin_granted", None), ("admin_granted", "bob"),
                          ("password_changed", "ann")])
        # Also where it comes by inheritance, or by the pattern for everything; not where somebody who has it gets less.
        for command in (("role", "create", "little"), ("role", "update", "chief", "--inherits", "little"), ("role", "create", "heir", "--inherits", "chief"), ("role", "assign", "bob", "heir"), ("role", "create", "plain"),
                        ("role", "update", "plain", "--inherits", "reader"), ("role", "update", "plain", "--inherits", "heir"),
                        ("role", "grant", "reader", "*"), ("user", "create", "cid", "--role", "plain")):
            self.ok(*command, env=env)
        self.assertEqual([(one["alert"], one["action"], (one["notify"] or {}).get("user")) for one in self.mails(path, 10)][5:],
                         [("admin_granted", "role.create", None), ("admin_granted", "role.assign", "bob"), ("admin_granted", "role.update", None),
                          ("admin_granted", "role.grant", None), ("admin_granted", "role.assign", "cid")])
        broken = self.ok("role", "grant", "reader", "admin:all", env={"AUTHCTL_ALERT_COMMAND": "/nowhere/at/all"})
        self.assertIn("the alert command could not be started", broken.err)


class SecondFactor(SignIn):
    def setUp(self):
        super().setUp()
        self.secret = self.ok("totp", "enroll", "ann", "--json").json["secret"]
        self.ok("totp", "confirm", "ann", "--code-stdin", stdin=self.code(-30))

    def code(self, ahead=0):
        moment = str(int(time.time()) + ahead)
        return self.ok("totp", "code", "--secret-file", self.home.write("secret", self.secret), "--now", moment).out.strip()

    def challenge(self, browser=None, query=""):
        answer = (browser or self.browser).ask("POST", "/auth/login" + query,
                                               {"username": "ann", "password": self.PASSWORD})
        self.assertEqual((answer.status, set(answer.json), answer.json["requires_mfa"]),
                         (200, {"requires_mfa", "mfa_token"}, True), answer)
        self.assertNotIn("set-cookie", answer.headers)
        return answer.json["mfa_token"]

    def verify(self, token, code, query=""):
        return self.browser.ask("POST", "/auth/mfa/verify" + query, {"mfa_token": token, "code": code})

    def test_a_code_completes_the_sign_in_once(self):
        token, code = self.challenge(), self.code()
        self.assertEqual(self.server.ask("GET", "/auth/me", headers=self.bearer(token)).status, 401)
        answer = self.verify(token, code)
        self.assertEqual((answer.status, set(answer.json)), (200, {"user", "expires_in"}), answer)
        self.assertEqual(self.browser.ask("GET", "/auth/me").json["name"], "ann")
        self.refused(self.verify(token, self.code(30)), 401, "Invalid credentials")
        self.refused(self.verify("authctl_mfa_" + "A" * 43, code), 401, "Invalid credentials")
        self.assertEqual([one["detail"]["refusal"] for one in self.actions("auth.mfa") if one["outcome"] == "denied"],
                         ["unknown_challenge"] * 2)

    def test_an_api_client_too(self):
        token = self.challenge(query="?mode=token")
        answer = self.verify(token, self.code())
        self.assertEqual(set(answer.json), {"access_token", "refresh_token", "token_type", "expires_in"})

    def test_tokens_can_be_asked_for_in_the_second_step_too(self):
        answer = self.verify(self.challenge(), self.code(), "?mode=token")
        self.assertEqual(set(answer.json), {"access_token", "refresh_token", "token_type", "expires_in"})
        self.assertNotIn("set-cookie", answer.headers)
        self.assertEqual(self.server.ask("GET", "/auth/me", headers=self.bearer(answer.json["access_token"])).status, 200)
        again = self.server.ask("POST", "/auth/refresh", {"refresh_token": answer.json["refresh_token"]})
        self.assertEqual((again.status, set(again.json)), (200, set(answer.json)))

    def test_five_wrong_codes_end_a_challenge(self):
        server = self.serve(env={**WIDE, "AUTHCTL_LOCKOUT_THRESHOLD": "100"})
        self.browser = Browser(server)
        token = self.challenge()
        for _ in range(5):
            self.refused(self.verify(token, "000000"), 401, "Invalid credentials")
        self.refused(self.verify(token, self.code()), 401, "Invalid credentials")

    def test_codes_have_a_limit_of_their_own(self):
        server = self.serve(env={**WIDE, "AUTHCTL_LIMIT_MFA": "2/1m"})
        self.browser = Browser(server)
        token = self.challenge()
        seen = [self.verify(token, "000000").status for _ in range(3)]
        self.assertEqual(seen, [401, 401, 429])


if __name__ == "__main__":
    unittest.main(verbosity=2)
