"""The server from outside: what every answer has, who may ask, how it starts and ends."""
import json
import os
import signal
import socket
import time
import unittest

from server_harness import ServerTest, statuses

SECURITY = {"strict-transport-security": "max-age=31536000; includeSubDomains", "x-content-type-options": "nosniff",
            "x-frame-options": "DENY", "referrer-policy": "strict-origin-when-cross-origin"}


class Answers(ServerTest):
    def assert_secure(self, answer):
        for name, value in SECURITY.items():
            self.assertEqual(answer.headers.get(name), value, f"{name} of {answer}")

    def test_every_answer_has_the_security_fields_errors_too(self):
        server = self.serve()
        for method, path, status in (("GET", "/healthz", 200), ("GET", "/readyz", 200), ("GET", "/nowhere", 404),
                                     ("POST", "/healthz", 405), ("GET", "/auth/verify", 401),
                                     ("OPTIONS", "/healthz", 204), ("GET", "/.well-known/jwks.json", 200)):
            answer = server.ask(method, path)
            self.assertEqual(answer.status, status, f"{method} {path}")
            self.assert_secure(answer)
            if status >= 400:
                self.assertEqual(list(answer.json), ["error"])
        self.assertEqual(server.ask("POST", "/healthz").headers["allow"], "GET, HEAD, OPTIONS")
        everything = server.ask("OPTIONS", "*")
        self.assertEqual((everything.status, everything.headers["allow"]), (204, "GET, HEAD, POST, OPTIONS"))
        self.assert_secure(everything)
        raw, closed = server.raw(b"nonsense\r\n\r\n")
        self.assertEqual(statuses(raw), [400])
        self.assertTrue(closed)
        for name, value in SECURITY.items():
            self.assertIn(f"{name}: {value}".lower().encode(), raw.lower())

    def test_the_keys_are_those_of_the_command_line_and_public_halves_only(self):
        for alg in ("EdDSA", "RS256", "HS256"):
            self.ok("key", "generate", "--use", "jwt", "--alg", alg)
        self.ok("key", "rotate", "--use", "jwt", "--alg", "HS256")
        server = self.serve()
        exported = self.ok("key", "export", "--all", "--format", "jwks").json
        served = server.ask("GET", "/.well-known/jwks.json").json
        self.assertEqual(served, exported)
        self.assertEqual(sorted(key["alg"] for key in served["keys"]), ["ES256", "EdDSA", "RS256"])
        self.assertEqual(len({key["kid"] for key in served["keys"]}), 3)
        for key in served["keys"]:
            self.assertEqual(set(key) & set("d p q dp dq qi k oth".split()), set())

    def test_metadata_names_what_is_served_under_the_issuer_of_the_settings(self):
        server = self.serve(env={"AUTHCTL_ISSUER": "https://id.example.com/base"})
        for path in ("openid-configuration", "oauth-authorization-server"):
            answer = server.ask("GET", "/.well-known/" + path, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
            self.assertEqual(answer.json["issuer"], "https://id.example.com/base")
            self.assertEqual(answer.json["jwks_uri"], "https://id.example.com/base/.well-known/jwks.json")
            self.assertEqual(answer.headers["cache-control"], "public, max-age=900")
            self.assertNotIn("evil", answer.text)
            routes = self.ok("schema", "http").json["paths"]
            for name, value in answer.json.items():
                if name.endswith("_endpoint"):
                    self.assertIn(value.removeprefix("https://id.example.com/base"), routes)

    def test_forward_auth_says_who_it_is_and_what_they_may(self):
        server = self.serve()
        token = self.token()
        for query, status in (("", 204), ("?permission=read:posts", 204), ("?permission=write:posts", 403),
                              ("?permission=read:posts&resource=post/7", 204), ("?permission=READ%20POSTS", 403),
                              ("?permission=read:posts&permission=write:posts", 403), ("?resource=post/7", 403),
                              ("?permision=read:posts", 403), ("?permission=read:posts&x=1", 403), ("?permission=", 403),
                              ("?permission=read:posts&resource=", 403), ("?permission=%zz", 403), ("?&", 403)):
            answer = server.ask("GET", "/auth/verify" + query, headers=self.bearer(token))
            self.assertEqual(answer.status, status, query)
            if status == 403:
                self.assertEqual(server.ask("GET", "/auth/verify" + query).status, 401, query)
        answer = server.ask("GET", "/auth/verify", headers=self.bearer(token))
        self.assertEqual((answer.headers["x-auth-user"], answer.headers["x-auth-roles"]), ("ann", "reader"))
        answer = server.ask("GET", "/auth/verify", headers={"Cookie": "a=b; __Host-authctl_access=" + token})
        self.assertEqual(answer.status, 204)

    def test_forward_auth_refuses_what_is_no_token_of_ours(self):
        server = self.serve()
        token = self.token()
        cookie = "__Host-authctl_access=" + token
        for headers in ({}, {"Authorization": "Basic " + token}, {"Authorization": "Bearer"},
                        {"Authorization": token}, self.bearer(token[:-2]), self.bearer(token + "A"),
                        {"Authorization": "Basic x", "Cookie": cookie},  # whoever says so does not mean the cookie
                        {"Cookie": cookie + "; " + cookie}, {"Cookie": '__Host-authctl_access="' + token + '"'},
                        self.bearer(self.token("ann", "--type", "refresh")),
                        self.bearer(self.token("ann", "--audience", "https://elsewhere.example"))):
            self.assertEqual(server.ask("GET", "/auth/verify", headers=headers).status, 401, str(headers))


class Schema(ServerTest):
    """`authctl schema http` against what the server really answers."""

    def fits(self, value, schema, where):
        kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "number": (int, float)}
        wanted = schema.get("type")
        self.assertIsInstance(value, kinds[wanted], where)
        if wanted == "object":
            self.assertLessEqual(set(schema.get("required", [])), set(value), where)
            for name, member in schema.get("properties", {}).items():
                if value.get(name) is not None:
                    self.fits(value[name], member, f"{where}.{name}")

    def follow(self, document, node):
        while "$ref" in node:
            target = document
            for step in node["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            node = target
        return node

    def test_every_route_answers_as_its_schema_says(self):
        document = self.ok("schema", "http").json
        self.assertEqual(document["openapi"], "3.1.0")
        server = self.serve("--metrics-listen", "127.0.0.1:0", env={"AUTHCTL_REGISTRATION": "on"})
        token, seen = self.token(), 0
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                port = server.metrics_port if path == "/metrics" else None
                tries = [({}, None), (self.bearer(token), None)]
                if "requestBody" in operation:
                    tries += [({"Content-Type": "application/json"}, body) for body in ("{}", "[", '{"username":7}')]
                    tries += [({"Content-Type": "text/plain"}, "x")]
                for headers, body in tries:
                    answer = server.ask(method.upper(), path, body=body, headers=headers, port=port)
                    where = f"{method} {path} {body} -> {answer}"
                    allowed = set(operation["responses"]) | ({"415"} if "requestBody" in operation else set())
                    self.assertIn(str(answer.status), allowed, where)
                    response = self.follow(document, operation["responses"].get(str(answer.status), {}))
                    content = response.get("content", {}).get("application/json")
                    if content:
                        self.assertEqual(answer.headers["content-type"], "application/json", where)
                        self.fits(answer.json, self.follow(document, content["schema"]), where)
                    seen += 1
        self.assertGreaterEqual(seen, 14)


class Matrix(ServerTest):
    """Every route of the table with every method and every kind of caller, and every role with every permission on every
    resource: nothing is allowed that the model beside it does not allow (and nothing refused that it does)."""

    ROLES = {"nothing": (), "viewer": (("read:posts", ""),), "editor": (("edit:*", ""),), "scoped": (("edit:posts", "post/1"),),
             "wide": (("*:posts", "post/*"),), "chief": (("admin:all", ""),)}
    INHERITS = {"editor": "viewer"}
    PERMISSIONS = ("read:posts", "edit:posts", "edit:comments", "edit:posts:own", "delete:posts")
    RESOURCES = ("", "post/1", "post/2", "page/1")
    METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

    @staticmethod
    def covers(granted, wanted):
        """Segments apart by colons; `*` is one, a last `*` all that follow."""
        have, want = granted.split(":"), wanted.split(":")
        for i, word in enumerate(have):
            if word == "*" and i == len(have) - 1:
                return len(want) > i
            if i >= len(want) or word not in ("*", want[i]):
                return False
        return len(have) == len(want)

    def allows(self, role, permission, resource):
        for granted, on in self.ROLES[role]:
            fits = granted == "admin:all" or self.covers(granted, permission)
            place = not on or (resource and self.covers(on.replace("/", ":"), resource.replace("/", ":")))
            if fits and place:
                return True
        return role in self.INHERITS and self.allows(self.INHERITS[role], permission, resource)

    def setUp(self):
        super().setUp()
        for role, grants in self.ROLES.items():
            parents = ("--inherits", self.INHERITS[role]) if role in self.INHERITS else ()
            self.ok("role", "create", role, *parents)
            for permission, on in grants:
                self.ok("role", "grant", role, permission, *(("--on", on) if on else ()))
            self.ok("user", "create", "u-" + role)
            self.ok("role", "assign", "u-" + role, role)

    def test_every_role_permission_and_resource(self):
        server = self.serve()
        client, wrong, allowed = server.client(), [], 0
        for role in self.ROLES:
            token = self.token("u-" + role)
            for permission in self.PERMISSIONS:
                for resource in self.RESOURCES:
                    query = f"?permission={permission}" + (f"&resource={resource}" if resource else "")
                    expected = 204 if self.allows(role, permission, resource) else 403
                    allowed += expected == 204
                    for headers in (self.bearer(token), {"Cookie": "__Host-authctl_access=" + token}):
                        got = server.ask("GET", "/auth/verify" + query, headers=headers, client=client).status
                        if got != expected:
                            wrong.append((role, permission, resource, got, expected))
                    self.assertEqual(server.ask("GET", "/auth/verify" + query, client=client).status, 401)
        self.assertEqual(wrong, [])
        self.assertGreater(allowed, 20)

    def callers(self):
        """name -> headers; those that begin with `ok` are somebody."""
        good, gone, dead = self.token(), self.token("u-viewer"), self.token()
        self.ok("token", "revoke", "-", stdin=dead)
        self.ok("user", "disable", "u-viewer")
        cookie = lambda token: {"Cookie": "__Host-authctl_access=" + token}
        return {"nobody": {}, "garbage": self.bearer("a.b.c"), "cut": self.bearer(good[:-1]), "revoked": self.bearer(dead),
                "disabled": self.bearer(gone), "disabled cookie": cookie(gone), "refresh": self.bearer(self.token("ann", "--type", "refresh")),
                "expired": self.bearer(self.token("ann", "--ttl", "1s")), "elsewhere": self.bearer(self.token("ann", "--audience", "x")),
                "basic": {"Authorization": "Basic " + good}, "basic and cookie": {"Authorization": "Basic x", **cookie(good)},
                "two cookies": {"Cookie": f"__Host-authctl_access={good}; __Host-authctl_access={good}"},
                "ok bearer": self.bearer(good), "ok cookie": cookie(good), "ok chief": self.bearer(self.token("u-chief"))}

    def test_every_route_method_and_caller(self):
        server = self.serve(env={"AUTHCTL_REGISTRATION": "on", **{f"AUTHCTL_LIMIT_{one}": "100000/1m" for one in ("LOGIN", "REGISTER", "RESET", "REFRESH", "MFA")}})
        callers = self.callers()
        time.sleep(1.1)  # the short one is over
        paths, seen = self.ok("schema", "http").json["paths"], 0
        needs_somebody = {("GET", "/auth/me"), ("POST", "/auth/password"), ("GET", "/auth/verify")}
        for path, operations in paths.items():
            known = {method.upper() for method in operations}
            for method in self.METHODS:
                for name, headers in callers.items():
                    answer = server.ask(method, path, headers=headers)
                    where, seen = f"{method} {path} as {name}: {answer}", seen + 1
                    asked = "GET" if method == "HEAD" else method
                    if path == "/metrics":
                        self.assertEqual(answer.status, 404, where)
                    elif method == "OPTIONS":
                        self.assertEqual(answer.status, 204, where)
                    elif asked not in known:
                        self.assertEqual(answer.status, 405, where)
                    elif (asked, path) in needs_somebody and not name.startswith("ok"):
                        self.assertEqual(answer.status, 401, where)
                    elif (asked, path) == ("POST", "/auth/password"):
                        self.assertEqual(answer.status, 403 if "cookie" in name else 422, where)
                    elif (asked, path) in needs_somebody:
                        self.assertIn(answer.status, (200, 204), where)
                    elif asked == "POST":  # open to everybody; without a body nothing comes of it
                        self.assertIn(answer.status, (204, 401, 403, 422) if path == "/auth/logout" and name.startswith("ok") else (401, 422), where)
                    else:
                        self.assertEqual(answer.status, 200, where)
        self.assertGreater(seen, 1000)


class Life(ServerTest):
    def test_it_ends_with_0_when_told_to_and_lets_what_was_begun_end(self):
        server = self.serve(tls=True)
        self.assertEqual(server.ask("GET", "/healthz").json, {"status": "ok"})
        self.assertEqual(server.stop(), 0)
        self.assertEqual([e["event"] for e in server.events()][-2:], ["server.draining", "server.stopped"])

    def test_a_request_that_was_begun_before_sigterm_is_answered_and_nothing_after_it(self):
        for tls in (False, True):
            server = self.serve(tls=tls)
            body = json.dumps({"username": "ann", "password": self.PASSWORD}).encode()
            begun, idle = server.connect(), server.connect()
            begun.sendall(b"POST /auth/login?mode=token HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                          b"Content-Length: %d\r\n\r\n" % len(body) + body[:10])
            idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertIn(b" 200 OK", idle.recv(4096))
            server.signal(signal.SIGTERM)
            server.wait_for("server.draining")
            self.assertEqual(server.drain(idle), (b"", True))
            with self.assertRaises(OSError):
                server.connect(timeout=2)
            begun.sendall(body[10:] + b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            raw, closed = server.drain(begun)
            self.assertEqual((statuses(raw), closed), ([200], True))
            self.assertIn(b"\r\nConnection: close\r\n", raw)
            self.assertEqual(server.stop(), 0)
            begun.close(), idle.close()

    def test_a_handshake_that_nobody_ends_is_cut_and_holds_nothing_up(self):
        server = self.serve(tls=True)
        begun = server.connect()
        silent, half = (socket.create_connection(("127.0.0.1", server.port), timeout=20) for _ in range(2))
        begun.sendall(b"GET /healthz HTTP/1.1\r\n")
        half.sendall(b"\x16\x03\x01\x02")  # of a ClientHello
        server.ask("GET", "/healthz")
        server.signal(signal.SIGTERM)
        for client in (silent, half):
            self.assertEqual(server.drain(client), (b"", True))
            client.close()
        self.assertIsNone(server.process.poll())  # it was not the end of the process that cut them
        begun.sendall(b"Host: a\r\n\r\n")
        raw, closed = server.drain(begun)
        self.assertEqual((statuses(raw), closed), ([200], True))
        begun.close()
        self.assertEqual(server.stop(), 0)
        self.assertFalse([event for event in server.events() if event.get("level") in ("warning", "error")])

    def test_plain_http_is_for_loopback_only(self):
        for options, hint in ((("--listen", "0.0.0.0:0"), "--tls-cert"), (("--tls-cert", "x"), "--tls-key"),
                              (("--listen", "nowhere"), "127.0.0.1:8443"), (("--behind-proxy", "x/y"), "10.0.0.0/8")):
            result = self.run_("serve", *options)
            self.assertEqual(result.code, 2, repr(result))
            self.assertIn(hint, result.err)
        for options in (("--tls-cert", "nofile", "--tls-key", "nokey"), ("--dry-run", "--tls-cert", "nofile", "--tls-key", "nokey")):
            self.assertIn('no file "nofile"', self.expect(3, "serve", *options).err)

    def test_a_dry_run_looks_at_everything_and_answers_nobody(self):
        result = self.ok("serve", "--dry-run", "--dev", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0",
                         env={"AUTHCTL_AUTH_LOG": self.home.path("auth.log")})
        line = json.loads(result.err)
        self.assertEqual((line["event"], line["tls"]), ("server.would_start", True))
        self.assertEqual({"listen", "metrics", "certificate_sha256"} - set(line), set())
        self.assertFalse(os.path.exists(self.home.path("auth.log")))
        server = self.serve()
        taken = self.expect(1, "serve", "--dry-run", "--listen", f"127.0.0.1:{server.port}")
        self.assertNotIn("would_start", taken.err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
