"""What can be the matter with a store: said aloud, with the right status, and nothing is lost by it."""
import contextlib
import hashlib
import os
import sqlite3
import subprocess
import unittest

from harness import HomeTest


class StoreTest(HomeTest):
    def files(self):
        folder, found = os.path.dirname(self.home.store), {}
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), "rb") as f:
                found[name] = hashlib.sha256(f.read()).hexdigest()
        return found

    def sql(self, statement):
        db = sqlite3.connect(self.home.store)
        found = db.execute(statement).fetchone()
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
        return found

    def refused_untouched(self, code, word):
        before = self.files()
        for argv in (("user", "list"), ("user", "create", "eve"), ("audit", "verify"), ("key", "rotate", "--use", "jwt"), ("init",)):
            self.refused(code, word, *argv)
        self.assertEqual(self.files(), before)
        return self.run_("user", "list", "--json").error

    def whole(self, *names):
        self.assertEqual([u["name"] for u in self.ok("user", "list", "--json").json], list(names))
        self.ok("store", "check")
        self.ok("audit", "verify")


class Troubles(StoreTest):
    def setUp(self):
        super().setUp()
        self.ok("user", "create", "ann")

    def test_a_newer_schema(self):
        was = self.sql("PRAGMA user_version")[0]
        self.sql("PRAGMA user_version=999")
        self.assertIn("newer", self.refused_untouched(8, "unavailable")["message"])
        self.sql(f"PRAGMA user_version={was}")
        self.whole("ann")

    def test_a_wrong_master_key(self):
        os.rename(self.home.key, self.home.path("right.key"))
        os.chmod(self.home.write("master.key", "A" * 43 + "\n"), 0o600)
        self.refused_untouched(7, "unverified")
        os.rename(self.home.path("right.key"), self.home.key)
        self.whole("ann")

    def test_a_corrupt_page(self):
        root, size = self.sql("SELECT rootpage FROM sqlite_schema WHERE name = 'user_account'")[0], self.sql("PRAGMA page_size")[0]
        with open(self.home.store, "r+b") as f:
            f.seek((root - 1) * size)
            page = f.read(size)
            f.seek((root - 1) * size)
            f.write(bytes(size))
        for argv in (("user", "list"), ("user", "show", "ann"), ("user", "create", "eve")):
            error = self.refused(8, "unavailable", *argv).error
            self.assertIn("damaged", error["message"])
            self.assertIn("backup", error["hint"])
        checked = self.expect(8, "store", "check", "--json").json
        self.assertFalse(checked["ok"])
        with open(self.home.store, "r+b") as f:
            f.seek((root - 1) * size)
            f.write(page)
        self.whole("ann")


class Disks(StoreTest):
    """A small file system of its own under the store."""

    initialise = False

    def mount(self, *options):
        return subprocess.run(["mount", *options, os.path.dirname(self.home.store)], capture_output=True, check=False).returncode == 0

    def setUp(self):
        super().setUp()
        folder = os.path.dirname(self.home.store)
        os.mkdir(folder, 0o700)
        if os.geteuid() != 0 or not self.mount("-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs"):
            self.skipTest("SKIPPED: mounting a small file system takes root")
        self.addCleanup(subprocess.run, ["umount", "-l", folder], check=False)
        self.ok("init")
        self.ok("user", "create", "ann")

    def test_a_full_disk(self):
        filler = os.path.join(os.path.dirname(self.home.store), "filler")
        fd = os.open(filler, os.O_WRONLY | os.O_CREAT, 0o600)
        for size in (65536, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    os.write(fd, bytes(size))
        os.close(fd)
        names = ["ann"]
        for i in range(3):
            result = self.run_("user", "create", f"bob{i}", "--json")
            if result.code == 0:
                names.append(f"bob{i}")
                continue
            self.assertEqual((result.code, result.error["code"]), (8, "unavailable"), repr(result))
            self.assertIn("no space", result.error["message"])
        self.assertLess(len(names), 4)
        os.unlink(filler)
        self.whole(*names)
        self.ok("user", "create", "eve")
        self.whole(*names, "eve")

    def test_a_read_only_disk(self):
        self.assertTrue(self.mount("-o", "remount,ro"))
        for argv in (("user", "create", "eve"), ("key", "rotate", "--use", "jwt"), ("token", "issue", "ann")):
            error = self.refused(8, "unavailable", *argv).error
            self.assertIn("read-only", error["message"])
        self.assertEqual([u["name"] for u in self.ok("user", "list", "--json").json], ["ann"])
        self.ok("audit", "verify")
        self.assertTrue(self.mount("-o", "remount,rw"))
        self.ok("user", "create", "eve")
        self.whole("ann", "eve")


if __name__ == "__main__":
    unittest.main(verbosity=2)
