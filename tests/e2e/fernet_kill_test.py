"""kill -9 at random points of a re-encryption of 100,000 records, taken up again: every record decrypts, none stands
twice, none is lost."""
import json
import os
import random
import signal
import subprocess
import time
import unittest

from harness import BINARY, HomeTest

try:
    from cryptography.fernet import Fernet
except ImportError:
    Fernet = None

CYCLES = int(os.environ.get("AUTHCTL_KILL_CYCLES", "200"))
RECORDS = int(os.environ.get("AUTHCTL_KILL_RECORDS", "100000"))


@unittest.skipIf(Fernet is None, "SKIPPED: python3-cryptography is not installed")
class KilledReencryption(HomeTest):
    def run_once(self, command, seconds):
        """Whether it ended by itself, or was killed when the file was in its place already."""
        child = subprocess.Popen(command, env=self.home.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            _, err = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            child.communicate()
            self.kills += 1
            return os.path.exists(self.out) and not os.path.exists(self.out + ".journal")
        self.assertEqual(child.returncode, 0, err)
        return True

    def check(self, out, key, every):
        count = 0
        with open(out, "rb") as f:
            for count, line in enumerate(f, 1):
                row = json.loads(line)
                self.assertEqual(row["id"], count - 1)
                if count % every == 0:
                    self.assertEqual(key.decrypt(row["t"]), b"%d" % row["id"] + b"x" * 200)
        self.assertEqual(count, RECORDS)

    def test_every_record_is_there_once(self):
        rng = random.Random(20260103)
        self.ok("key", "rotate", "--use", "fernet")
        active, old = [Fernet(line) for line in self.ok("key", "export", "--all", "--format", "fernet", "--private").lines][:2]
        source, out = self.home.path("in.jsonl"), self.home.path("out.jsonl")
        self.kills, self.out = 0, out
        with open(source, "wb") as f:
            for i in range(RECORDS):
                f.write(b'{"id":%d, "t":"%s"}\n' % (i, old.encrypt(b"%d" % i + b"x" * 200)))
        command = [BINARY, "fernet", "rotate", source, "--field", "t", "--out", out, "--resume", "--jobs", "2"]
        started = time.monotonic()
        self.assertTrue(self.run_once(command, 600))
        whole = time.monotonic() - started
        retiring = [k["kid"] for k in self.ok("key", "list", "--use", "fernet", "--json").json if k["state"] == "retiring"][0]
        ends = resumed = 0
        os.unlink(out)
        while self.kills < CYCLES:
            resumed += os.path.exists(out + ".journal")
            if not self.run_once(command, rng.uniform(0, whole)):
                if self.kills % 20 == 0 and os.path.exists(out + ".partial"):
                    self.refused(5, "precondition", "key", "delete", retiring, "--yes")
                continue
            ends += 1
            self.check(out, active, 997)
            os.unlink(out)
        self.assertTrue(self.run_once(command, 600))
        self.check(out, active, 1)
        self.assertEqual([p for p in os.listdir(self.home.folder) if p.startswith("out.jsonl.")], [])
        print(f"  {self.kills} killed, {resumed} taken up again, {ends + 1} whole")
        self.assertGreater(resumed, CYCLES // 4)


if __name__ == "__main__":
    unittest.main(verbosity=2)
