#!/usr/bin/env python3
"""Options that no other test types: each is given once, and what it changes is looked at, so that it would show if it were
ignored."""
import datetime
import json
import os
import sqlite3
import ssl
import subprocess
import time
import unittest
import urllib.request

from harness import BINARY, HomeTest

PASSWORD = "mulberry lantern quay 47"


class EveryOption(HomeTest):
    def file(self, name, content="x"):
        return self.home.write(name, content)

    def replaced(self, to, force, *command):
        """The second option writes over the file of the first, and nothing does without it."""
        out = self.file("there", "old")
        self.expect(5, *command, to, out, "-y")
        with open(out, encoding="utf-8") as f:
            self.assertEqual(f.read(), "old")
        self.ok(*command, to, out, force, "-y")
        with open(out, "rb") as f:
            self.assertNotEqual(f.read(), b"old")

    def test_a_password_in_the_url_of_the_store_is_for_its_owner_alone(self):
        url = self.file("url", "postgresql://ann:secret@127.0.0.1:1/none?connect_timeout=1")
        for mode, severity in ((0o644, "fail"), (0o600, "ok")):
            os.chmod(url, mode)
            done = self.run_("doctor", "--only", "store-password", "--json", env={"AUTHCTL_STORE": None, "AUTHCTL_STORE_FILE": url})
            self.assertEqual([found["severity"] for found in done.json], [severity], repr(done))
            self.assertNotIn("secret", done.out + done.err)

    def test_force_and_out(self):
        self.ok("user", "create", "ann")
        kid = self.ok("key", "list", "--use", "jwt", "-q").lines[0]
        for command in (("user", "password", "ann", "--generate"), ("key", "export", kid, "--format", "pem", "--private"),
                        ("fernet", "keygen"), ("secret", "render", "--format", "dotenv")):
            self.replaced("--out", "--force", *command)

    def test_force_where_the_last_administrator_would_go(self):
        self.ok("role", "create", "root")
        self.ok("role", "create", "boss", "--inherits", "root")
        self.ok("role", "grant", "root", "admin:all")
        self.ok("user", "create", "ann", "--role", "boss")
        self.expect(5, "role", "update", "boss", "--no-inherits", "root", "-y")
        self.ok("role", "update", "boss", "--no-inherits", "root", "--force", "-y", "--description", "was the boss")
        shown = self.ok("role", "show", "boss", "--json").json
        self.assertEqual((shown["inherits"], shown["description"]), ([], "was the boss"))
        self.ok("role", "assign", "ann", "root")
        self.expect(5, "role", "revoke", "root", "admin:all", "-y")
        self.ok("role", "revoke", "root", "admin:all", "--force", "-y")
        self.assertEqual(self.ok("role", "show", "root", "--json").json["permissions"], [])

    def test_force_on_the_last_administrator(self):
        self.ok("role", "create", "admin")
        self.ok("role", "grant", "admin", "admin:all")
        self.ok("user", "create", "boss", "--role", "admin")
        self.expect(5, "role", "assign", "boss", "admin", "--for", "1h", "-y")
        self.ok("role", "assign", "boss", "admin", "--for", "1h", "--force", "-y")
        self.ok("user", "create", "ann", "--role", "admin")
        self.ok("user", "delete", "boss", "-y")
        self.expect(5, "user", "disable", "ann", "-y")
        self.ok("user", "disable", "ann", "--force", "-y")
        self.assertEqual(self.ok("user", "show", "ann", "--json").json["status"], "disabled")
        self.ok("user", "enable", "ann")
        self.expect(5, "user", "delete", "ann", "-y")
        self.ok("user", "delete", "ann", "--force", "-y")
        self.expect(3, "user", "show", "ann")

    def test_user_import_format(self):
        people = self.file("people", "name,email\nu1,u1@example.com\n")
        self.expect(2, "user", "import", people, "--format", "jsonl")
        self.ok("user", "import", people, "--format", "csv")
        self.ok("user", "show", "u1")

    def test_user_list_and_import(self):
        users = "name,email\n" + "".join(f"u{i},u{i}@example.com\n" for i in range(20))
        self.ok("user", "import", self.file("users.csv", users), "--jobs", "2")
        self.refused(2, "usage", "user", "import", self.file("none.csv", "name\n"), "--jobs", "many")
        secret = self.file("secret", self.ok("totp", "enroll", "u1", "--json").json["secret"])
        self.ok("totp", "confirm", "u1", "--code-stdin", stdin=self.ok("totp", "code", "--secret-file", secret).raw_out)
        without = self.ok("user", "list", "--without-mfa", "--limit", "100", "--json").json
        self.assertEqual(len(without), 19)
        self.assertNotIn("u1", [user["name"] for user in without])

    def test_apply_force(self):
        roles = "".join(f"  - name: role{i}\n" for i in range(12))
        self.ok("apply", "-f", self.file("all.yaml", "version: 1\nroles:\n" + roles))
        none = self.file("none.yaml", "version: 1\nroles: []\n")
        self.expect(5, "apply", "-f", none, "--prune", "-y")
        self.ok("apply", "-f", none, "--prune", "--force", "-y")
        self.assertEqual(self.ok("role", "list", "--json").json, [])

    def test_client_update_no_grant(self):
        client = self.ok("client", "create", "app", "--grant", "client_credentials", "--grant", "refresh_token", "--json").json
        self.ok("client", "update", client["id"], "--no-grant", "refresh_token")
        self.assertNotIn("refresh_token", json.dumps(self.ok("client", "show", client["id"], "--json").json))

    def test_key_generate_not_before(self):
        kid = self.ok("key", "generate", "--use", "jwt", "--not-before", "2099-01-01T00:00:00Z", "-q").lines[0]
        self.assertIn("2099-01-01", self.ok("key", "plan", "--use", "jwt").out)
        self.expect(5, "key", "promote", kid)
        for command in (("key", "show", kid), ("key", "list")):
            self.assertIn("is not to be used before 2099-01-01T00:00:00Z", self.ok(*command).err)

    def test_key_rotate_grace(self):
        old = self.ok("key", "list", "--use", "jwt", "-q").lines[0]
        self.ok("key", "rotate", "--use", "jwt", "--grace", "9h")
        key = self.ok("key", "show", old, "--json").json
        span = datetime.datetime.fromisoformat(key["retires_at"][:-1]) - datetime.datetime.utcnow()
        self.assertTrue(8.9 < span.total_seconds() / 3600 < 9.1, key)

    def test_key_delete_force(self):
        self.ok("user", "create", "ann")
        self.ok("token", "issue", "ann", "--ttl", "9h")
        old = self.ok("key", "list", "--use", "jwt", "-q").lines[0]
        self.ok("key", "rotate", "--use", "jwt")
        self.expect(5, "key", "delete", old, "-y", "--reason", "gone")
        self.expect(2, "key", "delete", old, "-y", "--force")
        self.ok("key", "delete", old, "-y", "--force", "--reason", "gone")
        self.expect(3, "key", "show", old)

    def test_token_issue_force_and_verify_typ(self):
        self.ok("user", "create", "ann")
        self.replaced("--out", "--force", "token", "issue", "ann")
        token = self.home.path("there")
        self.ok("token", "verify", token, "--typ", "at+jwt")
        self.assertEqual(self.expect(7, "token", "verify", token, "--typ", "jwt", "--json").json["reason"], "wrong_type")

    def test_token_issue_and_verify(self):
        self.ok("user", "create", "ann")
        token = self.file("token", self.ok("token", "issue", "ann", "--scope", "read", "--scope", "write").out)
        claims = self.ok("token", "verify", token, "--json").json["claims"]
        self.assertEqual(claims["scope"], "read write")
        twice = self.ok("token", "issue", "ann", "--scope", "read", "--scope", "write", "--scope", "read", "--json").json
        self.assertEqual(twice["claims"]["scope"], "read write")
        for wrong in ("two\nlines", "bell\a", "turned\u202e"):
            self.refused(2, "usage", "token", "issue", "ann", "--audience", wrong)
            self.refused(2, "invalid", "token", "issue", "ann", env={"AUTHCTL_ISSUER": wrong})
        typed = self.refused(3, "not_found", "token", "verify", twice["token"])
        self.assertIn("standard input", typed.error["hint"])
        self.assertNotIn(twice["token"][:20], typed.err)
        self.assertIn("/etc", self.expect(1, "token", "verify", "/etc").err)
        self.assertEqual(self.expect(7, "token", "verify", token, "--algorithm", "EdDSA", "--json").json["reason"],
                         "unsupported_algorithm")
        self.ok("token", "verify", token, "--algorithm", "ES256")
        other = self.file("other", self.ok("token", "issue", "ann", "--type", "reset").out)
        self.assertEqual(self.expect(7, "token", "verify", other, "--json").json["reason"], "wrong_type")
        self.ok("token", "verify", other, "--type", "reset")

    def test_token_revoke_issued_between(self):
        self.ok("user", "create", "ann")
        kid = self.ok("key", "list", "--use", "jwt", "-q").lines[0]
        token = self.file("token", self.ok("token", "issue", "ann").out)
        self.ok("token", "revoke", "--kid", kid, "--issued-between", "2020-01-01T00:00:00Z", "2020-02-01T00:00:00Z", "-y")
        self.ok("token", "verify", token)
        self.ok("token", "revoke", "--kid", kid, "--issued-between", "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "-y")
        self.assertEqual(self.expect(7, "token", "verify", token, "--json").json["reason"], "revoked")

    def test_fernet_inspect_and_rotate(self):
        key = self.file("key", self.ok("fernet", "keygen").out)
        token = self.ok("fernet", "encrypt", "--key-file", key, "--now", "2026-01-01T00:00:00Z", stdin=b"hello").out.strip()
        # Without the key a token cannot be told to be whole.
        with_key = self.ok("fernet", "inspect", "--key-file", key, "--json", stdin=token.encode()).out
        other = self.file("other", self.ok("fernet", "keygen").out)
        self.assertNotEqual(with_key, self.run_("fernet", "inspect", "--key-file", other, "--json", stdin=token.encode()).out)
        ages = [self.run_("fernet", "inspect", "--key-file", key, "--now", now, "--json", stdin=token.encode()).out
                for now in ("2026-01-01T00:00:10Z", "2026-01-02T00:00:00Z")]
        self.assertNotEqual(*ages)
        table = f"id,secret\n1,{token}\n".encode()
        keys = self.file("keys", self.ok("fernet", "keygen").out + self.home_text("key"))
        stats = self.ok("fernet", "inspect", "--stats", "--column", "secret", "--jobs", "2", "--key-file", keys, "--json", stdin=table)
        self.assertIn('"records":1', stats.out.replace(" ", ""))
        self.refused(2, "usage", "fernet", "inspect", "--stats", "--jobs", "0", "--key-file", keys)
        rotated = self.ok("fernet", "rotate", "--column", "secret", "--key-file", keys, stdin=table).out
        self.assertTrue(rotated.startswith("id,secret\n1,gAAAA"))
        self.assertNotIn(token, rotated)
        for now in ("2025-01-01T00:00:00Z", "2030-06-01T00:00:00Z"):
            moved = self.ok("fernet", "rotate", "--key-file", keys, "--now", now, stdin=token.encode() + b"\n").out.encode()
            self.assertEqual(self.ok("fernet", "inspect", "--key-file", keys, "--json", stdin=moved).json["created_at"],
                             "2026-01-01T00:00:00Z")
        self.refused(2, "usage", "fernet", "rotate", "--key-file", keys, "--now", "noon", stdin=b"")
        self.refused(2, "usage", "fernet", "rotate", "--key-file", keys, "--jobs", "0", stdin=b"")

    def home_text(self, name):
        with open(self.home.path(name), encoding="utf-8") as f:
            return f.read()

    def test_session_list(self):
        self.assertEqual(self.ok("session", "list", "--ended", "--limit", "1", "--json").json, [])
        self.refused(2, "usage", "session", "list", "--limit", "none")

    def signed_in(self):
        """A session, made by a server that is gone again."""
        self.ok("user", "create", "ann")
        self.ok("user", "password", "ann", "--password-stdin", stdin=PASSWORD.encode())
        process = self.background("serve", "--dev", "--listen", "127.0.0.1:0")
        listen = json.loads(process.stderr.readline())["listen"]
        port = (listen if isinstance(listen, str) else listen[0]).rsplit(":", 1)[1]
        request = urllib.request.Request(f"https://127.0.0.1:{port}/auth/login?mode=token", method="POST",
                                         headers={"Content-Type": "application/json"},
                                         data=json.dumps({"username": "ann", "password": PASSWORD}).encode())
        with urllib.request.urlopen(request, timeout=20, context=ssl._create_unverified_context()) as answer:
            self.assertEqual(answer.status, 200)

    def test_session_list_ended(self):
        self.signed_in()
        self.assertEqual(self.ok("session", "list", "--ended", "--json").json, [])
        one, = self.ok("session", "list", "--json").json
        self.ok("session", "revoke", one["id"])
        self.assertEqual(self.ok("session", "list", "--json").json, [])
        self.assertEqual([s["id"] for s in self.ok("session", "list", "--ended", "--json").json], [one["id"]])

    def test_master_key_rotate_reseal(self):
        def sealed():
            with sqlite3.connect(self.home.store) as db:
                return db.execute("SELECT sealed FROM crypto_key ORDER BY kid").fetchall()
        before = sealed()
        for options, same in (((), True), (("--reseal",), False)):
            new = self.home.path("new" + "".join(options))
            self.ok("master-key", "rotate", "--new-master-key-file", new, "-y", *options)
            self.home.env["AUTHCTL_MASTER_KEY_FILE"] = new
            self.ok("master-key", "verify")
            self.assertEqual(sealed() == before, same)

    def test_password_check_and_verify(self):
        short = b"tallow-brine-7"  # 14 characters: enough with a second factor, not without
        self.expect(4, "password", "check", "--password-stdin", stdin=short)
        self.ok("password", "check", "--second-factor", "--password-stdin", stdin=short)
        own = b"zebulonquartermain@example.com"
        self.ok("password", "check", "--password-stdin", stdin=b"gristle47-" + own[:11] + b"-heron")
        self.expect(4, "password", "check", "--email", own.decode(), "--password-stdin", stdin=own)
        crypted = subprocess.run(["openssl", "passwd", "-6", "-salt", "saltsalt", "password"], capture_output=True, text=True,
                                 check=True).stdout
        old = self.file("hash", crypted)
        self.expect(2, "password", "verify", "--hash-file", old, "--password-stdin", stdin=b"password")
        self.ok("password", "verify", "--hash-file", old, "--legacy", "--password-stdin", stdin=b"password")

    def test_totp_code_and_check(self):
        secret = self.file("secret", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
        now = ("--now", "2009-02-13T23:31:30Z")
        codes = {self.ok("totp", "code", "--secret-file", secret, *now, *more).out.strip()
                 for more in ((), ("--period", "60s"), ("--digits", "8"), ("--algorithm", "SHA256"))}
        self.assertEqual(len(codes), 4)
        self.assertIn("89005924", codes)  # RFC 6238 appendix B
        for more in (("--digits", "8"), ("--period", "60s"), ("--algorithm", "SHA512")):
            code = self.ok("totp", "code", "--secret-file", secret, *now, *more).out.encode()
            self.ok("totp", "check", "--secret-file", secret, *now, *more, "--code-stdin", stdin=code)
            self.expect(4, "totp", "check", "--secret-file", secret, *now, "--digits", "7", "--code-stdin", stdin=code)

    def test_totp_enroll_ways_and_code_files(self):
        self.ok("user", "create", "ann")
        self.assertRegex(self.ok("totp", "enroll", "ann", "--uri").out, r"\Aotpauth://totp/[^\n]+\n\Z")
        picture = self.home.path("ann.svg")
        self.ok("totp", "enroll", "ann", "--svg", picture)
        with open(picture, encoding="utf-8") as f:
            self.assertIn("<svg", f.read())
        secret = self.file("secret", self.ok("totp", "enroll", "ann", "--json").json["secret"])
        for verb, later in (("confirm", 0), ("verify", 30)):
            now = datetime.datetime.utcfromtimestamp(time.time() + later).strftime("%Y-%m-%dT%H:%M:%SZ")
            code = self.file("code", self.ok("totp", "code", "--secret-file", secret, "--now", now).out)
            self.ok("totp", verb, "ann", "--code-file", code)

    def test_backup_codes_count_and_print(self):
        self.ok("user", "create", "ann")
        self.assertEqual(len(self.ok("backup-code", "generate", "ann", "--count", "7", "-y", "--json").json["codes"]), 7)
        self.assertIn("<html", self.ok("backup-code", "generate", "ann", "--print", "html", "-y").out)
        self.assertNotIn("<html", self.ok("backup-code", "generate", "ann", "--print", "text", "-y").out)

    def test_totp_enroll_force(self):
        self.ok("user", "create", "ann")
        picture = self.file("ann.png", "old")
        self.expect(5, "totp", "enroll", "ann", "--png", picture)
        self.ok("totp", "enroll", "ann", "--png", picture, "--force", "-y")
        with open(picture, "rb") as f:
            self.assertTrue(f.read().startswith(b"\x89PNG"))

    def test_audit_query_filters(self):
        self.ok("user", "create", "ann")
        self.ok("role", "create", "editor")
        everything = len(self.ok("audit", "query", "--json").json)
        actor = self.ok("audit", "query", "--json").json[0]["actor"]
        self.assertEqual(len(self.ok("audit", "query", "--actor", actor, "--json").json), everything)
        self.assertEqual(self.ok("audit", "query", "--actor", "os:nobody-else", "--json").json, [])
        self.assertEqual([e["action"] for e in self.ok("audit", "query", "--target", "ann", "--json").json], ["user.create"])
        self.assertEqual(self.ok("audit", "query", "--outcome", "denied", "--json").json, [])
        self.assertEqual(self.ok("audit", "query", "--ip", "203.0.113.9", "--json").json, [])
        self.expect(2, "audit", "query", "--ip", "203.0.113")
        for wrong in ("bad[", "user.?", "User.create", "ü"):
            self.refused(2, "invalid", "audit", "query", "--action", wrong)
        self.assertEqual(self.ok("audit", "query", "--action", "nothing.*", "--json").json, [])

    def test_audit_export_and_query_since(self):
        self.ok("user", "create", "ann", "--email", "ann@example.com", "--reason", "asked by ann@example.com")
        self.assertGreater(len(self.ok("audit", "export").lines), 1)
        self.assertTrue(self.ok("audit", "export", "--format", "csv").lines[0].startswith("seq,"))
        self.assertIn("CEF:0|", self.ok("audit", "export", "--format", "cef").out)
        self.assertNotIn("ann@example.com", self.ok("audit", "export").out)
        self.assertIn("ann@example.com", self.ok("audit", "export", "--reveal").out)
        time.sleep(1.1)
        self.assertEqual(self.ok("audit", "export", "--since", "1s").lines, [])
        self.assertEqual(self.ok("audit", "query", "--since", "1s", "--json").json, [])

    def background(self, *argv):
        process = subprocess.Popen([BINARY, *argv], env=self.home.env, cwd=self.home.folder, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)

        def end():
            process.terminate()
            process.wait(20)
            process.stdout.close()
            process.stderr.close()
        self.addCleanup(end)
        return process

    def test_audit_follow_reveal(self):
        for options, shown in (((), b"j***@example.com"), (("--reveal",), b"jo@example.com")):
            process = self.background("audit", "follow", "--json", *options)
            time.sleep(0.7)
            self.ok("user", "create", "jo", "--email", "jo@example.com")
            self.ok("user", "delete", "jo", "-y", "--reason", "left, was jo@example.com")
            for _ in range(5):
                line = process.stdout.readline()
                if b"user.delete" in line:
                    break
            self.assertIn(shown, line)

    def test_serve_dev_and_threads(self):
        tasks = []
        for threads in ("1", "4"):
            process = self.background("serve", "--dev", "--listen", "127.0.0.1:0", "--threads", threads)
            started = json.loads(process.stderr.readline())
            self.assertTrue(started["tls"], started)
            tasks.append(len(os.listdir(f"/proc/{process.pid}/task")))
        self.assertGreaterEqual(tasks[1] - tasks[0], 3)

    def test_pictures_of_a_plan(self):
        for option in ("--svg", "--png"):
            self.ok("key", "plan", "--use", "jwt", option, self.home.path("plan" + option))
            self.assertGreater(os.path.getsize(self.home.path("plan" + option)), 1000)
            for command in (("key", "plan", "--use", "jwt"), ("audit", "stats")):
                self.replaced(option, "--force", *command)
                self.refused(2, "usage", *command, "--force", "-y")


if __name__ == "__main__":
    unittest.main(verbosity=2)
