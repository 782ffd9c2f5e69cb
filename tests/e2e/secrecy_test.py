"""Secrets stay where they belong: not in argv, errors, the log, files that others can read, or a core."""
import os
import re
import stat
import subprocess
import time
import unittest

from harness import BINARY, HomeTest

CANARY = "correct-Canary-9f3b7c-battery-staple"


class Canaries(HomeTest):
    def test_a_planted_password_is_found_nowhere(self):
        self.ok("user", "create", "ann", "--password-stdin", stdin=CANARY + "\n")
        outputs = [self.ok(*argv) for argv in (("audit", "query", "--json", "--reveal", "--limit", "100"),
                                               ("audit", "export", "--format", "jsonl"), ("user", "show", "ann", "--json"))]
        outputs.append(self.run_("user", "create", "ann", "--password-stdin", stdin=CANARY + "\n"))
        for result in outputs:
            self.assertNotIn(CANARY, result.out + result.err)
        for folder, _, files in os.walk(self.home.folder):
            for name in files:
                with open(os.path.join(folder, name), "rb") as f:
                    self.assertNotIn(CANARY.encode(), f.read(), name)

    def test_private_keys_and_the_master_key_never_stand_in_the_clear(self):
        kid = self.ok("key", "list", "--use", "jwt", "-q").lines[0]
        private = self.ok("key", "export", kid, "--format", "jwk", "--private", "--json").out
        secret = re.search(r'"d"\s*:\s*"([^"]+)"', private.replace('\\"', '"')).group(1)
        with open(self.home.key, encoding="ascii") as f:
            master = f.read().strip()
        for folder, _, files in os.walk(self.home.path("data")):
            for name in files:
                with open(os.path.join(folder, name), "rb") as f:
                    content = f.read()
                self.assertNotIn(secret.encode(), content)
                self.assertNotIn(master.encode(), content)

    def test_a_token_is_not_in_the_log(self):
        self.ok("user", "create", "ann")
        token = self.ok("token", "issue", "ann").out.strip()
        log = self.ok("audit", "query", "--json", "--reveal", "--limit", "100").out
        self.assertNotIn(token.split(".")[2], log)
        jti = self.ok("token", "inspect", "--json", stdin=token).out
        jti = re.search(r'"jti"\s*:\s*"([^"]+)"', jti).group(1)
        self.assertNotIn(jti, log)

    def test_files_are_private_whatever_the_umask(self):
        old = os.umask(0)
        try:
            self.ok("user", "create", "ann")
            self.ok("token", "issue", "ann", "--out", self.home.path("token"))
            self.ok("key", "export", "--all", "--format", "jwks", "--out", self.home.path("jwks"))
            self.ok("audit", "checkpoint", "--out", self.home.path("note"))
        finally:
            os.umask(old)
        for folder, _, files in os.walk(self.home.folder):
            for name in files:
                mode = stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode)
                self.assertEqual(mode & 0o077, 0, f"{name} {mode:o}")

    def test_out_never_goes_through_a_link_or_over_a_file(self):
        self.ok("user", "create", "ann")
        target = self.home.write("precious", "precious")
        os.symlink(target, self.home.path("link"))
        for name in ("link", "precious"):
            self.assertEqual(self.run_("token", "issue", "ann", "--out", self.home.path(name)).code, 5)
        self.assertNotEqual(self.run_("token", "issue", "ann", "--out", self.home.path("link"), "--force", "--yes").code, 0)
        with open(target, encoding="ascii") as f:
            self.assertEqual(f.read(), "precious")

    def test_no_core_and_not_dumpable(self):
        child = subprocess.Popen([BINARY, "token", "inspect", "-"], env=self.home.env, stdin=subprocess.PIPE,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(0.3)
            with open(f"/proc/{child.pid}/limits", encoding="ascii") as f:
                self.assertRegex(f.read(), r"Max core file size\s+0\s+0")
            owner = os.stat(f"/proc/{child.pid}/mem").st_uid
            self.assertEqual(owner, 0)
        finally:
            child.kill()
            child.wait()
            child.stdin.close()

    def test_a_store_that_others_can_read_or_that_is_a_link_is_refused(self):
        os.chmod(self.home.store, 0o644)
        self.refused(8, "unavailable", "user", "list")
        os.chmod(self.home.store, 0o600)
        self.ok("user", "list")
        os.chmod(self.home.key, 0o644)
        self.assertEqual(self.run_("user", "list").code, 8)
        os.chmod(self.home.key, 0o600)
        os.rename(self.home.store, self.home.store + ".real")
        os.symlink(self.home.store + ".real", self.home.store)
        self.refused(8, "unavailable", "user", "list")

    def test_escape_sequences_never_reach_the_terminal(self):
        hostile = "\x1b]0;owned\x07\x1b[2J\u202egnp"
        self.ok("role", "create", "quiet", "--description", hostile)
        self.ok("user", "create", "ann", "--reason", hostile)
        for argv in (("role", "list"), ("role", "show", "quiet"), ("audit", "query"), ("user", "show", hostile),
                     ("role", "create", hostile), (hostile,), ("user", hostile), ("user", "list", "--" + hostile)):
            result = self.run_(*argv)
            for stream in (result.out, result.err):
                self.assertNotIn("\x1b", stream, argv)
                self.assertNotIn("\u202e", stream, argv)


if __name__ == "__main__":
    unittest.main(verbosity=1)
