"""kill -9 in the middle of `backup create` and `backup restore`, at random points: a backup that is there is whole, a
store is what it was or the whole restored one, and a second run finishes the work. AUTHCTL_BACKUP_KILLS: how often each
(6; 200 in the long runs)."""
import json
import os
import random
import shutil
import signal
import subprocess
import time
import unittest

from backup_test import BackupTest
from harness import BINARY, needs_postgresql, own_database

KILLS = int(os.environ.get("AUTHCTL_BACKUP_KILLS", "6"))


class Killed(BackupTest):
    def setUp(self):
        super().setUp()
        users = "".join(json.dumps({"name": f"u{i}", "email": f"u{i}@many.example"}) + "\n" for i in range(300))
        self.ok("user", "import", self.home.write("users.jsonl", users), "--yes")
        self.rng, self.lucky = random.Random(20261127), 0

    def postgresql(self):
        """The environment of a database of its own, with nothing in it."""
        return {"AUTHCTL_STORE": own_database(self)}

    def kill(self, argv, span, env=None):
        """Whether the run was killed, and not over before."""
        child = subprocess.Popen([BINARY, *argv], env={**self.home.env, **(env or {})}, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        time.sleep(self.rng.uniform(0, span))
        child.send_signal(signal.SIGKILL)
        return child.wait() == -signal.SIGKILL

    def span(self, *argv, env=None):
        began = time.monotonic()
        self.ok(*argv, env=env)
        return time.monotonic() - began

    def rounds(self):
        """KILLS times; then, as long as no kill was early enough, some more."""
        done = 0
        while done < KILLS or (self.lucky == 0 and done < KILLS + 60):
            yield done
            done += 1
        self.assertGreater(self.lucky, 0)

    def test_create(self):
        span = self.span("backup", "create", self.home.path("first"))
        for i in self.rounds():
            file = self.home.path(f"{i}.backup")
            self.lucky += self.kill(("backup", "create", file), span)
            if os.path.exists(file):
                self.ok("backup", "verify", file)
            self.ok("backup", "create", file, "--force", "--yes")
            self.ok("backup", "verify", file)
        self.assertEqual([n for n in os.listdir(self.home.folder) if n.endswith(".partial")], [])
        self.sound()
        print(f"  {self.lucky} of {KILLS} creates killed")

    def test_verify(self):
        """What a killed one left, a copy of the store, goes with the next one."""
        self.ok("backup", "create", self.file)
        argv, killed = ("backup", "verify", self.file), 0
        env = {"TMPDIR": self.home.path("tmp")}
        os.mkdir(env["TMPDIR"])
        span = self.span(*argv, env=env)
        for _ in self.rounds():
            killed += self.kill(argv, span, env)
            self.lucky += bool(os.listdir(env["TMPDIR"]))  # it was in the middle of it
            self.ok(*argv, env=env)
            for left in os.listdir(env["TMPDIR"]):  # killed before it was locked
                self.assertEqual(os.listdir(env["TMPDIR"] + "/" + left), [])
        print(f"  {killed} of {KILLS} verifications killed, {self.lucky} in the middle of it")

    def test_restore_into_an_empty_place(self):
        self.ok("backup", "create", self.file)
        argv = ("backup", "restore", self.file, "--yes")
        span = self.span(*argv, env=self.place("first"))
        for i in self.rounds():
            env, folder = self.place(f"new{i}"), self.home.path(f"new{i}")
            self.lucky += self.kill(argv, span, env)
            if os.path.exists(folder + "/authctl.db"):
                self.sound(env)
            else:
                self.ok(*argv, env=env)
            self.ok("user", "show", "u299", env=env)
            self.assertEqual(self.restore("--force", env=env)["replaced"], True)
            self.sound(env)
            self.assertEqual([n for n in os.listdir(folder) if "restore" in n], [])
            shutil.rmtree(folder)
        print(f"  {self.lucky} of {KILLS} restores into nothing killed")

    def test_restore_over_a_store(self):
        self.ok("backup", "create", self.file)
        argv = ("backup", "restore", self.file, "--yes", "--force")
        span = self.span(*argv)
        for _ in self.rounds():
            self.ok("user", "create", "after")
            keys = self.states("jwt")
            self.lucky += self.kill(argv, span)
            self.sound()
            there = self.home.run("user", "show", "after").code
            self.assertIn(there, (0, 3))
            self.assertEqual(self.states("jwt") == keys, there == 0)
            self.ok(*argv)
            self.sound()
            self.expect(3, "user", "show", "after")
        print(f"  {self.lucky} of {KILLS} restores over a store killed")


@needs_postgresql
class KilledOnPostgresql(Killed):
    """The same with a store in PostgreSQL, where the server may still commit what a dead client asked for."""

    def setUp(self):
        super().setUp()
        self.ok("backup", "create", self.file)
        self.home.env.update(self.postgresql())
        self.restore()
        os.unlink(self.file)

    def test_restore_into_an_empty_place(self):
        self.ok("backup", "create", self.file)
        argv, span = ("backup", "restore", self.file, "--yes"), 1.0
        for i in self.rounds():
            env, begun = self.postgresql(), time.monotonic()
            if i == 0:
                self.ok(*argv, env=env)
                span = time.monotonic() - begun
                continue
            self.lucky += self.kill(argv, span, env)
            if self.home.run(*argv, env=env).code == 5:  # it is there already: the kill came too late
                self.ok(*argv, "--force", env=env)
            self.ok("user", "show", "u299", env=env)
            self.sound(env)
        print(f"  {self.lucky} of {KILLS} restores into an empty database killed")


if __name__ == "__main__":
    unittest.main(verbosity=2)
