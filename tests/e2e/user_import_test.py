"""`user import` as an operator meets it: hostile files, streams, kill -9 halfway, pages through what came in.

AUTHCTL_IMPORT_USERS sets how many users are imported (20,000), AUTHCTL_IMPORT_KILLS how often it is killed (12)."""
import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import unittest

from harness import BINARY, HomeTest

USERS = int(os.environ.get("AUTHCTL_IMPORT_USERS", "20000"))
KILLS = int(os.environ.get("AUTHCTL_IMPORT_KILLS", "12"))
VECTORS = os.path.join(os.path.dirname(__file__), "..", "vectors")
BCRYPT = "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW"
# Under a sanitizer memory is its own affair.
MEMORY = 512 << 20 if "ASAN_OPTIONS" not in os.environ else 1 << 40
MEASURE = """
import os, sys, time
begin = time.monotonic()
child = os.fork()
if child == 0:
    silent = os.open("/dev/null", os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    os.execv(sys.argv[1], sys.argv[1:])
_, status, used = os.wait4(child, 0)
print([os.waitstatus_to_exitcode(status), time.monotonic() - begin, used.ru_maxrss * 1024])
"""


def cell(text):
    return '"' + text.replace('"', '""') + '"'


class Import(HomeTest):
    def write_users(self, count, name="users.csv", prefix="user"):
        with open(self.home.path(name), "w") as file:
            file.write("name,email,password_hash\n")
            for i in range(count):
                user = f"{prefix}{i * 7919 % count}"
                file.write(f"{user},{user}@example.com,{BCRYPT}\n")
        return name

    def names(self):
        return [json.loads(line)["name"] for line in self.ok("user", "list", "-o", "jsonl").lines]

    def measured(self, *argv):
        """Status, seconds and the peak of resident memory in bytes."""
        # From a small process: what a child inherits for a moment counts in its peak.
        done = subprocess.run([sys.executable, "-IS", "-c", MEASURE, BINARY, *map(str, argv)], env=self.home.env,
                              cwd=self.home.folder, stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)


