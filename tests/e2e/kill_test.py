"""kill -9 at random points under load: nothing that was acknowledged is lost, and the log verifies."""
import os
import random
import signal
import subprocess
import threading
import time
import unittest

from harness import BINARY, HomeTest, needs_postgresql, own_database

CYCLES = int(os.environ.get("AUTHCTL_KILL_CYCLES", "200"))
CYCLES_POSTGRESQL = int(os.environ.get("AUTHCTL_KILL_CYCLES_POSTGRESQL", "200"))
RACES = int(os.environ.get("AUTHCTL_RACES", "30"))


class RandomKills(HomeTest):
    cycles = CYCLES

    def commands(self, rng, cycle):
        """Three that run at once: what they are called, and what is typed."""
        kinds = [("user", ("user", "create", f"u{cycle}-{i}", "-q")) for i in range(3)]
        kinds += [("key", ("key", "rotate", "--use", "jwt", "-q")), ("token", ("token", "issue", "signed", "--ttl", "1d")),
                  ("grant", ("role", "grant", "many", f"cycle:{cycle}"))]
        return rng.sample(kinds, 3)

    def span(self):
        """How long three at once take here when they are let be: a kill has to come before that."""
        began = time.monotonic()
        children = [subprocess.Popen([BINARY, "role", "grant", "many", f"span:{i}"], env=self.home.env, stderr=subprocess.DEVNULL) for i in range(3)]
        for child in children:
            self.assertEqual(child.wait(), 0)
        return time.monotonic() - began

    def whole(self, said):
        """Nothing that was said is missing, and keys are whole."""
        self.ok("store", "check")
        self.ok("audit", "verify")
        keys = self.ok("key", "list", "--use", "jwt", "--json").json
        self.assertEqual([k["state"] for k in keys].count("active"), 1)
        self.ok("token", "verify", stdin=self.ok("token", "issue", "signed").out)
        users = {row["id"] for row in self.ok("user", "list", "--json").json}
        granted = {g["permission"] for g in self.ok("role", "show", "many", "--json").json["permissions"]}
        self.assertEqual(said["user"] - users, set())
        self.assertEqual(said["key"] - {k["kid"] for k in keys}, set())
        self.assertEqual(said["grant"] - granted, set())
        if said["token"]:
            self.ok("token", "verify", "--batch", stdin="".join(said["token"]))
        return len(users - said["user"]) - 1

    def test_what_was_acknowledged_is_there(self):
        rng = random.Random(20260101)
        self.ok("user", "create", "signed")
        self.ok("role", "create", "many")
        said = {"user": set(), "key": set(), "token": set(), "grant": set()}
        window = min(self.span() for _ in range(5))
        attempted = killed = silent = 0
        for cycle in range(self.cycles):
            children = [(kind, argv, subprocess.Popen([BINARY, *argv], env=self.home.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))
                        for kind, argv in self.commands(rng, cycle)]
            time.sleep(rng.uniform(0, window))
            for _, _, child in children:
                if rng.random() < 0.7:
                    child.send_signal(signal.SIGKILL)
            for kind, argv, child in children:
                out = child.communicate()[0].decode()
                attempted += 1
                killed += child.returncode == -signal.SIGKILL
                if child.returncode == 0:
                    said[kind].add(argv[-1] if kind == "grant" else out if kind == "token" else out.strip())
            if cycle % 20 == 19:
                silent = self.whole(said)
        silent = self.whole(said)
        print(f"  {attempted} commands, {killed} killed, {sum(map(len, said.values()))} acknowledged, {silent} users made but not yet answered")
        self.assertGreater(killed, self.cycles // 4)
        for kind, done in said.items():
            self.assertGreater(len(done), 0, kind)


@needs_postgresql
class RandomKillsOnPostgresql(RandomKills):
    cycles = CYCLES_POSTGRESQL
    initialise = False

    def setUp(self):
        super().setUp()
        self.home.env["AUTHCTL_STORE"] = own_database(self)
        self.ok("init")


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
    unittest.main(verbosity=2)
