"""Real nginx with TLS, auth_request to authctl, and an application behind it: docs/examples/nginx.conf as it is written."""
import http.client
import http.server
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
import unittest

from server_harness import ServerTest

CONF = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "examples", "nginx.conf")
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


@unittest.skipUnless(NGINX, "nginx is not installed")
class Nginx(ServerTest):
    def setUp(self):
        super().setUp()
        self.ok("role", "grant", "reader", "app:read")
        self.server = self.serve("--behind-proxy", "127.0.0.1")
        self.application = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Application)
        threading.Thread(target=self.application.serve_forever, daemon=True).start()
        self.addCleanup(self.application.server_close)
        self.addCleanup(self.application.shutdown)
        self.port = free_port()
        self.start_nginx()

    def start_nginx(self):
        folder = self.home.path("nginx")
        os.mkdir(folder)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                        folder + "/k", "-out", folder + "/c", "-days", "2", "-subj", "/CN=app.example.com"], check=True,
                       capture_output=True)
        with open(CONF, encoding="utf-8") as file:
            site = file.read()
        for old, new in (("127.0.0.1:8443;", f"127.0.0.1:{self.server.port};"),
                         ("127.0.0.1:8080;", f"127.0.0.1:{self.application.server_port};"),
                         ("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl"),
                         ("/etc/ssl/app.example.com.pem", folder + "/c"), ("/etc/ssl/app.example.com.key", folder + "/k")):
            self.assertIn(old, site)
            site = site.replace(old, new)
        for name, text in (("site.conf", site), ("nginx.conf", MAIN.replace("FOLDER", folder))):
            with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
                file.write(text)
        process = subprocess.Popen([NGINX, "-p", folder, "-c", folder + "/nginx.conf"], stderr=subprocess.DEVNULL)
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
        client.request("GET", path, headers=headers)
        response = client.getresponse()
        body = response.read().decode()
        client.close()
        return response.status, {line.split(": ")[0].lower(): line.split(": ", 1)[1] for line in body.split("\n") if ": " in line}

    def test_who_may_pass_and_what_the_application_learns(self):
        token = self.token()
        cookie = {"Cookie": "__Host-authctl_access=" + token}
        self.assertEqual(self.get("/", {})[0], 401)
        self.assertEqual(self.get("/", {"Authorization": "Bearer x"})[0], 401)
        for headers in (cookie, self.bearer(token)):
            status, seen = self.get("/", headers)
            self.assertEqual((status, seen["x-auth-user"], seen["x-auth-roles"]), (200, "ann", "reader"))
            self.assertNotIn("authorization", seen)
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
        self.assertEqual(self.get("/_authctl", self.bearer(token))[0], 404)

    def test_what_the_command_line_changes_holds_behind_the_proxy_too(self):
        token = self.token()
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
        self.assertEqual(self.get("/", self.bearer(token))[0], 500)


if __name__ == "__main__":
    unittest.main(verbosity=2)