class Files(Import):
    def test_nothing_of_a_hostile_file_is_imported(self):
        line = f"ann,ann@example.com,{BCRYPT}\n"
        head = "name,email,password_hash\n"
        files = {
            "no-header": line, "binary": bytes(range(256)) * 40, "nul": head + "a\0nn,,\n", "utf16": (head + line).encode("utf-16"),
            "latin": head.encode() + b"\xe4nne,,\n", "open-quote": head + '"ann,,\n' + line, "twice": "name,user\na,b\n",
            "array": '{"name":"a"}\n[{"name":"b"}]\n', "duplicate": '{"name":"a","name":"b"}\n', "deep": '{"name":' + "[" * 5000 + "\n",
            "long-line": head + "a" * (2 << 20) + ",,\n", "long-cell": head + "ann,,$2b$" + "x" * 70000 + "\n",
            "more-cells": head + "ann,,,,\n", "control": head + "\x1b[31mann,,\n", "wrong-types": '{"name":7}\n',
            "array-file": '[{"name":"a"},\n{"name":"b"}]\n', "cr-alone": "name,email\ra,a@example.com\rb,b@example.com\r",
            "status": "name,status\nann,root\n", "flag": "name,disabled\nann,maybe\n",
        }
        for name, content in files.items():
            result = self.run_("user", "import", os.path.basename(self.home.write(name, content)))
            with self.subTest(name):
                self.assertEqual(result.code, 2, repr(result))
                self.assertNotIn("\x1b", result.out + result.err)
                self.assertTrue(all(len(text) < 1000 for text in result.err.splitlines()), repr(result)[:500])
        self.assertEqual(self.names(), [])
        self.assertEqual(self.ok("audit", "query", "--action", "user.import", "--json").json, [])

    def test_an_empty_file_holds_no_user(self):
        for name, content in {"empty": "", "blank": "\n\n", "header": "name\n"}.items():
            result = self.run_("user", "import", os.path.basename(self.home.write(name, content)))
            with self.subTest(name):
                self.assertIn(result.code, (0, 2), repr(result))
                if result.code == 0:
                    self.assertIn("no user", result.err)
        self.assertEqual(self.names(), [])

    def test_files_that_are_none(self):
        self.expect(3, "user", "import", "ghost.csv")
        self.assertIn(self.run_("user", "import", self.home.folder).code, (1, 2))
        self.refused(2, "usage", "user", "import")
        self.refused(2, "usage", "user", "import", "x.csv", "--jobs", "0")
        self.refused(2, "usage", "user", "import", "x.csv", "--format", "xml")

    def test_streams_line_endings_and_a_byte_order_mark(self):
        self.ok("user", "import", "-", stdin="\ufeffname,email\r\nann,Ann@Example.com\r\n\r\n\"bob\",\r\n")
        os.mkfifo(self.home.path("pipe"))
        writer = threading.Thread(target=lambda: self.home.write("pipe", '{"name":"carl"}'))
        writer.start()
        self.ok("user", "import", "pipe")
        writer.join()
        self.assertEqual(self.names(), ["ann", "bob", "carl"])
        self.assertEqual(self.ok("user", "show", "ANN@example.com", "--json").json["email"], "Ann@Example.com")
        self.assertEqual(sorted(os.listdir(self.home.folder)), ["data", "master.key", "pipe"])

    def test_names_of_the_vectors_that_differ_in_looks_only_make_no_second_account(self):
        with open(os.path.join(VECTORS, "identity", "names.json")) as file:
            cases = [case for case in json.load(file) if case["expect"] != "different-or-refuse"]
        for case in cases:
            account, attempt = case["account"], case["attempt"]
            if not account or attempt.startswith("HEX:") or account == attempt:
                continue
            with self.subTest(case["name"]):
                result = self.run_("user", "import", "-", "--json", "--format", "csv",
                                   stdin=f"name\n{cell(account)}\n{cell(attempt)}\n".encode("utf-8", "surrogatepass"))
                self.assertIn(result.code, (2, 5), repr(result))
        self.assertEqual(self.names(), [])
        self.assertGreater(len(cases), 10)

    def test_every_hash_of_the_vectors_is_taken_as_a_sign_in_would_take_it(self):
        with open(os.path.join(VECTORS, "password-hashes", "cases.json")) as file:
            cases = [case for case in json.load(file) if "hash" in case]
        good = [case for case in cases if case["expect"] in ("match", "no-match")]
        bad = [case for case in cases if case["expect"] == "error-fast"]
        records = "".join(json.dumps({"name": f"u{i}", "password_hash": case["hash"]}) + "\n" for i, case in enumerate(good))
        report = self.ok("user", "import", "-", "--json", stdin=records).json
        self.assertEqual((report["imported"], report["without_password"]), (len(good), 0))
        listed = [len(self.ok("user", "list", "--scheme", row["scheme"], "-q").lines) for row in report["recognised"]]
        self.assertEqual(listed, [row["users"] for row in report["recognised"]])
        # Hashes that ask for terabytes or hours are refused by reading them: thousands of them in no time.
        records = "".join(json.dumps({"name": f"b{i}", "password_hash": bad[i % len(bad)]["hash"]}) + "\n" for i in range(5000))
        code, _, memory = self.measured("user", "import", os.path.basename(self.home.write("bombs", records)))
        self.assertEqual(code, 2)
        self.assertLess(memory, MEMORY // 4)
        self.assertGreater(len(good), 30)

    def test_a_report_says_what_is_there_and_shows_no_secret(self):
        self.ok("user", "create", "ann")
        records = [{"name": "bob", "password_hash": "$2a$04$wAXhJ/rjz3R5GsxVKJ2qDO1rqUGiCxGUqW2ldb1DYBPgUYk4.hZwC"},
                   {"name": "carl", "password_hash": "5f4dcc3b5aa765d61d8327deb882cf99"}, {"name": "ANN"}, {"name": "bob"},
                   {"name": "x y"}, {"name": "dora", "totp_secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PX1"}]
        stdin = "".join(json.dumps(record) + "\n" for record in records)
        result = self.expect(2, "user", "import", "-", "--json", stdin=stdin)
        report = result.json
        self.fields(report, "file format digest id imported users recognised without_password totp backup_codes counts weak unknown "
                            "invalid clashing ignored")
        self.assertEqual(report["counts"], {"weak": 1, "unknown": 1, "invalid": 2, "clashing": 2})
        self.assertEqual([row["line"] for row in report["clashing"]], [3, 4])
        self.assertEqual((report["id"], report["imported"]), (None, 0))
        self.assertEqual(result.error["code"], "invalid")
        for secret in ("5f4dcc3b", "JBSWY3DP", "wAXhJ/rjz3R5"):
            self.assertNotIn(secret, result.out + result.err)
        only_clashes = self.run_("user", "import", "-", "--json", stdin='{"name":"ann"}')
        self.assertEqual((only_clashes.code, only_clashes.error["code"]), (5, "conflict"))
        self.assertEqual(self.names(), ["ann"])


class Halfway(Import):
    def test_killed_at_any_moment_it_is_all_or_nothing(self):
        rng = random.Random(20260101)
        self.ok("user", "create", "before", "--email", "before@example.com")
        self.write_users(USERS)
        code, seconds, _ = self.measured("user", "import", "users.csv", "--dry-run")
        self.assertEqual(code, 0)
        whole, killed = 8 * seconds, 0
        for _ in range(KILLS):
            child = subprocess.Popen([BINARY, "user", "import", "users.csv", "-q"], env=self.home.env, cwd=self.home.folder,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(seconds, whole))
            child.send_signal(signal.SIGKILL)
            done, names = child.wait() == 0, self.names()
            if done or len(names) > 1:  # killed between its commit and its end, it is all there too
                whole /= 2  # sooner
                self.assertEqual(len(names), USERS + 1)
                self.ok("audit", "verify")
                self.assertEqual(len(self.ok("audit", "query", "--action", "user.import", "--json").json), 1)
                self.fresh_store()
                continue
            killed += 1
            self.assertEqual(names, ["before"])
            self.expect(3, "user", "show", "user1")
            self.ok("store", "check")
            self.ok("audit", "verify")
        # A name that the dead import holds is nobody's, and one that is given away keeps the file out.
        self.ok("user", "create", "user1", "-q")
        self.expect(5, "user", "import", "users.csv")
        self.ok("user", "delete", "user1", "--yes")
        self.ok("user", "import", "users.csv")
        self.assertEqual(len(self.names()), USERS + 1)
        self.ok("audit", "verify")
        self.ok("store", "check")
        imports = self.ok("audit", "query", "--action", "user.import", "--json").json
        self.assertEqual([entry["detail"]["users"] for entry in imports], [USERS])
        print(f"  {KILLS} imports of {USERS} users, {killed} killed")
        self.assertGreater(killed, 0)

    def fresh_store(self):
        folder = os.path.dirname(self.home.store)
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))
        os.unlink(self.home.key)
        self.ok("init")
        self.ok("user", "create", "before", "--email", "before@example.com")

    def test_an_interrupt_leaves_nothing_and_says_so(self):
        self.write_users(USERS)
        child = subprocess.Popen([BINARY, "user", "import", "users.csv", "--json"], env=self.home.env, cwd=self.home.folder,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(0.2)
        child.send_signal(signal.SIGINT)
        _, err = child.communicate()
        if child.returncode != 0:  # it was in time
            self.assertEqual(child.returncode, 130, err)
            self.assertIn(b"nothing was imported", err)
            self.assertEqual(self.names(), [])
            self.ok("user", "import", "users.csv")
        self.assertEqual(len(self.names()), USERS)

    def test_of_two_at_once_one_says_that_the_other_runs(self):
        self.write_users(USERS)
        children = [subprocess.Popen([BINARY, "user", "import", "users.csv"], env=self.home.env, cwd=self.home.folder,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(2)]
        self.assertEqual(sorted(child.wait() for child in children), [0, 5])
        self.assertEqual(len(self.names()), USERS)

    def test_others_write_while_it_runs(self):
        self.write_users(USERS)
        child = subprocess.Popen([BINARY, "user", "import", "users.csv"], env=self.home.env, cwd=self.home.folder,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        made = 0
        while child.poll() is None:
            self.ok("user", "create", f"other-{made}", "-q")
            made += 1
        self.assertEqual(child.returncode, 0)
        self.assertEqual(len(self.names()), USERS + made)
        self.ok("audit", "verify")


class Many(Import):
    def test_pages_go_through_all_of_them_in_their_order(self):
        self.write_users(USERS)
        code, seconds, memory = self.measured("user", "import", "users.csv")
        self.assertEqual(code, 0)
        self.assertLess(memory, MEMORY)
        seen, after, times, step = [], "", [], max(1000, USERS // 40)
        while True:
            begin = time.monotonic()
            page = self.ok("user", "list", "--limit", step, *(("--after", after) if after else ()), "-o", "jsonl").lines
            times.append(time.monotonic() - begin)
            if not page:
                break
            seen += [json.loads(line)["name"] for line in page]
            after = seen[-1]
        self.assertEqual(seen, sorted(f"user{i}" for i in range(USERS)))
        self.guess_at_everybody()
        quick = {}
        for argv in (("user", "list", "--limit", "50"), ("user", "list", "--limit", "50", "--after", f"user{USERS // 2}"),
                     ("user", "list", "--scheme", "bcrypt", "--limit", "50"), ("user", "list", "--without-mfa", "--limit", "50"),
                     ("user", "list", "--scheme", "argon2id"), ("user", "list", "--status", "disabled"),
                     ("user", "show", f"user{USERS // 3}"), ("user", "show", f"USER{USERS // 3}@example.com"),
                     ("lockout", "list", "--limit", "50"), ("lockout", "list", "--limit", "50", "--after", f"user{USERS // 2}"),
                     ("lockout", "show", f"user{USERS // 3}")):
            quick[" ".join(argv)] = min(self.measured(*argv)[1] for _ in range(5))
        print(f"  {USERS} users imported in {seconds:.1f} s, at most {memory >> 20} MiB")
        for command, best in quick.items():
            print(f"  {1000 * best:7.1f} ms  {command}")
        self.assertEqual(len(self.ok("user", "list", "--scheme", "bcrypt", "--limit", "50", "-q").lines), 50)
        self.assertEqual(self.ok("user", "list", "--scheme", "argon2id", "-q").lines, [])
        self.assertEqual(self.ok("lockout", "list", "--limit", "50", "--after", f"user{USERS // 2}", "-q").lines,
                         [f"user{i}" for i in range(USERS // 2 - 1, USERS // 2 - 51, -1)])

    def guess_at_everybody(self):
        """Three failures each, one user after another: as many counters as there are users."""
        with contextlib.closing(sqlite3.connect(self.home.store)) as db, db:
            db.execute("INSERT INTO lockout_counter (kind, subject, user_id, failed_attempts, last_failure_at, locked_until, last_ip) "
                       "SELECT 'account', id, id, 3, 1767225600000 + CAST(SUBSTR(name, 5) AS INTEGER), 1767225601000, '192.0.2.1' "
                       "FROM user_account")


if __name__ == "__main__":
    unittest.main(verbosity=2)
