"""A running `authctl serve` and clients for it: http.client for well-behaved requests, raw sockets for the others."""
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time

from harness import BINARY, HomeTest


class Answer:
    def __init__(self, response, body):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.all_headers = response.getheaders()
        self.body = body
        self.text = body.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.text)

    def __repr__(self):
        return f"<{self.status} {self.text}>"


class Server:
    """Runs until stop(); its log lines are in `lines`."""

    def __init__(self, home, *options, tls=False, env=None, wait=True, wrapper=()):
        self.tls = tls
        arguments = [*(wrapper or [BINARY]), "serve", *options]
        if "--listen" not in options:
            arguments += ["--listen", "127.0.0.1:0"]
        if tls and "--tls-cert" not in options:
            arguments += ["--dev"]
        self.lines, self.process = [], subprocess.Popen(
            arguments, env={**home.env, **(env or {})}, cwd=home.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.port = self.metrics_port = self.redirect_port = None
        if wait:
            started = self.wait_for("server.started")
            self.port = self._port(started["listen"])
            self.metrics_port = self._port(started.get("metrics"))
            self.redirect_port = self._port(started.get("redirect"))

    @staticmethod
    def _port(text):
        return int(text.rsplit(":", 1)[1]) if text else None

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))

    def events(self):
        found = []
        for line in list(self.lines):
            try:
                found.append(json.loads(line))
            except ValueError:
                found.append({"event": None, "line": line})
        return found

    def wait_for(self, event, seconds=20, from_line=0):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for found in self.events()[from_line:]:
                if found["event"] == event:
                    return found
            if self.process.poll() is not None and not self.reader.is_alive():
                break
            time.sleep(0.005)
        raise AssertionError(f"no {event}: " + "\n".join(self.lines[-20:]))

    def connect(self, port=None, timeout=20):
        plain = socket.create_connection(("127.0.0.1", port or self.port), timeout=timeout)
        if not self.tls or (port and port != self.port):
            return plain
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(plain, server_hostname="localhost")

    def client(self, port=None):
        made = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=20)
        made.sock = self.connect(port)
        made.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # it sends head and body apart
        return made

    def ask(self, method, path, body=None, headers=None, port=None, client=None):
        one = client or self.client(port)
        if isinstance(body, (dict, list)):
            body, headers = json.dumps(body), {"Content-Type": "application/json", **(headers or {})}
        one.request(method, path, body=body, headers=headers or {})
        response = one.getresponse()
        answer = Answer(response, response.read())
        if not client:
            one.close()
        return answer

    def raw(self, data, seconds=5, port=None):
        """Every byte that comes back until the server ends the connection or is silent for `seconds`."""
        with self.connect(port, timeout=seconds) as sock:
            try:
                sock.sendall(data)
            except (BrokenPipeError, ConnectionResetError):
                pass
            return self.drain(sock)

    @staticmethod
    def drain(sock):
        """(bytes, closed)"""
        got = b""
        while True:
            try:
                more = sock.recv(65536)
            except (TimeoutError, socket.timeout):
                return got, False
            except (ConnectionResetError, ssl.SSLError, OSError):
                return got, True
            if not more:
                return got, True
            got += more

    def memory(self, field="VmRSS"):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(field + r":\s+(\d+)", status.read()).group(1)) * 1024

    def signal(self, which):
        self.process.send_signal(which)

    def stop(self, seconds=40):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(seconds)
        self.reader.join(5)
        self.process.stderr.close()
        return code


def statuses(raw):
    """Of each response in what came back."""
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", raw)]


class ServerTest(HomeTest):
    """A store with `ann` (role `reader`, permission read:posts), and servers that end with the test."""

    PASSWORD = "a long and lively pass phrase"

    def setUp(self):
        super().setUp()
        self.ok("user", "create", "ann", "--password-stdin", "--email", "ann@example.com", stdin=self.PASSWORD + "\n")
        self.ok("role", "create", "reader")
        self.ok("role", "grant", "reader", "read:posts")
        self.ok("role", "assign", "ann", "reader")
        self.servers = []

    def serve(self, *options, **named):
        server = Server(self.home, *options, **named)
        self.servers.append(server)
        return server

    def tearDown(self):
        for server in self.servers:
            if server.process.poll() is None:
                server.process.kill()
                server.stop()
        super().tearDown()

    def token(self, user="ann", *options):
        return self.ok("token", "issue", user, *options).out.strip()

    @staticmethod
    def bearer(token):
        return {"Authorization": "Bearer " + token}
