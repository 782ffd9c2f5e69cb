"""The shipped fail2ban filter finds each guesser, and nobody whom a line only talks about. The sample's lines are those
that the program writes: tests/service/auth_log_test.cpp compares them to the byte."""
import os
import re
import shutil
import subprocess
import unittest

from harness import HomeTest

SHIPPED = os.path.join(os.path.dirname(__file__), "..", "..", "packaging", "fail2ban")
FILTER = os.path.join(SHIPPED, "filter.d", "authctl.conf")


class Fail2ban(HomeTest):
    def setUp(self):
        super().setUp()
        self.program = shutil.which("fail2ban-regex", path=os.environ["PATH"] + ":/usr/bin")
        if self.program is None:
            self.skipTest("fail2ban is not installed")

    def found(self, path):
        done = subprocess.run([self.program, "--out", "ip", path, FILTER], capture_output=True, check=False,
                              cwd=self.home.folder)
        return done.stdout.decode().split()

    def test_every_line_with_an_address_is_found(self):
        path = os.path.join(SHIPPED, "sample.log")
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
        addresses = [line.split()[3] for line in lines]
        self.assertGreater(len(lines), 8)
        self.assertEqual(self.found(path), [address for address in addresses if address != "-"])

    def test_every_reason_is_known_to_the_filter(self):
        with open(os.path.join(SHIPPED, "..", "..", "core", "service", "sign_in.h"), encoding="utf-8") as file:
            reasons = re.search(r"enum class Refusal \{(.*?)\}", file.read(), re.S).group(1)
        words = [line.split("//")[0].strip(" ,") for line in reasons.splitlines()] + ["unknown_challenge"]
        for word in filter(None, words):
            path = self.home.write("log", f'2026-01-01T00:00:00Z authctl: refused 203.0.113.7 {word} door=login user="ann"\n')
            self.assertEqual(self.found(path), ["203.0.113.7"], word)

    def test_nothing_else_is(self):
        path = self.home.write("log", "\n".join([
            '2026-01-01T00:00:00Z authctl: refused - wrong_password door=login user="203.0.113.7"',
            '2026-01-01T00:00:00Z authctl: accepted 203.0.113.7 wrong_password door=login user="ann"',
            '2026-01-01T00:00:00Z x authctl: refused 203.0.113.7 wrong_password door=login user="ann"',
            '2026-01-01T00:00:00Z authctl: refused 203.0.113.7 no_reason door=login user="ann"',
            '2026-01-01T00:00:00Z authctl: refused 203.0.113.7 wrong_password door=login user="ann" more', ""]))
        self.assertEqual(self.found(path), [])

    def test_a_refusal_at_the_terminal_is_a_line_without_an_address(self):
        self.ok("user", "create", "ann", "-q")
        self.ok("backup-code", "generate", "ann")
        log = self.home.path("auth.log")
        self.expect(4, "backup-code", "verify", "ann", "--code-stdin", stdin="aaaa-bbbb-cccc-dddd",
                    env={"AUTHCTL_AUTH_LOG": log})
        with open(log, encoding="utf-8") as file:
            line = file.read()
        self.assertRegex(line, r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ authctl: refused - wrong_code door=terminal user="ann"\n$')
        self.assertEqual(self.found(log), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
