"""Real proxies with TLS, asking authctl, and an application behind them: docs/examples/nginx.conf and Caddyfile as they are
written. Traefik is no package of Debian: of it the requests are played, by what docs/examples/traefik.yml says."""
import http.client
import http.cookies
import http.server
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
import unittest

from server_harness import ServerTest

EXAMPLES = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "examples")
CADDY = shutil.which("caddy")
NGINX = shutil.which("nginx") or ("/usr/sbin/nginx" if os.path.exists("/usr/sbin/nginx") else None)
MAIN = """
daemon off; master_process off; pid FOLDER/nginx.pid; error_log FOLDER/nginx.log; worker_rlimit_nofile 1024;
events { worker_connections 256; }
http { access_log off; client_body_temp_path FOLDER/t1; proxy_temp_path FOLDER/t2; fastcgi_temp_path FOLDER/t3;
uwsgi_temp_path FOLDER/t4; scgi_temp_path FOLDER/t5; include FOLDER/site.conf; }
"""


class Application(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = "\n".join(f"{name}: {value}" for name, value in self.headers.items()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_):
        pass


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Proxied:
    """What holds behind every proxy."""

    unreachable = None  # the status where authctl cannot be reached

    def setUp(self):
        super().setUp()
        self.ok("role", "grant", "reader", "app:read")
        self.server = self.serve("--behind-proxy", "127.0.0.1")
        self.application = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Application)
        threading.Thread(target=self.application.serve_forever, daemon=True).start()
        self.addCleanup(self.application.server_close)
        self.addCleanup(self.application.shutdown)
        self.port = free_port()
        self.folder = self.home.path("proxy")
        os.mkdir(self.folder)
        self.start_proxy()

    def example(self, name, *places):
        """The example with the ports and files of this test in the place of its own."""
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                        self.folder + "/k", "-out", self.folder + "/c", "-days", "2", "-subj", "/CN=app.example.com"], check=True,
                       capture_output=True)
        with open(os.path.join(EXAMPLES, name), encoding="utf-8") as file:
            text = file.read()
        for old, new in (("127.0.0.1:8443", f"127.0.0.1:{self.server.port}"), ("127.0.0.1:8080", f"127.0.0.1:{self.application.server_port}"), *places):
            self.assertIn(old, text)
            text = text.replace(old, new)
        return text

    def start(self, *argv):
        process = subprocess.Popen(argv, env={**os.environ, "HOME": self.folder, "XDG_DATA_HOME": self.folder, "XDG_CONFIG_HOME": self.folder},
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        end = time.monotonic() + 10
        while True:
            try:
                return self.connect().close()
            except OSError:
                self.assertLess(time.monotonic(), end)
                time.sleep(0.02)

    def connect(self):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(socket.create_connection(("127.0.0.1", self.port), timeout=20), server_hostname="app.example.com")

    def get(self, path, headers):
        client = http.client.HTTPConnection("127.0.0.1", self.port)
        client.sock = self.connect()
        client.request("GET", path, headers={"Host": "app.example.com", **headers})
        response = client.getresponse()
        body = response.read().decode()
        client.close()
        return response.status, {line.split(": ")[0].lower(): line.split(": ", 1)[1] for line in body.split("\n") if ": " in line}

    def test_who_may_pass_and_what_the_application_learns(self):
        token = self.token()
        cookie = {"Cookie": "__Host-authctl_access=" + token}
        self.assertEqual(self.get("/", {})[0], 401)
        self.assertEqual(self.get("/", {"Authorization": "Bearer x"})[0], 401)
        among = {"Cookie": f"theme=dark; __Host-authctl_csrf=x.y; __Host-authctl_access={token}; language=de"}
        first = {"Cookie": f"__Host-authctl_access={token}; __Host-authctl_csrf=x.y; theme=dark; language=de"}
        last = {"Cookie": f"theme=dark; language=de;\t__Host-authctl_csrf=x.y;__Host-authctl_access={token}"}
        for headers in (cookie, self.bearer(token), among, first, last):
            status, seen = self.get("/", headers)
            self.assertEqual((status, seen["x-auth-user"], seen["x-auth-roles"]), (200, "ann", "reader"))
            self.assertNotIn("authorization", seen)
            self.assertNotIn("authctl", seen.get("cookie", ""))
            kept = {name: one.value for name, one in http.cookies.SimpleCookie(seen.get("cookie", "")).items()}
            self.assertEqual(kept, {"theme": "dark", "language": "de"} if headers in (among, first, last) else {})
        self.assertEqual(self.get("/admin/", cookie)[0], 403)

    def test_what_a_visitor_says_of_itself_changes_nothing(self):
        token = self.token()
        lies = {"X-Auth-User": "root", "X_Auth_User": "root", "X-Auth-Roles": "admin", "Remote-User": "root", "X-Remote-User": "root",
                "X-Forwarded-Uri": "/public", "X-Original-URL": "/public", "X-Forwarded-Method": "OPTIONS",
                "X-Forwarded-Host": "evil.example", "X-Forwarded-For": "127.0.0.1", "Forwarded": "for=127.0.0.1"}
        self.assertEqual(self.get("/", lies)[0], 401)
        status, seen = self.get("/", {**lies, **self.bearer(token)})
        self.assertEqual((status, seen["x-auth-user"], seen["x-auth-roles"]), (200, "ann", "reader"))
        self.assertNotIn("remote-user", seen)
        self.assertNotIn("x_auth_user", seen)
        for path in ("/admin/?permission=app:read", "/admin/%2e%2e/admin/", "/admin//", "/ADMIN/../admin/", "/admin/#/"):
            self.assertEqual(self.get(path, {**lies, **self.bearer(token)})[0], 403, path)
        for cookie in ('__Host-authctl_access="' + token, "__Host-authctl_access=" + token + "; __Host-authctl_access=x", "=;;" * 50):
            self.assertEqual(self.get("/", {"Cookie": cookie})[0], 401, cookie)

    def test_what_the_command_line_changes_holds_behind_the_proxy_too(self):
        token = self.token()
        self.assertEqual(self.get("/", self.bearer(token))[0], 200)
        other = self.token()
        self.ok("token", "revoke", "-", stdin=other)
        time.sleep(0.3)
        self.assertEqual(self.get("/", self.bearer(other))[0], 401)
        self.assertEqual(self.get("/", self.bearer(token))[0], 200)
        self.ok("role", "unassign", "ann", "reader")
        time.sleep(0.3)
        self.assertEqual(self.get("/", self.bearer(token))[0], 403)
        self.ok("user", "disable", "ann")
        time.sleep(0.3)
        self.assertEqual(self.get("/", self.bearer(token))[0], 401)

    def test_a_proxy_that_cannot_reach_authctl_lets_nobody_through(self):
        token = self.token()
        self.server.stop()
        self.assertEqual(self.get("/", self.bearer(token))[0], self.unreachable)

    def test_signing_in_goes_through(self):
        client = http.client.HTTPConnection("127.0.0.1", self.port)
        client.sock = self.connect()
        client.request("POST", "/auth/login", json.dumps({"username": "ann", "password": self.PASSWORD}), {"Host": "app.example.com", "Content-Type": "application/json"})
        response = client.getresponse()
        response.read()
        client.close()
        cookies = "; ".join(value.split(";")[0] for name, value in response.getheaders() if name.lower() == "set-cookie")
        self.assertEqual(response.status, 200)
        self.assertEqual(self.get("/", {"Cookie": cookies})[0], 200)

    def write(self, name, text):
        with open(f"{self.folder}/{name}", "w", encoding="utf-8") as file:
            file.write(text)


@unittest.skipUnless(NGINX, "SKIPPED: nginx is not installed")
class Nginx(Proxied, ServerTest):
    unreachable = 500

    def start_proxy(self):
        self.write("site.conf", self.example("nginx.conf", ("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl"),
                                             ("/etc/ssl/app.example.com.pem", self.folder + "/c"), ("/etc/ssl/app.example.com.key", self.folder + "/k")))
        self.write("nginx.conf", MAIN.replace("FOLDER", self.folder))
        self.start(NGINX, "-p", self.folder, "-c", self.folder + "/nginx.conf")

    def test_nobody_outside_can_ask_the_question(self):
        self.assertEqual(self.get("/_authctl", self.bearer(self.token()))[0], 404)


@unittest.skipUnless(CADDY, "SKIPPED: caddy is not installed")
class Caddy(Proxied, ServerTest):
    unreachable = 502

    def start_proxy(self):
        head = "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\n"
        site = f"https://app.example.com:{self.port} {{\n\tbind 127.0.0.1\n\ttls {self.folder}/c {self.folder}/k\n"
        self.write("Caddyfile", head + self.example("Caddyfile", ("app.example.com {\n", site)))
        self.start(CADDY, "run", "--config", self.folder + "/Caddyfile", "--adapter", "caddyfile")


class Traefik(ServerTest):
    """ForwardAuth sends a GET with the fields of authRequestHeaders and what it knows of the request itself."""

    def test_what_it_asks(self):
        with open(os.path.join(EXAMPLES, "traefik.yml"), encoding="utf-8") as file:
            text = file.read()
        questions = re.findall(r'address: "http://127.0.0.1:8443(/[^"]*)"', text)
        self.assertEqual(questions, ["/auth/verify?permission=app:read", "/auth/verify?permission=app:administer"])
        self.assertEqual(re.findall(r"trustForwardHeader: (\S+)", text), ["false"] * 2)
        self.assertEqual(re.findall(r"middlewares: (\[.*)", text), [f'["clean", "{may}", "no-token"]' for may in ("may-administer", "may-read")])
        cleaned = re.findall(r'^ {10}(\S+): ""$', text.split("    clean:")[1].split("    no-token:")[0], re.MULTILINE)
        spellings = {"-".join(words).replace("-", mark, 1) if len(words) == 2 else words[0] + mark + words[1] + other + words[2]
                     for words in (("X", "Auth", "User"), ("X", "Auth", "Roles"), ("Remote", "User")) for mark in "-_" for other in "-_"}
        self.assertEqual(set(cleaned), spellings)
        self.ok("role", "grant", "reader", "app:read")
        server, token = self.serve("--behind-proxy", "127.0.0.1"), self.token()
        for method in ("GET", "POST", "DELETE", "OPTIONS"):
            says = {"X-Forwarded-Method": method, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "app.example.com", "X-Forwarded-Uri": "/a?permission=app:administer",
                    "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Port": "443", "X-Forwarded-Server": "edge", "X-Real-Ip": "192.0.2.7"}
            for who, statuses in ((self.bearer(token), (204, 403)), ({"Cookie": "__Host-authctl_access=" + token}, (204, 403)), ({}, (401, 401))):
                answers = [server.ask("GET", question, headers={**says, **who}) for question in questions]
                self.assertEqual(tuple(answer.status for answer in answers), statuses, (method, who))
                self.assertEqual([answer.headers.get("x-auth-user") for answer in answers], ["ann" if status == 204 else None for status in statuses])


if __name__ == "__main__":
    unittest.main(verbosity=2)
