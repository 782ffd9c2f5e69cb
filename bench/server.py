#!/usr/bin/env python3
"""The server under load, each row against nginx serving a static file, in interleaved rounds on the same core.

usage: bench/server.py BINARY [--rounds N] [--seconds S] [--connections C] [--only WORD] [--storm] [--undisturbed]
The server runs on core 0, wrk on core 1; nginx and wrk have to be installed (scripts/install-packages bench). Tokens are signed
here, with keys that the store was given, so that "first sight" really is one. Prints a table and, with --json, the rows.
--undisturbed: servers and wrk run under `chrt -f 50` (root), for figures on a machine that others use too; it pauses as long as it works.
--storm: sign-ins of unknown names arrive at five times what Argon2id can do on that core, and forward-auth is measured beside them.
"""
import argparse
import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
TOKENS = 20000  # more than the server keeps in mind


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wait_for(port):
    for _ in range(500):
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"nothing listens on {port}")


class Bench:
    def __init__(self, binary, folder):
        self.binary, self.folder, self.processes, self.rows, self.first = binary, folder, [], [], []
        self.env = {**os.environ, "AUTHCTL_STORE": f"sqlite:{folder}/data/a.db", "AUTHCTL_MASTER_KEY_FILE": folder + "/m.key",
                    "XDG_CONFIG_HOME": folder, "XDG_DATA_HOME": folder, "AUTHCTL_ACCESS_TTL": "24h", "AUTHCTL_LIMIT_LOGIN": "1000000/1m"}

    def run(self, *argv):
        return subprocess.run([self.binary, *argv], env=self.env, check=True, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL).stdout

    def start(self, *argv, core=0, **more):
        process = subprocess.Popen([*self.first, "taskset", "-c", str(core), *argv], env=self.env, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, **more)
        self.processes.append(process)
        return process

    def prepare(self):
        self.run("init")
        self.run("user", "create", "ann")
        self.user = json.loads(self.run("user", "show", "ann", "--json"))["id"]
        for i in range(20):  # a decision with something to decide
            self.run("role", "create", f"r{i}", *(("--inherits", f"r{i - 1}") if i else ()))
            self.run("role", "grant", f"r{i}", f"p{i}:read", f"p{i}:write")
        self.run("role", "assign", "ann", "r19")
        time.sleep(1)  # tokens are issued after their user was made
        for alg in ("ES256", "HS256", "EdDSA"):
            self.sign_tokens(alg)

    def sign_tokens(self, alg):
        kids = {k["kid"]: k for k in json.loads(self.run("key", "list", "--use", "jwt", "--json"))}
        kid = next((k for k, v in kids.items() if v["alg"] == alg), None)
        if not kid:
            kid = json.loads(self.run("key", "generate", "--use", "jwt", "--alg", alg, "--json"))["kid"]
        jwk = json.loads(self.run("key", "export", kid, "--format", "jwk", "--private", "--yes"))
        sign = self.signer(alg, jwk)
        header = b64(json.dumps({"alg": alg, "typ": "at+jwt", "kid": kid}, separators=(",", ":")).encode())
        now = int(time.time())
        with open(f"{self.folder}/{alg}", "w", encoding="ascii") as many:
            for _ in range(TOKENS if alg != "EdDSA" else TOKENS // 2):
                claims = {"iss": "https://localhost:8443", "sub": self.user, "aud": "https://localhost:8443", "exp": now + 80000,
                          "iat": now, "nbf": now, "jti": str(uuid.uuid4()), "sid": str(uuid.uuid4()), "type": "access",
                          "client_id": "authctl", "roles": ["r19"], "scope": ""}
                signed = header + b"." + b64(json.dumps(claims, separators=(",", ":")).encode())
                many.write((signed + b"." + b64(sign(signed))).decode() + "\n")
        with open(f"{self.folder}/{alg}") as many, open(f"{self.folder}/{alg}.one", "w", encoding="ascii") as one:
            one.write(many.readline())

    @staticmethod
    def signer(alg, jwk):
        raw = {name: base64.urlsafe_b64decode(jwk[name] + "==") for name in ("k", "d") if name in jwk}
        if alg == "HS256":
            return lambda data: hmac.new(raw["k"], data, hashlib.sha256).digest()
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
        if alg == "EdDSA":
            return ed25519.Ed25519PrivateKey.from_private_bytes(raw["d"]).sign
        key = ec.derive_private_key(int.from_bytes(raw["d"], "big"), ec.SECP256R1())

        def sign(data):
            r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return sign

    def serve(self):
        self.port, self.nginx_port, self.proxy_port = free_port(), free_port(), free_port()
        self.server = self.start(self.binary, "serve", "--listen", f"127.0.0.1:{self.port}", "--threads", "1")
        os.chmod(self.folder, 0o755)  # nginx drops its rights
        body = self.folder + "/www"
        os.mkdir(body)
        with open(body + "/index.json", "w", encoding="ascii") as file:
            file.write('{"status":"ok"}')
        conf = f"""daemon off; worker_processes 1; pid {self.folder}/pid; error_log {self.folder}/err;
events {{ worker_connections 512; }}
http {{ access_log off; keepalive_requests 1000000000; sendfile on; open_file_cache max=10;
client_body_temp_path {self.folder}/1; proxy_temp_path {self.folder}/2; fastcgi_temp_path {self.folder}/3;
uwsgi_temp_path {self.folder}/4; scgi_temp_path {self.folder}/5;
upstream a {{ server 127.0.0.1:{self.port}; keepalive 64; keepalive_requests 1000000000; }}
server {{ listen 127.0.0.1:{self.nginx_port}; root {body}; }}
server {{ listen 127.0.0.1:{self.proxy_port}; root {body};
location = /v {{ internal; proxy_pass http://a/auth/verify; proxy_http_version 1.1; proxy_set_header Connection "";
proxy_pass_request_body off; proxy_set_header Content-Length ""; }}
location / {{ auth_request /v; }} }} }}"""
        with open(self.folder + "/nginx.conf", "w", encoding="ascii") as file:
            file.write(conf)
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        self.nginx = self.start(nginx, "-p", self.folder, "-c", self.folder + "/nginx.conf")
        for port in (self.port, self.nginx_port, self.proxy_port):
            wait_for(port)

    def load(self, port, path, tokens, arguments):
        if self.first:
            time.sleep(2 * arguments.seconds)
        command = [*self.first, "taskset", "-c", "1", "wrk", "-t1", f"-c{arguments.connections}", f"-d{arguments.seconds}s", "--latency"]
        env = dict(self.env)
        if tokens:
            command += ["-s", HERE + "/server.lua"]
            env.update(TOKENS=f"{self.folder}/{tokens}", TARGET=path)
        before = self.processor_time()
        out = subprocess.run([*command, f"http://127.0.0.1:{port}{path}"], env=env, check=True, capture_output=True, text=True).stdout
        spent = self.processor_time() - before
        if "Non-2xx" in out:
            raise SystemExit(f"{path}: wrong answers\n{out}")
        unit = {"us": 1e-3, "ms": 1, "s": 1e3}
        quantiles = {q: float(v) * unit[u] for q, v, u in re.findall(r"(50|99)%\s+([\d.]+)(us|ms|s)", out)}
        requests = int(re.search(r"(\d+) requests in", out).group(1))
        return (float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)), quantiles["50"], quantiles["99"],
                1e6 * spent / requests)

    def processor_time(self):
        """Seconds, of the server and of nginx with its worker: what a request costs, however busy the machine is."""
        total, ticks = 0, os.sysconf("SC_CLK_TCK")
        workers = subprocess.run(["pgrep", "-P", str(self.nginx.pid)], capture_output=True, text=True).stdout.split()
        for pid in [self.server.pid, *map(int, workers)]:
            with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            total += (int(fields[11]) + int(fields[12])) / ticks
        return total

    def resident(self):
        with open(f"/proc/{self.server.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) / 1024

    def measure(self, arguments):
        verify = "/auth/verify?permission=p3:read"
        rows = [("nginx static file", self.nginx_port, "/index.json", None), ("health", self.port, "/healthz", None),
                ("JWKS", self.port, "/.well-known/jwks.json", None), ("openid-configuration", self.port, "/.well-known/openid-configuration", None),
                ("forward-auth, token seen before (ES256)", self.port, "/auth/verify", "ES256.one"),
                ("forward-auth and permission, seen before", self.port, verify, "ES256.one"),
                ("forward-auth and permission, first sight HS256", self.port, verify, "HS256"),
                ("forward-auth, first sight ES256", self.port, "/auth/verify", "ES256"),
                ("forward-auth, first sight EdDSA", self.port, "/auth/verify", "EdDSA"),
                ("nginx auth_request in front, one core", self.proxy_port, "/index.json", "ES256.one")]
        rows = [row for row in rows if not arguments.only or arguments.only in row[0] or row[0].startswith("nginx static")]
        idle = self.resident()
        found = {row[0]: [] for row in rows}
        for _ in range(arguments.rounds):
            for name, port, path, tokens in rows:
                found[name].append(self.load(port, path, tokens, arguments))
        limit = found["nginx static file"]
        print("| row | requests/s | x nginx static | processor µs | x nginx static | p50 ms | p99 ms | p99/p50 | its least |\n"
              "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
        for name, samples in found.items():
            middle = [statistics.median(column) for column in zip(*samples)]
            ratio = statistics.median(sample[0] / base[0] for sample, base in zip(samples, limit))
            cost = statistics.median(base[3] / sample[3] for sample, base in zip(samples, limit))
            least = min(sample[2] / sample[1] for sample in samples)  # of the rounds: nobody else had the core then
            self.rows.append({"row": name, "p99_ratio_least": least, "rps": middle[0], "ratio": ratio, "p50": middle[1], "p99": middle[2], "cpu_us": middle[3], "cpu_ratio": cost})
            print(f"| {name} | {middle[0]:,.0f} | {ratio:.3f} | {middle[3]:.1f} | {cost:.3f} | {middle[1]:.2f} | {middle[2]:.2f} | {middle[2] / middle[1]:.1f} | {least:.2f} |")
        print(f"\nresident: {idle:.1f} MiB idle, {self.resident():.1f} MiB after the load")

    def storm(self, arguments):
        """Open loop: so many a second, whatever becomes of them."""
        from concurrent.futures import ThreadPoolExecutor
        started = time.monotonic()
        subprocess.run(["taskset", "-c", "0", self.binary, "password", "hash", "--password-stdin"], input="x" * 20, text=True,
                       env=self.env, check=True, capture_output=True)
        rate = 5 / (time.monotonic() - started)
        answers, refused = [], []

        def sign_in(i):
            begun = time.monotonic()
            client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            client.request("POST", "/auth/login", json.dumps({"username": f"nobody{i}", "password": "x" * 20}),
                           {"Content-Type": "application/json"})
            status = client.getresponse().status
            client.close()
            answers.append(status)
            if status == 503:
                refused.append(time.monotonic() - begun)

        def arrive(until):
            with ThreadPoolExecutor(200) as pool:
                number = 0
                while time.monotonic() < until:
                    pool.submit(sign_in, number)
                    number += 1
                    time.sleep(1 / rate)

        pairs = []
        for _ in range(arguments.rounds):
            calm = self.load(self.port, "/auth/verify", "ES256.one", arguments)
            thread = threading.Thread(target=arrive, args=(time.monotonic() + arguments.seconds + 1,))
            thread.start()
            time.sleep(0.5)
            pairs.append((calm, self.load(self.port, "/auth/verify", "ES256.one", arguments)))
            thread.join()
        print(f"\nstorm: {rate:.0f} sign-ins a second arrive; forward-auth beside them at "
              f"{statistics.median(after[0] / calm[0] for calm, after in pairs):.2f} of its rate, p99 at "
              f"{statistics.median(after[2] / calm[2] for calm, after in pairs):.2f}")
        print("answers:", {status: answers.count(status) for status in sorted(set(answers))})
        if refused:
            print(f"503 after {1000 * statistics.median(refused):.0f} ms (median), {1000 * max(refused):.0f} ms (longest)")
        print(f"resident: {self.resident():.0f} MiB")

    def stop(self):
        for process in self.processes:
            process.terminate()
            process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--only", default="")
    parser.add_argument("--storm", action="store_true")
    parser.add_argument("--undisturbed", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if not shutil.which("wrk"):
        raise SystemExit("wrk is not installed: scripts/install-packages bench")
    with tempfile.TemporaryDirectory(prefix="authctl-bench-") as folder:
        bench = Bench(os.path.abspath(arguments.binary), folder)
        try:
            bench.prepare()
            bench.first = ["chrt", "-f", "50"] if arguments.undisturbed else []
            bench.serve()
            bench.storm(arguments) if arguments.storm else bench.measure(arguments)
        finally:
            bench.stop()
        if arguments.json:
            json.dump(bench.rows, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
