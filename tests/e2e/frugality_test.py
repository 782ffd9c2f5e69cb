"""A command opens what it needs and nothing else, and never the network."""
import base64
import json
import os
import re
import resource
import subprocess
import unittest

from harness import BINARY, HomeTest

ALWAYS = re.compile(r"^(/etc/ld\.so\.(cache|preload)|/lib/.*/lib(c|m|dl|pthread)\.so\.\d|/usr/lib/.*/lib(c|m)\.so\.\d|/dev/null)$")
WHO = {"/etc/passwd", "/etc/nsswitch.conf"}  # whoever makes an entry is named in it
RANDOM = {"/dev/urandom", "/dev/random"}     # OpenSSL and SQLite have sources of their own


@unittest.skipIf(os.environ.get("ASAN_OPTIONS"), "a sanitizer opens files of its own")
class Frugal(HomeTest):
    def traced(self, *argv, stdin=b"", code=None):
        trace = self.home.path("trace")
        result = self.run_(*argv, stdin=stdin, wrapper=("strace", "-f", "-qq", "-o", trace, "-e", "trace=open,openat,connect,socket,execve"))
        if code is not None:
            self.assertEqual(result.code, code, repr(result))
        with open(trace, encoding="utf-8", errors="replace") as f:
            return f.read().splitlines()

    def opened(self, *argv, stdin=b"", code=0, looks_up_who=False):
        lines = self.traced(*argv, stdin=stdin, code=code)
        if looks_up_who:  # the C library asks for its cache of names first
            lines = [line for line in lines if "AF_UNIX" not in line]
        self.assertEqual([line for line in lines if "connect(" in line or "socket(" in line], [], argv)
        self.assertEqual(sum("execve(" in line for line in lines), 1, argv)
        paths = [m.group(1) for line in lines if "ENOENT" not in line
                 for m in [re.search(r'open(?:at)?\((?:AT_FDCWD, )?"([^"]+)"', line)] if m]
        return {p for p in paths if not ALWAYS.match(p)}

    def test_without_a_store(self):
        self.assertEqual(self.opened("--version"), set())
        self.assertEqual(self.opened("version"), set())
        self.assertEqual(self.opened("help", "user", "create"), set())
        self.assertEqual(self.opened("schema", "user"), set())
        self.assertEqual(self.opened("fernet", "keygen"), set())
        self.ok("user", "create", "ann")
        kid = self.ok("key", "list", "--use", "jwt", "-q").lines[0]
        jwk = self.home.write("jwk", self.ok("key", "export", kid, "--format", "jwk").out)
        token = self.home.write("token", self.ok("token", "issue", "ann").out)
        self.assertEqual(self.opened("token", "verify", token, "--key", jwk, "--any-issuer", "--any-audience"), {token, jwk})
        self.assertEqual(self.opened("token", "inspect", token), {token})
        self.assertEqual(self.opened("key", "inspect", jwk), {jwk})

    def test_with_a_store(self):
        self.ok("role", "create", "editor")
        self.ok("user", "create", "ann", "--role", "editor")
        token = self.home.write("token", self.ok("token", "issue", "ann").out)
        store = {self.home.store, self.home.store + "-wal", self.home.store + "-shm", self.home.key, os.path.dirname(self.home.store)}
        for argv in (("user", "list"), ("user", "show", "ann"), ("role", "show", "editor"), ("key", "list"), ("key", "plan", "--use", "jwt"),
                     ("audit", "query"), ("audit", "verify"), ("audit", "stats")):
            self.assertEqual(self.opened(*argv) - store, set(), argv)
        self.assertEqual(self.opened("permission", "check", "ann", "x:y", code=4) - store, set())
        self.assertEqual(self.opened("token", "verify", token) - store, {token})
        for argv in (("user", "create", "bob"), ("role", "grant", "editor", "x:y"), ("role", "assign", "bob", "editor"),
                     ("key", "generate", "--use", "jwt"), ("key", "rotate", "--use", "jwt"), ("token", "issue", "ann"),
                     ("token", "revoke", "--user", "ann", "--yes")):
            self.assertEqual(self.opened(*argv, looks_up_who=True) - store - RANDOM - WHO, set(), argv)

    def test_what_a_token_names_is_never_opened_nor_looked_for(self):
        def part(x):
            return base64.urlsafe_b64encode(json.dumps(x).encode()).rstrip(b"=").decode()
        kid = self.ok("key", "list", "--use", "jwt", "-q").lines[0]
        jwk = self.home.write("jwk", self.ok("key", "export", kid, "--format", "jwk").out)
        jwks = self.home.write("jwks", self.ok("key", "export", "--all", "--format", "jwks").out)
        secret = self.home.write("named-by-the-token", "x")
        doors = [("--key", jwk, "--any-issuer", "--any-audience"), ("--jwks", jwks, "--any-issuer", "--any-audience"), ()]
        for header in ({"kid": secret}, {"kid": "../../named-by-the-token"}, {"kid": kid, "jku": "file://" + secret},
                       {"kid": kid, "jku": "https://127.0.0.1:1/named-by-the-token"}, {"kid": kid, "x5u": "http://127.0.0.1:1/named-by-the-token"},
                       {"kid": "| cat named-by-the-token"}):
            token = self.home.write("hostile", part({"alg": "ES256", "typ": "at+jwt", **header}) + "." + part({"exp": 1}) + "." + "A" * 86)
            for door in doors:
                lines = self.traced("token", "verify", token, *door, code=7)
                self.assertEqual([line for line in lines if "named-by-the-token" in line or "connect(" in line or "socket(" in line], [], header)
                self.assertEqual(sum("execve(" in line for line in lines), 1)


@unittest.skipIf(os.environ.get("ASAN_OPTIONS"), "a sanitizer's shadow memory is larger than the limit")
class Bounded(HomeTest):
    """What never ends is given up, within a quarter of a gibibyte and whatever it was meant for."""

    def test_an_input_without_an_end(self):
        def bounded():
            resource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28))
        self.ok("user", "create", "ann")
        for code, argv in ((7, ("token", "verify", "-")), (2, ("token", "inspect", "-")), (7, ("token", "revoke", "-")), (2, ("key", "inspect", "-")),
                           (2, ("key", "import", "-")), (2, ("permission", "test", "-")), (2, ("apply", "-f", "-")), (2, ("config", "check", "/dev/stdin")),
                           (2, ("user", "password", "ann", "--password-stdin")), (2, ("audit", "verify", "--checkpoint", "-")),
                           (2, ("audit", "verify", "--public-key", "-")), (2, ("password", "verify", "--hash-file", "-", "--password-file", "/dev/null")),
                           (2, ("fernet", "decrypt", "-"))):
            with self.subTest(argv), open("/dev/zero", "rb") as zeros:
                done = subprocess.run([BINARY, *argv, "--json"], stdin=zeros, env=self.home.env, cwd=self.home.folder, capture_output=True,
                                      timeout=60, preexec_fn=bounded, check=False)
                self.assertEqual(done.returncode, code, done)
                self.assertLess(len(done.stdout) + len(done.stderr), 1000)


if __name__ == "__main__":
    unittest.main(verbosity=2)
