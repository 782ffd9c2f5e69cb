"""What attackers do to sessions and cookies: forged requests, stolen refresh tokens, races, a server that is killed."""
import json
import os
import random
import signal
import threading
import time
import unittest

from server_harness import ServerTest
from sign_in_test import WIDE, Browser, SignIn

VECTORS = os.path.join(os.path.dirname(__file__), "..", "vectors", "csrf-cookies")
KILLS = int(os.environ.get("AUTHCTL_KILLS", "3"))
OURS = "https://auth.example.test"
FORM = "application/x-www-form-urlencoded"


def vectors(name="cases.json"):
    with open(os.path.join(VECTORS, name)) as f:
        return json.load(f)


class Forged(SignIn):
    """Every case of the set csrf-cookies, as a request that the server really gets."""

    def setUp(self):
        super().setUp()
        self.server = self.serve(env={**WIDE, "AUTHCTL_ISSUER": OURS})
        self.browser = Browser(self.server)

    def sent(self, case):
        """(method, query, headers, body) of a case that changes something."""
        request = case["request"]
        method, _, extra = request["method"].partition("+")
        headers, fields, query = [("Content-Type", request["content_type"])], [], ""
        if extra.startswith("X-"):
            headers.append(tuple(extra.split(": ", 1)))
        elif extra:
            query = "?" + extra
        if request["cookie_session"]:
            headers.append(("Cookie", "; ".join(f"{k}={v}" for k, v in self.browser.jar.items())))
        for name, key in (("origin", "Origin"), ("sec_fetch_site", "Sec-Fetch-Site")):
            if request[name]:
                headers.append((key, request[name]))
        bearers = request.get("authorization")
        for bearer in bearers if isinstance(bearers, list) else [bearers] if bearers else []:
            headers.append(("Authorization", bearer.replace("valid", self.browser.jar["__Host-authctl_access"])))
        token = self.token_of(request["csrf_sent"])
        sent = request["csrf_sent"] or ""
        if "X-CSRF-Token" in sent or case["expect"].endswith("header-token"):
            headers.append(("X-CSRF-Token", token))
        elif "query" in sent:
            query = "?csrf_token=" + token
        else:
            fields += [("csrf_token", one) for one in (token if isinstance(token, list) else [token]) if one]
        if "access_token_form" in request:
            fields.append(("access_token", self.browser.jar["__Host-authctl_access"]))
        is_json = request["content_type"].startswith("application/json")
        body = "{}" if is_json else "&".join(f"{k}={v}" for k, v in fields)
        return method, query, headers, "" if method in ("GET", "HEAD") else body

    def token_of(self, sent):
        if isinstance(sent, list):
            return [self.token_of(one) for one in sent]
        if not sent:
            return ""
        mine = self.browser.jar["__Host-authctl_csrf"]
        if "other-session" in sent:
            other = Browser(self.server)
            other.login()
            return other.jar["__Host-authctl_csrf"]
        if "before login" in sent:
            return Browser(self.server).ask("GET", "/auth/csrf").json["csrf_token"]
        return mine[:-2] + ("AA" if not mine.endswith("AA") else "BB") if sent == "T2" else mine

    def status(self, method, path, headers, body):
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close",
                 *(f"{k}: {v}" for k, v in headers)]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        else:
            lines = [line for line in lines if not line.startswith("Content-Type")]
        got, _ = self.server.raw("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body.encode())
        return int(got.split(b" ", 2)[1])

    def allowed(self, expect):
        return {"allow": {204}, "allow-with-header-token": {204}, "403": {403}, "405": {405}, "415": {415},
                "403-or-400": {403, 400}, "403-or-allow": {403, 204}, "415-or-allow-with-token": {415},
                "403-or-bearer-only": {204}, "400-or-401": {400, 401}, "400": {400}}[expect]

    def test_requests_that_change_something(self):
        seen = 0
        for case in vectors():
            if case["category"] == "cookie":
                continue
            with self.subTest(case["name"]):
                self.browser.jar = {}
                self.sign_in()
                method, query, headers, body = self.sent(case)
                self.assertIn(self.status(method, "/auth/logout" + query, headers, body), self.allowed(case["expect"]))
                seen += 1
        self.assertGreater(seen, 20)

    def test_cookies_that_come(self):
        self.sign_in()
        access = self.browser.jar["__Host-authctl_access"]
        allowed = {"refuse-or-first-wins-documented": {401}, "not-authenticated": {401}, "documented": {200},
                   "431-or-allow": {431, 200}}
        for case in vectors():
            if case["category"] == "cookie":
                with self.subTest(case["name"]):
                    field = case["request"]["cookie_header"].replace("__Host-sid", "__Host-authctl_access")
                    if case["name"] == "no-prefix-cookie":
                        field = field.replace("sid=", "authctl_access=")
                    field = field.replace("good", access)
                    answer = self.status("GET", "/auth/me", [("Cookie", field)], "")
                    self.assertIn(answer, allowed[case["expect"]])

    def test_headers_of_the_vectors(self):
        server = self.serve(env={**WIDE, "AUTHCTL_LIMIT_LOGIN": "1/1m"})
        api = self.ok("schema", "http").json["paths"]
        gets = [server.ask("GET", path) for path, methods in api.items() if "get" in methods]
        sign_in = server.ask("POST", "/auth/login", {"username": "ann", "password": self.PASSWORD})
        refused = server.ask("POST", "/auth/login", {"username": "x", "password": "y"})
        everything = [*gets, sign_in, refused, server.ask("GET", "/nothing")]
        pages = [answer for answer in everything if "html" in answer.headers.get("content-type", "")]
        keys = [server.ask("GET", path) for path in ("/.well-known/jwks.json", "/.well-known/openid-configuration")]
        preflight = server.ask("OPTIONS", "/auth/login", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"})
        self.assertEqual(sign_in.status, 200)
        self.assertEqual(refused.status, 429)

        def of_every_answer(row):
            for answer in everything:
                if "header" in row:
                    self.assertEqual(answer.headers[row["header"].lower()], row["value"])
                self.assertFalse({"server", "x-powered-by", "x-xss-protection"} & set(answer.headers))

        def of_a_session(row):
            self.assertIn("__Host- prefix", row["attributes"])
            cookie, = (value for name, value in sign_in.all_headers if value.startswith("__Host-authctl_access="))
            attributes = cookie.split("; ")[1:]
            self.assertTrue({"Secure", "HttpOnly", "Path=/"} <= set(attributes), cookie)
            self.assertTrue({"SameSite=Lax", "SameSite=Strict"} & set(attributes), cookie)
            self.assertNotIn("domain", cookie.lower())

        checks = {"every response": of_every_answer, "session cookie": of_a_session,
                  "html": lambda row: self.assertEqual(pages, []),  # there is no page yet that the row could be about
                  "401 from token endpoint with Basic": lambda row: self.assertEqual([path for path in api if path.endswith("/token")], []),
                  "429": lambda row: self.assertRegex(refused.headers[row["header"].lower()], "^[1-9][0-9]*$"),
                  "jwks and discovery": lambda row: [self.assertIn(one.headers[row["header"].lower()], row["value"].split(" or ")) for one in keys],
                  "CORS preflight from unlisted origin": lambda row: [self.assertNotIn(name.lower(), preflight.headers) for name in row["absent"]]}
        for row in vectors("security-headers.json"):
            with self.subTest(row):
                checks[row["applies_to"]](row)


class Stolen(SignIn):
    def test_sixty_four_clients_with_one_refresh_token_get_one_successor(self):
        tokens, seen = self.api(), []

        def refresh():
            seen.append(self.server.ask("POST", "/auth/refresh", {"refresh_token": tokens["refresh_token"]}))

        threads = [threading.Thread(target=refresh) for _ in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual({one.status for one in seen}, {200})
        self.assertEqual(len({one.json["refresh_token"] for one in seen}), 1)
        self.assertEqual(len(self.ok("session", "show", self.session_of(tokens), "--json").json["refresh"]), 2)

    def session_of(self, tokens):
        return self.ok("token", "inspect", "-", "--json", stdin=tokens["access_token"]).json["claims"]["sid"]

    def test_a_token_from_elsewhere_ends_the_family(self):
        server = self.serve("--behind-proxy", "127.0.0.1", env=WIDE)
        ask = lambda path, body, ip: server.ask("POST", path, body, {"X-Forwarded-For": ip, "X-Forwarded-Proto": "https"})
        tokens = ask("/auth/login?mode=token", {"username": "ann", "password": self.PASSWORD}, "192.0.2.1").json
        mine = ask("/auth/refresh", {"refresh_token": tokens["refresh_token"]}, "192.0.2.1").json
        self.assertEqual(ask("/auth/refresh", {"refresh_token": tokens["refresh_token"]}, "198.51.100.9").status, 401)
        self.assertEqual(ask("/auth/refresh", {"refresh_token": mine["refresh_token"]}, "192.0.2.1").status, 401)
        shown = self.ok("session", "show", self.session_of(tokens), "--json").json
        self.assertEqual((shown["end_reason"], shown["refresh"][0]["reused_ip"]), ("reuse", "198.51.100.9"))

    def test_a_token_in_cookies_is_none_of_an_api_client_afterwards(self):
        self.sign_in()
        stolen = self.browser.jar["__Secure-authctl_refresh"]
        self.assertEqual(self.browser.ask("POST", "/auth/refresh").status, 200)
        self.assertEqual(self.server.ask("POST", "/auth/refresh", {"refresh_token": stolen}).status, 401)
        self.assertEqual(self.browser.ask("POST", "/auth/refresh").status, 401)

    def test_a_script_in_the_page_is_not_handed_the_tokens_that_its_cookies_hide(self):
        self.sign_in()
        answer = self.browser.ask("POST", "/auth/refresh?mode=token")
        self.refused(answer, 422, "Validation failed")
        self.assertNotIn("set-cookie", answer.headers)
        answer = self.browser.ask("POST", "/auth/refresh")
        self.assertEqual((answer.status, set(answer.json)), (200, {"user", "expires_in"}), "the token was not spent")

    def test_no_secret_is_in_the_log_or_the_store(self):
        self.sign_in()
        secrets = [self.browser.jar[name] for name in ("__Host-authctl_access", "__Secure-authctl_refresh")]
        self.browser.ask("POST", "/auth/refresh")
        secrets += [self.browser.jar["__Secure-authctl_refresh"], self.PASSWORD]
        self.server.stop()
        everything = "\n".join(self.server.lines) + self.ok("audit", "export", "--reveal", "--yes").out
        for name in os.listdir(os.path.dirname(self.home.store)):
            with open(os.path.join(os.path.dirname(self.home.store), name), "rb") as f:
                everything += f.read().decode("latin-1")
        for secret in secrets:
            self.assertNotIn(secret, everything)


class Crowd(SignIn):
    def test_right_passwords_that_come_together_from_one_address_lock_nobody_out(self):
        names = [f"user{i}" for i in range(6)]
        for name in names:
            self.ok("user", "create", name, "--password-stdin", stdin=self.PASSWORD)
        seen = []

        def sign_in(name):
            body = {"username": name, "password": self.PASSWORD}
            seen.append(self.server.ask("POST", "/auth/login?mode=token", body).status)

        threads = [threading.Thread(target=sign_in, args=(name,)) for name in names * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(set(seen) - {200, 503}, set())
        self.assertGreaterEqual(seen.count(200), 8)
        self.assertEqual(self.ok("lockout", "list", "--json").json, [])


class Client(threading.Thread):
    """Signs in, refreshes, leaves, again and again; remembers what it was promised."""

    def __init__(self, server, password):
        super().__init__(daemon=True)
        self.server, self.password = server, password
        self.spent, self.ended, self.live, self.asked = [], [], [], False

    def run(self):
        try:
            while True:
                self.round()
        except (OSError, ValueError, AssertionError, KeyError) as over:
            self.over = over  # the server is gone

    def ask(self, path, body=None, headers=None):
        answer = self.server.ask("POST", path, body, headers)
        assert answer.status in (200, 204), answer
        return answer

    def round(self):
        tokens = self.ask("/auth/login?mode=token", {"username": "ann", "password": self.password}).json
        for _ in range(random.randrange(4)):
            newer = self.ask("/auth/refresh", {"refresh_token": tokens["refresh_token"]}).json
            self.spent.append((tokens, newer))
            tokens = newer
        if random.random() < 0.7:
            self.ask("/auth/logout", headers=ServerTest.bearer(tokens["access_token"]))
            self.ended.append(tokens)
        else:
            self.live.append(tokens)


class Killed(SignIn):
    @staticmethod
    def wait_for_load(clients):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if sum(len(one.ended) for one in clients) > 3 and any(one.live for one in clients):
                return
            time.sleep(0.01)

    def test_what_was_acknowledged_stands_and_nothing_comes_back_to_life(self):
        ended, live = [], []
        for _ in range(KILLS):
            server = self.serve(env=WIDE)
            clients = [Client(server, self.PASSWORD) for _ in range(6)]
            for client in clients:
                client.start()
            self.wait_for_load(clients)
            time.sleep(random.uniform(0, 0.5))
            server.signal(signal.SIGKILL)
            server.stop()
            for client in clients:
                client.join(30)
            ended += [tokens for client in clients for tokens in client.ended]
            live += [tokens for client in clients for tokens in client.live]
            self.ok("audit", "verify")
        self.assertTrue(ended and live)
        again = self.serve(env=WIDE)
        for tokens in ended:
            self.assertEqual(again.ask("GET", "/auth/me", headers=self.bearer(tokens["access_token"])).status, 401)
            self.assertEqual(again.ask("POST", "/auth/refresh", {"refresh_token": tokens["refresh_token"]}).status, 401)
        for tokens in live:
            self.assertEqual(again.ask("GET", "/auth/me", headers=self.bearer(tokens["access_token"])).status, 200)
            self.assertEqual(again.ask("POST", "/auth/refresh", {"refresh_token": tokens["refresh_token"]}).status, 200)
        self.ok("session", "revoke", "--user", "ann")
        again.signal(signal.SIGKILL)
        again.stop()
        last = self.serve(env=WIDE)
        for tokens in live:
            self.assertEqual(last.ask("GET", "/auth/me", headers=self.bearer(tokens["access_token"])).status, 401)
        self.ok("audit", "verify")


if __name__ == "__main__":
    unittest.main(verbosity=2)
