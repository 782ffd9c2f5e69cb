"""What who runs the server works with: metrics, log lines, the redirect listener, certificates, proxies, readiness."""
import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
import unittest

from harness import BINARY
from server_harness import Server, ServerTest, statuses


class Operations(ServerTest):
    def certificate(self, name):
        key, cert = self.home.path(name + ".key"), self.home.path(name + ".pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                        key, "-out", cert, "-days", "2", "-subj", "/CN=" + name, "-addext", "subjectAltName=DNS:" + name],
                       check=True, capture_output=True)
        return cert, key

    def test_metrics_are_on_their_own_listener_only(self):
        server = self.serve("--metrics-listen", "127.0.0.1:0")
        self.assertEqual(server.ask("GET", "/metrics").status, 404)
        token = self.token()
        for _ in range(3):
            self.assertEqual(server.ask("GET", "/auth/verify?permission=read:posts", headers=self.bearer(token)).status, 204)
        self.assertEqual(server.ask("GET", "/auth/verify?permission=x", headers=self.bearer(token)).status, 403)
        answer = server.ask("GET", "/metrics", port=server.metrics_port)
        self.assertEqual(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8")
        for line in ('authctl_http_requests_total{method="GET",route="/auth/verify",status="2xx"} 3',
                     'authctl_http_requests_total{method="GET",route="/auth/verify",status="4xx"} 1',
                     'authctl_permission_checks_total{outcome="allowed"} 3',
                     'authctl_permission_checks_total{outcome="denied"} 1', "authctl_store_ready 1"):
            self.assertIn(line + "\n", answer.text)
        self.assertNotIn("ann", answer.text)
        self.assertEqual(server.ask("GET", "/healthz", port=server.metrics_port).status, 404)
        for port, methods in ((server.metrics_port, {"GET", "HEAD", "OPTIONS"}), (None, {"GET", "HEAD", "POST", "OPTIONS"})):
            answer = server.ask("OPTIONS", "*", **({"port": port} if port else {}))
            self.assertEqual((answer.status, set(answer.headers["allow"].split(", "))), (204, methods))

    def test_metrics_away_from_loopback_are_encrypted_as_everything_is(self):
        server = self.serve("--dev", "--metrics-listen", "0.0.0.0:0", tls=True)
        plain, _ = server.raw(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", port=server.metrics_port)
        self.assertNotIn(b"authctl_", plain)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        client = http.client.HTTPSConnection("127.0.0.1", server.metrics_port, context=context, timeout=20)
        client.request("GET", "/metrics")
        answer = client.getresponse()
        self.assertEqual(answer.status, 200)
        self.assertIn(b"authctl_store_ready 1\n", answer.read())
        client.close()

    def test_plain_requests_are_sent_to_the_issuer_and_nowhere_else(self):
        server = self.serve("--redirect-listen", "127.0.0.1:0", tls=True, env={"AUTHCTL_ISSUER": "https://id.example.com"})
        answer = server.ask("GET", "/page?a=b", headers={"Host": "evil.example"}, port=server.redirect_port)
        self.assertEqual((answer.status, answer.headers["location"]), (301, "https://id.example.com/page?a=b"))
        for method, path, headers in (("POST", "/auth/login", {}), ("GET", "/auth/me", {}), ("GET", "/", {"Cookie": "a=b"}),
                                      ("DELETE", "/healthz", {}), ("OPTIONS", "/auth/login", {"Origin": "http://evil.example"}),
                                      ("HEAD", "/", {"Authorization": "Bearer x"})):
            answer = server.ask(method, path, headers=headers, port=server.redirect_port)
            self.assertEqual((answer.status, answer.headers["location"]), (301, "https://id.example.com" + path), method)
            self.assertEqual(answer.headers["strict-transport-security"], "max-age=31536000; includeSubDomains")
            self.assertNotIn("set-cookie", answer.headers)
        body = server.ask("POST", "/auth/login", {"username": "ann", "password": self.PASSWORD}, port=server.redirect_port)
        self.assertEqual(body.status, 301)
        answer = server.ask("OPTIONS", "*", port=server.redirect_port)
        self.assertEqual((answer.status, answer.headers["location"]), (301, "https://id.example.com/"))
        raw, closed = server.raw(b"GET //evil.example HTTP/1.1\r\nHost: evil.example\r\nHost: x\r\n\r\n", port=server.redirect_port)
        self.assertEqual((statuses(raw), closed), ([400], True))

    def test_an_issuer_or_an_origin_that_nobody_could_be_told_is_refused(self):
        for name, values in (("AUTHCTL_ISSUER", ("http://x", "http://id.example.com", "id.example.com", "ftp://id.example.com", "https://",
                                                 "https://id.example.com/?a", "https://id.example.com/#a", "https://a@id.example.com",
                                                 "http://localhost.evil.example", "javascript:alert(1)")),
                             ("AUTHCTL_CORS_ORIGINS", ("*", "https://*.example.com", "https://a.example.com,*", "https://a.example.com/", "null",
                                                       "https://A.example.com", "https://a.example.com:443", "a.example.com"))):
            for value in values:
                result = self.run_("serve", "--listen", "127.0.0.1:0", env={name: value}, timeout=20)
                self.assertEqual(result.code, 2, repr(result))
                self.assertIn("https://", result.err.split("hint: ")[1])
        for issuer in ("http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080", "https://id.example.com/base"):
            server = self.serve(env={"AUTHCTL_ISSUER": issuer, "AUTHCTL_CORS_ORIGINS": "http://localhost:3000 https://a.example.com:8443"})
            self.assertEqual(server.ask("GET", "/.well-known/openid-configuration").json["issuer"], issuer)
            self.assertEqual(server.stop(), 0)

    def test_a_certificate_is_read_again_on_sighup_and_a_bad_one_changes_nothing(self):
        cert, key = self.certificate("one.example")
        server = self.serve("--tls-cert", cert, "--tls-key", key, tls=True)
        names = []

        def name():
            with socket.create_connection(("127.0.0.1", server.port)) as plain:
                context = ssl.create_default_context()
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
                with context.wrap_socket(plain) as tls:
                    return ssl.DER_cert_to_PEM_cert(tls.getpeercert(True))

        names.append(name())
        open_before = server.client()
        second, second_key = self.certificate("two.example")
        os.replace(second, cert)
        os.replace(second_key, key)
        server.signal(signal.SIGHUP)
        server.wait_for("server.reloaded")
        time.sleep(0.1)
        names.append(name())
        self.assertNotEqual(names[0], names[1])
        self.assertEqual(server.ask("GET", "/healthz", client=open_before).status, 200)
        open_before.close()
        with open(cert, "w", encoding="utf-8") as file:
            file.write("no certificate")
        server.signal(signal.SIGHUP)
        server.wait_for("server.reload_failed")
        self.assertEqual(name(), names[1])

    def test_old_tls_is_refused(self):
        server = self.serve(tls=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        with socket.create_connection(("127.0.0.1", server.port)) as plain, self.assertRaises(ssl.SSLError):
            context.wrap_socket(plain)
        raw = b""
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as plain:  # plain HTTP on the TLS port
            plain.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            raw, closed = server.drain(plain)
        self.assertTrue(closed)
        self.assertEqual(statuses(raw), [])

    def test_log_lines_are_json_and_hold_no_secret_and_no_whole_address(self):
        server = self.serve("--behind-proxy", "127.0.0.1")
        token = self.token()
        secret = "hunter2-in-a-query"
        headers = {**self.bearer(token), "X-Forwarded-For": "203.0.113.77", "X-Forwarded-Proto": "https",
                   "Cookie": "a=" + secret}
        server.ask("GET", f"/no/such?code={secret}", headers=headers)
        server.ask("GET", "/no\x1b[31m".replace("\x1b", "%1b"), headers=headers)
        server.stop()
        lines = "\n".join(server.lines)
        self.assertTrue(all(event["event"] for event in server.events()), lines)
        self.assertTrue([e for e in server.events() if e["event"] == "request" and e["status"] == 404], lines)
        for hidden in (secret, token, "203.0.113.77"):
            self.assertNotIn(hidden, lines)

    def test_a_proxy_that_is_trusted_says_whether_it_was_https(self):
        for several in (("192.0.2.0/24", "127.0.0.1/32"), ("192.0.2.0/24", "--behind-proxy", "127.0.0.1/32")):
            server = self.serve("--behind-proxy", *several)
            answer = server.ask("POST", "/auth/login", {"username": "x", "password": "y"}, {"X-Forwarded-For": "203.0.113.77", "X-Forwarded-Proto": "https"})
            self.assertEqual(answer.status, 401)
            self.assertEqual(server.wait_for("request")["ip"], "203.0.***.***")
            self.assertEqual(server.stop(), 0)
        server = self.serve("--behind-proxy", "127.0.0.1/32")
        token = self.token()
        for proto, status in (("https", 204), ("http", 403), (None, 204)):
            headers = {**self.bearer(token), **({"X-Forwarded-Proto": proto} if proto else {})}
            self.assertEqual(server.ask("GET", "/auth/verify", headers=headers).status, status, proto)
        self.assertEqual(server.ask("GET", "/healthz", headers={"X-Forwarded-Proto": "http"}).status, 200)
        plain = self.serve()
        headers = {**self.bearer(token), "X-Forwarded-Proto": "http"}  # nobody is trusted: it changes nothing
        self.assertEqual(plain.ask("GET", "/auth/verify", headers=headers).status, 204)

    def test_cors_is_for_the_origins_that_are_named_to_the_letter(self):
        server = self.serve(env={"AUTHCTL_CORS_ORIGINS": "https://app.example.com,https://b.example.com"})
        for origin, allowed in (("https://app.example.com", True), ("https://b.example.com", True), ("null", False),
                                ("https://app.example.com.evil.example", False), ("http://app.example.com", False),
                                ("https://APP.example.com", False), ("https://app.example.com:443", False)):
            answer = server.ask("GET", "/healthz", headers={"Origin": origin})
            self.assertEqual(answer.headers.get("access-control-allow-origin"), origin if allowed else None, origin)
            self.assertEqual(answer.headers.get("vary"), "Origin")
            preflight = server.ask("OPTIONS", "/auth/verify", headers={"Origin": origin, "Access-Control-Request-Method": "GET"})
            self.assertEqual("access-control-allow-methods" in preflight.headers, allowed, origin)
        self.assertNotIn("access-control-allow-origin", self.serve().ask("GET", "/healthz", headers={"Origin": "https://a"}).headers)

    def test_a_page_of_a_named_origin_can_read_that_its_request_was_too_large(self):
        server = self.serve(env={"AUTHCTL_CORS_ORIGINS": "https://app.example.com"})
        for fields, status, allowed in (("Content-Length: 100000", 413, True), ("Content-Length: 2\r\nExpect: x", 417, True),
                                        ("Transfer-Encoding: chunked\r\n\r\n20000", 413, True), ("Content-Encoding: br\r\nContent-Length: 2", 415, True),
                                        ("X: " + "x" * 20000, 431, False), ("Content-Length: 2\r\nContent-Length: 3", 400, False)):
            raw, _ = server.raw(("POST /auth/login HTTP/1.1\r\nHost: a\r\nOrigin: https://app.example.com\r\n"
                                 f"Content-Type: application/json\r\n{fields}\r\n\r\n").encode())
            self.assertEqual(statuses(raw), [status], fields)
            self.assertIn(b"\r\nVary: Origin\r\n", raw)
            self.assertEqual(b"\r\nAccess-Control-Allow-Origin: https://app.example.com\r\n" in raw, allowed, fields)
            self.assertIn(b"\r\nStrict-Transport-Security: ", raw)
        raw, _ = self.serve().raw(b"POST /auth/login HTTP/1.1\r\nHost: a\r\nOrigin: https://a\r\nContent-Length: 100000\r\n\r\n")
        self.assertEqual(statuses(raw), [413])
        self.assertNotIn(b"Vary", raw)

    def test_options_that_could_not_work_are_refused(self):
        for options, said in ((("--redirect-listen", "127.0.0.1:0"), "https is not served"), (("--threads", "0"), "--threads"),
                              (("--threads", "1000000"), "--threads"), (("--threads", "-1"), "--threads"),
                              (("--listen", "127.0.0.1"), "--listen"), (("--listen", "127.0.0.1:70000"), "--listen"),
                              (("--behind-proxy", "nowhere"), "--behind-proxy"), (("--tls-cert", "x.pem"), "--tls-key")):
            result = self.run_("serve", "--listen", "127.0.0.1:0", *options, timeout=20) if "--listen" not in options else \
                self.run_("serve", *options, timeout=20)
            self.assertEqual(result.code, 2, repr(result))
            self.assertIn(said, result.err)
        for name in ("ACCESS_TTL", "REFRESH_TTL", "SESSION_IDLE", "SESSION_MAX", "TIMEOUT_HEAD", "TIMEOUT_IDLE"):
            result = self.run_("serve", "--listen", "127.0.0.1:0", env={"AUTHCTL_" + name: "0"}, timeout=20)
            self.assertEqual(result.code, 2, repr(result))
            self.assertIn(f'AUTHCTL_{name} "0" is no time at all', result.err)
            result = self.run_("serve", "--listen", "127.0.0.1:0", env={"AUTHCTL_" + name: "36526d"}, timeout=20)
            self.assertEqual(result.code, 2, repr(result))
            self.assertIn("is longer than a hundred years", result.err)
        server = self.serve("--redirect-listen", "127.0.0.1:0", "--behind-proxy", "127.0.0.1")  # the proxy serves https
        self.assertEqual(server.ask("GET", "/a", port=server.redirect_port).status, 301)

    @unittest.skipUnless(os.geteuid() == 0, "SKIPPED: another user's limits need root")
    @unittest.skipIf(os.environ.get("ASAN_OPTIONS"), "a sanitizer needs threads of its own")
    def test_where_there_are_no_more_threads_the_server_lives_on(self):
        nobody, most = 61234, 12  # threads that this user may have
        program = self.home.path("authctl")
        shutil.copy(BINARY, program)
        for folder, _, names in os.walk(self.home.folder):
            for path in (folder, *(os.path.join(folder, name) for name in names)):
                os.chown(path, nobody, nobody)
        user = ["setpriv", f"--reuid={nobody}", f"--regid={nobody}", "--clear-groups"]
        server = self.serve(env={"AUTHCTL_LIMIT_LOGIN": "1000/1m", "AUTHCTL_PASSWORD_MEMORY_KIB": "19456"},
                            wrapper=[*user, "prlimit", f"--nproc={most}:{most}", program])
        answers = []
        ask = lambda: answers.append(server.ask("POST", "/auth/login?mode=token", {"username": "ann", "password": self.PASSWORD}).status)
        threads = [threading.Thread(target=ask) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertLessEqual(set(answers), {200, 503})
        self.assertIn(200, answers)
        self.assertEqual(server.stop(), 0, "\n".join(server.lines[-5:]))
        # With too few it does not start, whichever of its threads is missing.
        for most in range(2, 100):
            server = self.serve("--threads", "2", wait=False, wrapper=[*user, "prlimit", f"--nproc={most}:{most}", program])
            while server.process.poll() is None and "server.started" not in "".join(server.lines):
                time.sleep(0.01)
            if server.process.poll() is None:
                break
            server.reader.join(5)
            said = "\n".join(server.lines)
            self.assertEqual(server.process.returncode, 8, said)
            self.assertIn("no more threads", said)
        self.assertGreater(most, 4)
        self.assertEqual(server.stop(), 0)
        # A command with workers goes on with fewer.
        tokens = self.home.write("tokens", (self.token() + "\n") * 3)
        os.chown(tokens, nobody, nobody)
        for most, code in ((1, 8), (2, 0), (3, 0)):
            done = subprocess.run([*user, "prlimit", f"--nproc={most}:{most}", program, "token", "verify", tokens, "--batch"],
                                  env=self.home.env, cwd=self.home.folder, capture_output=True, text=True, timeout=20, check=False)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertEqual(done.stdout.count('{"valid":true'), 0 if code else 3)

    def test_two_servers_do_not_share_a_port_by_accident(self):
        server = self.serve()
        result = self.run_("serve", "--listen", f"127.0.0.1:{server.port}")
        self.assertEqual(result.code, 1, repr(result))
        self.assertIn("Address already in use", result.err)

    def test_it_is_not_ready_while_the_store_is_gone(self):
        server = self.serve()
        self.assertEqual(server.ask("GET", "/readyz").status, 200)
        for side in ("", "-wal"):
            if os.path.exists(self.home.store + side):
                os.truncate(self.home.store + side, 0)
        end = time.monotonic() + 20
        while server.ask("GET", "/readyz").status != 503:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        self.assertEqual(server.ask("GET", "/healthz").status, 200)

    def wait_until_ready(self, server, status):
        end = time.monotonic() + 20
        while server.ask("GET", "/readyz").status != status:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)

    def login(self, server):
        return server.ask("POST", "/auth/login?mode=token", {"username": "ann", "password": self.PASSWORD})

    def move_store(self, to, copy=False):
        for side in ("", "-wal", "-shm"):
            if copy and side == "-shm":
                continue
            if os.path.exists(self.home.store + side):
                (shutil.copy if copy else os.rename)(self.home.store + side, to + side)

    def test_a_store_that_was_moved_away_is_no_store_and_nothing_is_lost_into_it(self):
        cheap = {"AUTHCTL_PASSWORD_MEMORY_KIB": "19456", "AUTHCTL_PASSWORD_PASSES": "2", "AUTHCTL_LIMIT_LOGIN": "1000/1m"}
        server = self.serve(env=cheap)
        self.assertEqual(self.login(server).status, 200)
        away = self.home.path("data/away.db")
        self.move_store(away)
        self.assertEqual(self.login(server).status, 503)  # before anything has noticed
        self.wait_until_ready(server, 503)
        self.assertEqual(server.ask("GET", "/healthz").status, 200)
        for side in ("", "-wal", "-shm"):
            if os.path.exists(away + side):
                os.rename(away + side, self.home.store + side)
        self.wait_until_ready(server, 200)
        self.assertEqual(self.login(server).status, 200)
        self.assertEqual(server.stop(), 0)
        self.ok("audit", "verify")

    def test_a_store_that_stands_in_its_place_is_the_one_that_is_served(self):
        cheap = {"AUTHCTL_PASSWORD_MEMORY_KIB": "19456", "AUTHCTL_PASSWORD_PASSES": "2", "AUTHCTL_LIMIT_LOGIN": "1000/1m"}
        copy = self.home.path("data/copy.db")
        self.move_store(copy, copy=True)
        server = self.serve(env=cheap)
        old = self.login(server).json["access_token"]
        self.assertEqual(server.ask("GET", "/auth/me", headers=self.bearer(old)).status, 200)
        self.move_store(self.home.path("data/away.db"))
        for side in ("", "-wal"):
            if os.path.exists(copy + side):
                os.rename(copy + side, self.home.store + side)
        time.sleep(1)
        self.wait_until_ready(server, 200)
        answer = self.login(server)
        self.assertEqual(answer.status, 200)
        self.assertEqual(len(self.ok("session", "list", "--json").json), 1)  # it is in the store that others see
        self.assertEqual(server.ask("GET", "/auth/me", headers=self.bearer(answer.json["access_token"])).status, 200)
        self.ok("user", "disable", "ann")
        time.sleep(0.3)
        self.assertEqual(server.ask("GET", "/auth/verify", headers=self.bearer(answer.json["access_token"])).status, 401)
        self.assertEqual(server.stop(), 0)

    def test_checks_are_entries_where_the_settings_say_so(self):
        server = self.serve(env={"AUTHCTL_AUDIT_CHECKS": "denied"})
        token = self.token()
        for permission in ("read:posts", "write:posts"):
            server.ask("GET", "/auth/verify?permission=" + permission, headers=self.bearer(token))
        entries = self.ok("audit", "query", "--action", "permission.check", "--json").json
        self.assertEqual([(e["outcome"], e["detail"]["permission"]) for e in entries], [("denied", "write:posts")])
        self.assertTrue(entries[0]["actor"].startswith("user:"))

    def test_sockets_are_taken_over_from_systemd_and_readiness_is_told(self):
        notify = self.home.path("notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told, socket.socket() as first, socket.socket() as second:
            told.bind(notify)
            told.settimeout(20)
            for sock in (first, second):
                sock.bind(("127.0.0.1", 0))
                sock.listen()
            ports = first.getsockname()[1], second.getsockname()[1]
            # descriptors 3 and 4, as systemd hands them over
            script = (f"exec 3<&{first.fileno()} 4<&{second.fileno()}; LISTEN_FDS=2 LISTEN_FDNAMES=open:metrics LISTEN_PID=$$ "
                      f"NOTIFY_SOCKET={notify} exec {BINARY} serve")
            process = subprocess.Popen(["bash", "-c", script], env=self.home.env, stderr=subprocess.DEVNULL,
                                       pass_fds=(first.fileno(), second.fileno()))
            self.assertEqual(told.recv(100), b"READY=1")
            for port, path in zip(ports, ("/healthz", "/metrics")):
                client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
                client.request("GET", path)
                self.assertEqual(client.getresponse().status, 200)
                client.close()
            process.send_signal(signal.SIGTERM)
            self.assertEqual(told.recv(100), b"STOPPING=1")
            self.assertEqual(process.wait(20), 0)

    def test_the_unit_for_systemd_is_a_tight_sandbox(self):
        unit = os.path.join(os.path.dirname(__file__), "..", "..", "packaging", "systemd", "authctl.service")
        try:
            done = subprocess.run(["systemd-analyze", "security", "--offline=yes", unit], capture_output=True, text=True, timeout=60)
        except FileNotFoundError:
            self.skipTest("systemd-analyze is not installed")
        if "Overall exposure level" not in done.stdout:
            self.skipTest("this systemd-analyze judges no files: " + done.stderr)
        self.assertLess(float(done.stdout.split("authctl.service: ")[-1].split()[0]), 2.0, done.stdout)

    def test_whoever_does_not_read_its_log_does_not_stop_it(self):
        process = subprocess.Popen([BINARY, "serve", "--listen", "127.0.0.1:0"], env=self.home.env, stderr=subprocess.PIPE)
        line = process.stderr.readline()
        port = int(line.split(b'"listen":"127.0.0.1:')[1].split(b'"')[0])
        for _ in range(1500):
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            client.request("GET", "/" + "x" * 150)
            self.assertEqual(client.getresponse().status, 404)
            client.close()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(20), 0)
        process.stderr.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
