"""kill -9 at random points of master-key rotate: whichever key lies in a file opens the store, and the same command goes on."""
import os
import random
import signal
import subprocess
import time
import unittest

from harness import BINARY, HomeTest

CYCLES = int(os.environ.get("AUTHCTL_MASTER_KEY_KILLS", "12"))


class KilledRotations(HomeTest):
    def setUp(self):
        super().setUp()
        for _ in range(20):
            self.ok("key", "generate", "--use", "fernet")
        self.sealed = self.ok("fernet", "encrypt", stdin=b"what must not be lost").out

    def whole(self, key):
        env = {"AUTHCTL_MASTER_KEY_FILE": key}
        verified = self.ok("master-key", "verify", "--json", env=env).json
        self.assertEqual((verified["ok"], verified["problems"]), (True, []))
        self.assertEqual(self.ok("fernet", "decrypt", stdin=self.sealed, env=env).out, "what must not be lost")

    def test_nothing_is_lost_and_the_second_run_ends_it(self):
        rng, killed = random.Random(20260102), 0
        for cycle in range(CYCLES):
            new = self.home.path(f"new{cycle}.key")
            argv = ("master-key", "rotate", "--new-master-key-file", new, "--yes", *(("--reseal",) if cycle % 3 else ()))
            child = subprocess.Popen([BINARY, *argv], env=self.home.env, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(0, 0.12))
            child.send_signal(signal.SIGKILL)
            child.wait()
            killed += child.returncode == -signal.SIGKILL
            self.whole(self.home.key)
            self.ok(*argv)
            self.whole(self.home.key)
            os.replace(new, self.home.key)
            self.whole(self.home.key)
        self.ok("audit", "verify")
        self.ok("store", "check")
        print(f"  {CYCLES} rotations, {killed} killed")
        self.assertGreater(killed, 0)

    def test_the_old_key_opens_until_the_new_one_has(self):
        new = self.home.path("new.key")
        self.ok("master-key", "rotate", "--new-master-key-file", new, "--reseal", "--yes")
        self.assertEqual(os.stat(new).st_mode & 0o777, 0o600)
        self.ok("user", "list")
        self.whole(new)
        self.assertEqual(self.expect(7, "user", "list", "--json").error["code"], "unverified")

    def test_two_rotations_at_once_to_one_key(self):
        new = self.home.path("new.key")
        argv = [BINARY, "master-key", "rotate", "--new-master-key-file", new, "--reseal", "--yes"]
        children = [subprocess.Popen(argv, env=self.home.env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
                    for _ in range(3)]
        codes = [(c.communicate(), c.returncode)[1] for c in children]
        self.assertIn(0, codes)
        self.assertTrue(set(codes) <= {0, 8}, codes)
        self.whole(self.home.key)
        self.whole(new)


if __name__ == "__main__":
    unittest.main(verbosity=2)
