"""People, roles and the record of what was done to them, as an attacker and a careless script would try them."""
import json
import os
import shutil
import sqlite3
import subprocess
import unittest

from harness import BINARY, HomeTest


class Options(HomeTest):
    def test_an_empty_resource_or_end_never_widens_what_is_given(self):
        self.ok("role", "create", "editor")
        self.ok("user", "create", "ann")
        for argv in (("role", "grant", "editor", "edit:posts", "--on", ""), ("role", "grant", "editor", "edit:posts", "--on="),
                     ("role", "assign", "ann", "editor", "--on", ""), ("role", "assign", "ann", "editor", "--for", ""),
                     ("role", "revoke", "editor", "edit:posts", "--on", ""), ("role", "unassign", "ann", "editor", "--on", ""),
                     ("permission", "check", "ann", "edit:posts", "--on", ""), ("permission", "who", "edit:posts", "--on", "")):
            self.refused(2, "usage", *argv)
        self.assertEqual(self.ok("role", "show", "editor", "--json").json["permissions"], [])
        self.assertEqual(self.ok("user", "show", "ann", "--json").json["roles"], [])

    def test_an_empty_file_name_never_stands_for_none(self):
        self.ok("user", "create", "ann")
        for argv in (("token", "verify", "--jwks", ""), ("token", "verify", "--key", ""), ("audit", "verify", "--checkpoint", ""), ("audit", "verify", "--public-key", ""),
                     ("user", "create", "bob", "--password-file", ""), ("user", "password", "ann", "--generate", "--out", "")):
            self.refused(2, "usage", *argv)

    def test_help_says_once_that_an_option_may_be_repeated(self):
        for verb in ("role create", "role update", "user create", "token issue", "token verify"):
            text = " ".join(self.ok("help", *verb.split()).out.split())
            self.assertIn("(may be repeated)", text)
            self.assertNotIn("may be given again", text)
            self.assertNotIn("may be repeated (may be repeated)", text)

    def test_an_empty_file_with_the_url_of_the_store_never_stands_for_the_default(self):
        result = self.home.run("user", "list", env={"AUTHCTL_STORE": None, "AUTHCTL_STORE_FILE": self.home.write("url", "\n")})
        self.assertEqual(result.code, 2, result)
        self.assertIn("(AUTHCTL_STORE_FILE) is empty", result.err)

    def test_help_names_the_exit_code_of_a_store_that_is_not_there_where_one_is_needed(self):
        key, secret = self.home.write("key", "JBSWY3DPEHPK3PXP"), "--secret-file"
        without = {("version",): (), ("config", "show"): (), ("schema",): (), ("completion", "bash"): (),
                   ("fernet", "keygen"): (), ("key", "inspect"): ("-",), ("token", "inspect"): ("-",),
                   ("lockout", "simulate"): (), ("totp", "code"): (secret, key),
                   ("totp", "check"): (secret, key, "--code-stdin")}
        for command in (("user", "list"), ("audit", "query"), ("key", "list"), ("export",), *without):
            said = "\n  8  " in self.ok("help", *command).out
            result = self.home.run(*command, *without.get(command, ()), stdin="x",
                                   env={"AUTHCTL_STORE": "sqlite:" + self.home.path("none.db")})
            self.assertEqual(said, result.code == 8, result)

    def test_a_lost_master_key_is_not_answered_with_init(self):
        os.rename(self.home.key, self.home.key + ".away")
        for verb in (("user", "list"), ("init",)):
            self.assertNotIn("authctl init", self.refused(8, "unavailable", *verb).error["hint"] or "")


class Query(HomeTest):
    def test_a_time_taken_from_an_entry_finds_it_again(self):
        self.ok("user", "create", "ann")
        entry = self.ok("audit", "query", "--limit", "1", "--json").json[0]
        found = self.ok("audit", "query", "--since", entry["time"], "--until", entry["time"], "--json").json
        self.assertIn(entry, found)
        self.assertEqual(self.ok("audit", "query", "--until", "2001-01-01T00:00:00Z", "--json").json, [])

    def test_a_limit_of_nothing_is_refused_as_everywhere(self):
        for noun in (("audit", "query"), ("user", "list")):
            self.refused(2, "invalid", *noun, "--limit", "0")


