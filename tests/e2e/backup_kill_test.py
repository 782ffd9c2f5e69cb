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
        self.rng = random.Random(20261127)

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

    def test_create(self):
        span, killed = self.span("backup", "create", self.home.path("first")), 0
        for i in range(KILLS):
            file = self.home.path(f"{i}.backup")
            killed += self.kill(("backup", "create", file), span)
            if os.path.exists(file):
                self.ok("backup", "verify", file)
            self.ok("backup", "create", file, "--force", "--yes")
            self.ok("backup", "verify", file)
        self.assertEqual([n for n in os.listdir(self.home.folder) if n.endswith(".partial")], [])
        self.sound()
        print(f"  {killed} of {KILLS} creates killed")
        self.assertGreater(killed, 0)

    def test_verify(self):
        """What a killed one left, a copy of the store, goes with the next one."""
        self.ok("backup", "create", self.file)
        argv, killed, most = ("backup", "verify", self.file), 0, 0
        env = {"TMPDIR": self.home.path("tmp")}
        os.mkdir(env["TMPDIR"])
        span = self.span(*argv, env=env)
        for _ in range(KILLS):
            killed += self.kill(argv, span, env)
            most = max(most, len(os.listdir(env["TMPDIR"])))
            self.ok(*argv, env=env)
            for left in os.listdir(env["TMPDIR"]):  # killed before it was locked
                self.assertEqual(os.listdir(env["TMPDIR"] + "/" + left), [])
        print(f"  {killed} of {KILLS} verifications killed")
        self.assertGreater(killed, 0)
        self.assertGreater(most, 0)

    def test_restore_into_an_empty_place(self):
        self.ok("backup", "create", self.file)
        argv, killed = ("backup", "restore", self.file, "--yes"), 0
        span = self.span(*argv, env=self.place("first"))
        for i in range(KILLS):
            env, folder = self.place(f"new{i}"), self.home.path(f"new{i}")
            killed += self.kill(argv, span, env)
            if os.path.exists(folder + "/authctl.db"):
                self.sound(env)
            else:
                self.ok(*argv, env=env)
            self.ok("user", "show", "u299", env=env)
            self.assertEqual(self.restore("--force", env=env)["replaced"], True)
            self.sound(env)
            self.assertEqual([n for n in os.listdir(folder) if "restore" in n], [])
            shutil.rmtree(folder)
        print(f"  {killed} of {KILLS} restores into nothing killed")
        self.assertGreater(killed, 0)

    def test_restore_over_a_store(self):
        self.ok("backup", "create", self.file)
        argv, killed = ("backup", "restore", self.file, "--yes", "--force"), 0
        span = self.span(*argv)
        for _ in range(KILLS):
            self.ok("user", "create", "after")
            keys = self.states("jwt")
            killed += self.kill(argv, span)
            self.sound()
            there = self.home.run("user", "show", "after").code
            self.assertIn(there, (0, 3))
            self.assertEqual(self.states("jwt") == keys, there == 0)
            self.ok(*argv)
            self.sound()
            self.expect(3, "user", "show", "after")
        print(f"  {killed} of {KILLS} restores over a store killed")
        self.assertGreater(killed, 0)


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
        argv, killed, span = ("backup", "restore", self.file, "--yes"), 0, 1.0
        for i in range(KILLS):
            env, begun = self.postgresql(), time.monotonic()
            if i == 0:
                self.ok(*argv, env=env)
                span = time.monotonic() - begun
                continue
            killed += self.kill(argv, span, env)
            if self.home.run(*argv, env=env).code == 5:  # it is there already: the kill came too late
                self.ok(*argv, "--force", env=env)
            self.ok("user", "show", "u299", env=env)
            self.sound(env)
        print(f"  {killed} of {KILLS} restores into an empty database killed")
        self.assertGreater(killed, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
