"""A command opens what it needs and nothing else, and never the network."""
import os
import re
import unittest

from harness import HomeTest

ALWAYS = re.compile(r"^(/etc/ld\.so\.(cache|preload)|/lib/.*/lib(c|m|dl|pthread)\.so\.\d|/usr/lib/.*/lib(c|m)\.so\.\d|/dev/null)$")


class Frugal(HomeTest):
    def opened(self, *argv, stdin=b""):
        trace = self.home.path("trace")
        self.run_(*argv, stdin=stdin, wrapper=("strace", "-f", "-qq", "-o", trace, "-e", "trace=open,openat,connect,execve"))
        with open(trace, encoding="utf-8", errors="replace") as f:
            lines = [line for line in f if "ENOENT" not in line]
        self.assertFalse([line for line in lines if "connect(" in line], argv)
        self.assertEqual(sum("execve(" in line for line in lines), 1, argv)
        paths = [m.group(1) for line in lines for m in [re.search(r'open(?:at)?\((?:AT_FDCWD, )?"([^"]+)"', line)] if m]
        return {p for p in paths if not ALWAYS.match(p)}

    @unittest.skipIf(os.environ.get("ASAN_OPTIONS"), "a sanitizer opens files of its own")
    def test_files_that_are_opened(self):
        self.assertEqual(self.opened("--version"), set())
        self.assertEqual(self.opened("version"), set())
        self.ok("user", "create", "ann")
        kid = self.ok("key", "list", "--use", "jwt", "-q").lines[0]
        jwk = self.home.write("jwk", self.ok("key", "export", kid, "--format", "jwk").out)
        token = self.home.write("token", self.ok("token", "issue", "ann").out)
        self.assertEqual(self.opened("token", "verify", token, "--key", jwk, "--any-issuer", "--any-audience"), {token, jwk})
        self.assertEqual(self.opened("fernet", "keygen"), set())
        store = {self.home.store, self.home.store + "-wal", self.home.store + "-shm", self.home.key, os.path.dirname(self.home.store)}
        self.assertEqual(self.opened("user", "list") - store, set())

    @unittest.skipIf(os.environ.get("ASAN_OPTIONS"), "a sanitizer opens files of its own")
    def test_what_a_token_names_is_never_opened(self):
        import base64
        import json as js

        def part(x):
            return base64.urlsafe_b64encode(js.dumps(x).encode()).rstrip(b"=").decode()
        kid = self.ok("key", "list", "--use", "jwt", "-q").lines[0]
        jwk = self.home.write("jwk", self.ok("key", "export", kid, "--format", "jwk").out)
        secret = self.home.write("secret", "x")
        for header in ({"alg": "ES256", "kid": secret}, {"alg": "ES256", "jku": "file://" + secret}, {"alg": "ES256", "x5u": "http://127.0.0.1:1/"},
                       {"alg": "ES256", "kid": "../../secret"}):
            token = self.home.write("hostile", part(header) + "." + part({"exp": 1}) + "." + "A" * 86)
            self.assertEqual(self.opened("token", "verify", token, "--key", jwk, "--any-issuer", "--any-audience"), {token, jwk})


if __name__ == "__main__":
    unittest.main(verbosity=1)