class Export(HomeTest):
    def test_no_format_carries_what_a_terminal_acts_on(self):
        hostile = "\x1b[31m\x9b2J\x07\x7f\u202e\u200b\u2028\ufeff\U000e0041"
        self.ok("role", "create", "r", "--reason", hostile, "--description", hostile)
        for format_ in ("jsonl", "csv", "cef"):
            text = self.ok("audit", "export", "--format", format_).out
            self.assertEqual([c for c in hostile if c in text and not c.isprintable()], [], format_)
        entry = json.loads(self.ok("audit", "export").lines[-1])
        self.assertEqual((entry["reason"], entry["detail"]["description"]), (hostile, hostile))

    def test_a_reader_that_has_seen_enough_is_no_failure_and_a_full_disk_is_one(self):
        def exported_to(out):
            return subprocess.run([BINARY, "audit", "export"], env=self.home.env, stdout=out,
                                  stderr=subprocess.PIPE, check=False)
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as out:
            left = exported_to(out)
        self.assertEqual((left.returncode, left.stderr), (0, b""))
        with open("/dev/full", "wb") as out:
            full = exported_to(out)
        self.assertEqual(full.returncode, 1)
        self.assertIn(b"cannot write to standard output: No space left on device", full.stderr)


class Indexes(HomeTest):
    """Whoever makes an index lie hides entries from queries without touching one."""

    def tamper(self, *statements):
        db = sqlite3.connect(self.home.store)
        for statement in statements:
            db.execute(statement)
        db.commit()
        db.close()

    def check_altered(self, word):
        public = self.home.path("log.vkey")
        for argv, env in (((), {}), (("--public-key", public), {"AUTHCTL_MASTER_KEY_FILE": "/nonexistent"})):
            found = self.expect(7, "audit", "verify", "--json", *argv, env=env).json
            self.assertEqual(found["verdict"], "altered")
            self.assertIn(word, found["problem"])
            self.assertNotIn("\n", found["problem"])
        if word.startswith("audit_"):
            self.refused(8, "unavailable", "audit", "query")

    def setUp(self):
        super().setUp()
        self.ok("user", "create", "ann")
        self.ok("audit", "checkpoint", "--public-key", "--out", "log.vkey")
        self.tamper("PRAGMA wal_checkpoint(TRUNCATE)")
        self.whole = shutil.copy(self.home.store, self.home.path("whole.db"))

    def test_definitions(self):
        other = "CREATE TABLE audit_block (block INTEGER PRIMARY KEY, min_time INTEGER, max_time INTEGER)"
        for statements in (("DROP TABLE audit_index",), ("DROP TABLE audit_block",), ("DROP TABLE audit_block", other),
                           ("CREATE INDEX audit_entry_more ON audit_entry (actor) WHERE seq <> 4",),
                           ("CREATE INDEX audit_index_more ON audit_index (block)",),
                           ("PRAGMA writable_schema=ON", f"UPDATE sqlite_master SET sql = '{other}' WHERE name = 'audit_block'")):
            shutil.copy(self.whole, self.home.store)
            self.tamper(*statements)
            self.check_altered("audit_")

    def test_rows(self):
        for i in range(70):
            self.ok("role", "create", f"role{i}")
        self.tamper("UPDATE audit_index SET entries = entries & ~64 WHERE facet = 2 AND value = 'role.create'")
        self.check_altered("index")

    def test_a_table_more_is_no_store_of_ours(self):
        self.tamper("CREATE TABLE audit_entry_more (x)")
        self.assertIn("audit_entry_more", self.refused(8, "unavailable", "audit", "verify").error["message"])

    def test_pages(self):
        for i in range(70):
            self.ok("role", "create", f"role{i}")
        self.tamper("PRAGMA wal_checkpoint(TRUNCATE)")
        db = sqlite3.connect(self.home.store)
        root = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'audit_index'").fetchone()[0]
        size = db.execute("PRAGMA page_size").fetchone()[0]
        db.close()
        with open(self.home.store, "r+b") as file:  # one cell fewer in its last leaf: a value that no query finds
            file.seek((root - 1) * size + 8)
            root = int.from_bytes(file.read(4), "big")
            file.seek((root - 1) * size + 3)
            cells = int.from_bytes(file.read(2), "big")
            self.assertGreater(cells, 0)
            file.seek((root - 1) * size + 3)
            file.write((cells - 1).to_bytes(2, "big"))
        self.check_altered("index")


if __name__ == "__main__":
    unittest.main(verbosity=2)
