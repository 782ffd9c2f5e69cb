"""kill -9 at random points under load: nothing that was acknowledged is lost, and the log verifies."""
import os
import random
import signal
import subprocess
import threading
import time
import unittest

from harness import BINARY, HomeTest

CYCLES = int(os.environ.get("AUTHCTL_KILL_CYCLES", "200"))
RACES = int(os.environ.get("AUTHCTL_RACES", "30"))


class RandomKills(HomeTest):
    def test_what_was_acknowledged_is_there(self):
        rng = random.Random(20260101)
        acknowledged, attempted, killed = set(), 0, 0
        for cycle in range(CYCLES):
            names = [f"u{cycle}-{i}" for i in range(3)]
            children = []
            for name in names:
                children.append((name, subprocess.Popen([BINARY, "user", "create", name, "-q"], env=self.home.env,
                                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)))
            time.sleep(rng.uniform(0, 0.03))
            for _, child in children:
                if rng.random() < 0.7:
                    child.send_signal(signal.SIGKILL)
            for name, child in children:
                out, _ = child.communicate()
                attempted += 1
                killed += child.returncode == -signal.SIGKILL
                if child.returncode == 0 and out.strip():
                    acknowledged.add(name)
            if cycle % 20 == 19:
                self.ok("audit", "verify")
        self.ok("store", "check")
        self.ok("audit", "verify")
        present = {row["name"] for row in self.ok("user", "list", "--json").json}
        self.assertEqual(acknowledged - present, set())
        silent = len(present - acknowledged)
        print(f"  {attempted} commands, {killed} killed, {len(acknowledged)} acknowledged, {silent} done but not yet answered")
        self.assertGreater(killed, CYCLES // 4)
        self.assertGreater(len(acknowledged), 0)


class Races(HomeTest):
    def start(self, *argv):
        return subprocess.Popen([BINARY, *argv], env=self.home.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def together(self, *argvs):
        children = [self.start(*argv) for argv in argvs]
        return [(c.communicate(), c.returncode)[1] for c in children]

    def test_two_rotations_at_once_one_wins_and_the_other_says_so(self):
        conflicts = 0
        for _ in range(RACES):
            before = len(self.ok("key", "list", "--use", "jwt", "-q").lines)
            codes = self.together(("key", "rotate", "--use", "jwt"), ("key", "rotate", "--use", "jwt"))
            self.assertTrue(set(codes) <= {0, 5}, codes)
            self.assertIn(0, codes)
            keys = self.ok("key", "list", "--use", "jwt", "--json").json
            self.assertEqual([k["state"] for k in keys].count("active"), 1)
            self.assertEqual(len(keys), before + codes.count(0))
            conflicts += codes.count(5)
        print(f"  {RACES} races, {conflicts} times the other said so")
        self.assertGreater(conflicts, 0)

    def test_one_name_is_given_once(self):
        for i in range(RACES):
            codes = self.together(*[("user", "create", f"n{i}")] * 4)
            self.assertEqual(sorted(codes), [0, 5, 5, 5])

    def test_two_inits_at_once(self):
        os.rename(self.home.path("data"), self.home.path("old"))
        os.rename(self.home.key, self.home.key + ".old")
        codes = self.together(("init",), ("init",), ("init",))
        self.assertIn(0, codes)
        self.ok("init")
        self.ok("audit", "verify")

    def test_writers_from_many_processes_all_get_through(self):
        results = []

        def work(k):
            for i in range(10):
                results.append(self.home.run("user", "create", f"w{k}-{i}").code)
        threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(set(results), {0})
        self.assertEqual(len(self.ok("user", "list", "-q").lines), 80)
        self.ok("audit", "verify")


if __name__ == "__main__":
    unittest.main(verbosity=1)
