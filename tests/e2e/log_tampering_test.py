"""The log as somebody leaves it who can write the store: told apart by `audit verify`, exit 7, which and where."""
import os
import shutil
import sqlite3
import unittest

from harness import HomeTest

LAST = 20


class Tampered(HomeTest):
    def setUp(self):
        super().setUp()
        while self.size() < LAST:
            self.ok("role", "create", f"role{self.size()}")
        self.ok("audit", "checkpoint", "--out", "kept.note")
        self.ok("audit", "checkpoint", "--public-key", "--out", "log.vkey")
        self.sql("PRAGMA wal_checkpoint(TRUNCATE)")
        self.whole = shutil.copy(self.home.store, self.home.path("whole.db"))

    def size(self):
        return self.ok("audit", "verify", "--json").json["size"]

    def sql(self, *statements):
        db = sqlite3.connect(self.home.store)
        for statement in statements:
            self.assertNotEqual(db.execute(statement).rowcount, 0, statement)
        db.commit()
        db.close()

    def back(self, copy):
        for side in ("-wal", "-shm"):
            self.assertFalse(os.path.exists(self.home.store + side))
        shutil.copy(copy, self.home.store)

    def found(self, verdict, place, *argv, env=None):
        """In JSON and in words: which, and where."""
        seen = self.expect(7, "audit", "verify", "--json", *argv, env=env).json
        self.assertEqual((seen["verdict"], seen["first_bad_seq"]), (verdict, place), seen)
        self.assertTrue(seen["problem"])
        words = self.expect(7, "audit", "verify", *argv, env=env).out
        self.assertIn(verdict, words)
        self.assertIn(str(place), words)

    def test_each_kind_is_told_apart_and_its_place_named(self):
        columns = "seq, time, actor, action, target_kind, target_id, target_name, outcome, ip, reason, detail, leaf, mac"
        by_hand = columns.replace("seq", f"{LAST + 1}", 1)
        for name, verdict, place, statements in (
                ("one byte", "altered", 5, ["UPDATE audit_entry SET target_name = 'x' || substr(target_name, 2) WHERE seq = 5"]),
                ("one millisecond", "altered", 6, ["UPDATE audit_entry SET time = time - 1 WHERE seq = 6"]),
                ("the first row gone", "altered", 1, ["DELETE FROM audit_entry WHERE seq = 1"]),
                ("a row gone", "altered", 7, ["DELETE FROM audit_entry WHERE seq = 7"]),
                ("a row gone, the rest moved up", "altered", 7,
                 ["DELETE FROM audit_entry WHERE seq = 7", *(f"UPDATE audit_entry SET seq = {i - 1} WHERE seq = {i}" for i in range(8, LAST + 1))]),
                ("two rows swapped", "altered", 8, ["UPDATE audit_entry SET seq = 99 WHERE seq = 8", "UPDATE audit_entry SET seq = 8 WHERE seq = 9",
                                                   "UPDATE audit_entry SET seq = 9 WHERE seq = 99"]),
                ("a row appended", "altered", LAST + 1, [f"INSERT INTO audit_entry ({columns}) SELECT {by_hand} FROM audit_entry WHERE seq = 3"]),
                ("the tail cut", "truncated", 12, ["DELETE FROM audit_entry WHERE seq >= 12"]),
                ("the last row cut", "truncated", LAST, [f"DELETE FROM audit_entry WHERE seq = {LAST}"]),
                ("all of it gone", "truncated", 1, ["DELETE FROM audit_entry"])):
            with self.subTest(name):
                self.back(self.whole)
                self.sql(*statements)
                self.found(verdict, place)
                # Whoever has the public key alone sees it too.
                self.expect(7, "audit", "verify", "--public-key", "log.vkey", env={"AUTHCTL_MASTER_KEY_FILE": "/nonexistent"})

    def test_an_older_copy_is_told_by_a_checkpoint_that_was_kept(self):
        self.ok("role", "create", "after")
        self.ok("audit", "checkpoint", "--out", "later.note")
        self.back(self.whole)
        self.ok("audit", "verify")  # in itself it is whole
        self.ok("audit", "verify", "--checkpoint", "kept.note")
        self.found("truncated", LAST + 1, "--checkpoint", "later.note")
        self.ok("role", "create", "another")
        self.ok("role", "create", "and-one-more")
        seen = self.expect(7, "audit", "verify", "--json", "--checkpoint", "later.note").json
        self.assertEqual(seen["verdict"], "altered")
        self.ok("audit", "verify", "--checkpoint", "kept.note")


if __name__ == "__main__":
    unittest.main(verbosity=2)
