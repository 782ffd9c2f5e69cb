"""Backups from outside: made while others write, refused when one byte is wrong, brought back with nothing that lives
again."""
import os
import random
import signal
import subprocess
import time
import unittest

from harness import BINARY, needs_postgresql, own_database
from server_harness import ServerTest

PASSPHRASE = b"a passphrase of five words\n"


class BackupTest(ServerTest):
    def setUp(self):
        super().setUp()
        self.file = self.home.path("a.backup")

    def place(self, name):
        """The environment of another store under the same master key."""
        return {"AUTHCTL_STORE": "sqlite:" + self.home.path(name + "/authctl.db")}

    def sound(self, env=None):
        self.assertTrue(self.ok("store", "check", "--json", env=env).json["ok"])
        self.assertEqual(self.ok("audit", "verify", "--json", env=env).json["verdict"], "intact")
        self.assertEqual(self.ok("master-key", "verify", "--json", env=env).json["problems"], [])

    def restore(self, *more, env=None):
        return self.ok("backup", "restore", self.file, "--yes", "--json", *more, env=env).json

    def reason(self, token, env=None):
        return self.home.run("token", "verify", "--json", stdin=token, env=env).json["reason"]

    def states(self, use, env=None):
        return {k["kid"]: k["state"] for k in self.ok("key", "list", "--use", use, "--json", env=env).json}

    def active(self, use, env=None):
        return [kid for kid, state in self.states(use, env).items() if state == "active"]

    def content(self, folder):
        """Every file in it with its bytes."""
        found = {}
        for place, _, names in os.walk(folder):
            for name in names:
                with open(os.path.join(place, name), "rb") as f:
                    found[os.path.join(place, name)] = f.read()
        return found


class Made(BackupTest):
    def test_made_while_another_writes_it_is_whole(self):
        writer = subprocess.Popen(["sh", "-c", 'i=0; while "$0" user create "w$i" -q; do i=$((i+1)); done', BINARY],
                                  env=self.home.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  start_new_session=True)
        try:
            for i in range(5):
                before = {u["name"] for u in self.ok("user", "list", "--json").json}
                self.file = self.home.path(f"{i}.backup")
                self.ok("backup", "create", self.file)
                self.assertTrue(self.ok("backup", "verify", self.file, "--json").json["ok"])
                env = self.place(f"copy{i}")
                self.restore(env=env)
                self.sound(env)
                self.assertLessEqual(before, {u["name"] for u in self.ok("user", "list", "--json", env=env).json})
        finally:
            os.killpg(writer.pid, signal.SIGKILL)
            writer.wait()
        self.sound()

    def test_a_file_or_a_store_that_is_there_is_kept(self):
        self.ok("backup", "create", self.file)
        self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o600)
        was = self.content(self.home.folder)[self.file]
        self.refused(5, "conflict", "backup", "create", self.file)
        self.expect(2, "backup", "create", self.file, "--force")
        self.assertEqual(self.content(self.home.folder)[self.file], was)
        self.refused(5, "conflict", "backup", "restore", self.file, "--yes")
        self.expect(2, "backup", "restore", self.file, "--force")
        self.ok("user", "create", "later")
        self.ok("backup", "create", self.file, "--force", "--yes")
        self.restore("--force")
        self.ok("user", "show", "later")
        self.refused(3, "not_found", "backup", "verify", self.home.path("none"))
        os.symlink(self.file, self.home.path("link"))
        os.mkfifo(self.home.path("pipe"))
        for place in (self.home.path("link"), self.home.path("pipe"), "/dev/null", self.home.folder):
            self.refused(5, "conflict", "backup", "create", place, "--force", "--yes")
        self.refused(1, "io", "backup", "create", self.home.path("none/b"))

    def test_it_is_found_again_from_another_folder(self):
        os.mkdir(self.home.path("nightly"))
        self.ok("backup", "create", "a.backup", wrapper=("env", "-C", self.home.path("nightly")))
        os.chmod(self.home.path("nightly/a.backup"), 0o644)
        found = self.home.run("doctor", "--only", "backup-mode", "--json")
        self.assertEqual([(f["id"], f["severity"]) for f in found.json], [("backup-mode", "fail")])
        self.assertIn(self.home.path("nightly/a.backup"), found.json[0]["hint"])

    def test_a_dry_run_writes_nothing(self):
        self.ok("backup", "create", self.file)
        was = self.content(self.home.folder)
        self.assertIsNone(self.ok("backup", "create", self.home.path("b"), "--dry-run", "--json").json["bytes"])
        self.restore("--dry-run", "--force")
        self.restore("--dry-run", env=self.place("new"))
        self.assertEqual({k: v for k, v in self.content(self.home.folder).items() if not k.endswith("-shm")},
                         {k: v for k, v in was.items() if not k.endswith("-shm")})
        self.assertFalse(os.path.exists(self.home.path("new")))


class Altered(BackupTest):
    def nothing_comes_of(self, file, env, *more):
        verified = self.expect(7, "backup", "verify", file, "--json", *more, env=env).json
        self.assertFalse(verified["ok"])
        self.assertTrue(verified["problems"])
        for extra in ((), ("--dry-run",)):
            self.refused(7, "unverified", "backup", "restore", file, "--yes", *extra, *more, env=env)
        folder = os.path.dirname(env["AUTHCTL_STORE"].removeprefix("sqlite:"))
        self.assertEqual(self.content(folder), {})

    def test_cut_altered_or_longer_it_is_refused_and_nothing_is_written(self):
        self.ok("backup", "create", self.file)
        whole, env = self.content(self.home.folder)[self.file], self.place("new")
        rng = random.Random(20261126)
        header = whole.index(b"\n", whole.index(b"\n") + 1)
        cuts = [0, 1, header, header + 1, header + 24, header + 25, len(whole) - 1, rng.randrange(len(whole))]
        flips = [0, 20, header, header + 5, header + 30, len(whole) - 1, *(rng.randrange(len(whole)) for _ in range(10))]
        for bad in [*(whole[:n] for n in cuts), whole + b"\0", whole + b"\n", whole + whole,
                    *(whole[:n] + bytes([whole[n] ^ 1 << rng.randrange(8)]) + whole[n + 1:] for n in flips)]:
            self.nothing_comes_of(self.home.write("bad", bad), env)
        was = self.ok("audit", "verify", "--json").json
        self.refused(7, "unverified", "backup", "restore", self.home.write("bad", whole[:-1]), "--yes", "--force")
        self.assertEqual(self.ok("audit", "verify", "--json").json, was)
        self.ok("backup", "verify", self.file, env=env)

    def test_another_master_key_or_passphrase_opens_nothing(self):
        self.ok("backup", "create", self.file)
        other = {**self.place("new"), "AUTHCTL_MASTER_KEY_FILE": self.home.path("other.key")}
        self.ok("init", env={**other, **self.place("other")})
        self.nothing_comes_of(self.file, other)
        vault, right = self.home.path("vault"), self.home.write("right", PASSPHRASE)
        self.ok("backup", "create", vault, "--passphrase-file", right)
        self.nothing_comes_of(vault, self.place("new"), "--passphrase-file", self.home.write("wrong", PASSPHRASE[1:]))
        lost = {**self.place("far"), "AUTHCTL_MASTER_KEY_FILE": self.home.path("far.key")}
        self.file = vault
        self.assertTrue(self.restore("--passphrase-file", right, env=lost)["master_key_made"])
        self.assertEqual(os.stat(self.home.path("far.key")).st_mode & 0o777, 0o600)
        self.sound(lost)
        self.ok("user", "show", "ann", env=lost)
        os.unlink(self.home.path("far.key"))  # the store that is replaced is not asked for its key
        self.restore("--passphrase-file", right, "--force", env=lost)
        self.sound(lost)

    def test_the_passphrase_comes_on_standard_input_too(self):
        self.ok("backup", "create", self.file, "--passphrase-stdin", stdin=PASSPHRASE)
        self.ok("backup", "verify", self.file, "--passphrase-stdin", stdin=PASSPHRASE)
        self.ok("backup", "restore", self.file, "--passphrase-stdin", "--force", "--yes", stdin=PASSPHRASE)
        self.expect(7, "backup", "verify", self.file, "--passphrase-stdin", stdin=PASSPHRASE + b"\n")
        self.ok("backup", "verify", self.file, "--passphrase-file", self.home.write("right", PASSPHRASE))

    def test_older_than_a_note_that_was_kept_it_is_refused(self):
        note, other = self.home.path("kept.note"), self.home.path("later.note")
        self.ok("audit", "checkpoint", "--out", note)
        self.ok("backup", "create", self.file)
        self.ok("user", "create", "bob")
        self.ok("audit", "checkpoint", "--out", other)
        self.ok("backup", "verify", self.file, "--checkpoint", note)
        self.expect(7, "backup", "verify", self.file, "--checkpoint", other)


class Restored(BackupTest):
    def test_nothing_of_the_past_lives_again(self):
        codes = self.ok("backup-code", "generate", "ann", "--json").json["codes"]
        token, old = self.ok("token", "issue", "ann").out, self.active("jwt")
        sealed = self.ok("fernet", "encrypt", stdin=b"kept").out
        self.ok("backup", "create", self.file)
        later = self.ok("token", "issue", "ann").out
        env = self.place("new")
        report = self.restore(env=env)
        self.assertFalse(report["replaced"])
        self.assertIsNone(report["lost"]["entries"])
        self.assertEqual((report["tokens_ended"], report["codes_ended"]), (1, len(codes)))
        self.sound(env)
        self.assertEqual((self.reason(token, env), self.reason(later, env)), ("revoked", "revoked"))
        self.expect(4, "backup-code", "verify", "ann", "--code-stdin", stdin=codes[0], env=env)
        self.assertEqual(self.states("jwt", env)[old[0]], "retiring")
        self.assertEqual(self.active("jwt", env), [k["kid"] for k in report["keys"] if k["use"] == "jwt"])
        self.assertIsNone(self.reason(self.ok("token", "issue", "ann", env=env).out, env))
        self.assertEqual(self.ok("fernet", "decrypt", stdin=sealed, env=env).out, "kept")
        live = self.ok("session", "list", "--json", env=env).json
        self.assertEqual([s for s in live if s.get("ended_at") is None], [])

    def test_who_was_signed_in_is_not_any_more(self):
        password = "correct horse battery staple"
        self.ok("user", "create", "eve", "--password-stdin", stdin=password)
        server = self.serve()
        tokens = server.ask("POST", "/auth/login?mode=token", {"username": "eve", "password": password}).json
        self.ok("backup", "create", self.file)
        server.stop()
        self.assertEqual(self.restore("--force")["sessions_ended"], 1)
        server = self.serve()
        self.assertEqual(server.ask("GET", "/auth/me", headers=self.bearer(tokens["access_token"])).status, 401)
        self.assertEqual(server.ask("POST", "/auth/refresh", {"refresh_token": tokens["refresh_token"]}).status, 401)
        again = server.ask("POST", "/auth/login?mode=token", {"username": "eve", "password": password}).json
        self.assertEqual(server.ask("GET", "/auth/me", headers=self.bearer(again["access_token"])).status, 200)

    def test_a_running_server_obeys_a_restore(self):
        server = self.serve()
        token = self.token()
        self.assertEqual(server.ask("GET", "/auth/me", headers=self.bearer(token)).status, 200)
        self.ok("backup", "create", self.file)
        for i in range(20):  # the log that the server has seen is longer than the one that comes
            self.ok("user", "create", f"after{i}")
        report = self.restore("--force")
        signs = [k["kid"] for k in report["keys"] if k["use"] == "jwt"][0]
        published, end = [], time.monotonic() + 20
        while signs not in published and time.monotonic() < end:
            published = [k["kid"] for k in server.ask("GET", "/.well-known/jwks.json").json["keys"]]
        self.assertIn(signs, published)
        self.assertEqual(server.ask("GET", "/auth/me", headers=self.bearer(token)).status, 401)
        self.assertEqual(server.ask("GET", "/auth/me", headers=self.bearer(self.token())).status, 200)

    def test_keep_keys_keeps_what_was_not_revoked(self):
        token, jwt, fernet = self.ok("token", "issue", "ann").out, self.active("jwt"), self.active("fernet")
        self.ok("backup", "create", self.file)
        self.assertEqual(self.restore("--keep-keys", "--force")["keys"], [])
        self.assertEqual((self.active("jwt"), self.active("fernet")), (jwt, fernet))
        self.assertEqual(self.reason(token), "revoked")
        self.assertIsNone(self.reason(self.ok("token", "issue", "ann").out))
        self.sound()

    def test_a_key_revoked_after_the_backup_stays_dead_and_another_signs(self):
        token, jwt, fernet = self.ok("token", "issue", "ann").out, self.active("jwt"), self.active("fernet")
        self.ok("backup", "create", self.file)
        self.ok("key", "rotate", "--use", "jwt", "--emergency", "--yes")
        for more in ((), ("--keep-keys",)):
            report = self.restore("--force", *more)
            self.assertEqual(self.states("jwt")[jwt[0]], "revoked")
            self.assertEqual(self.active("jwt"), [k["kid"] for k in report["keys"] if k["use"] == "jwt"])
            self.assertEqual(self.active("fernet") == fernet, bool(more))
            self.assertEqual(self.reason(token), "revoked_key")
            self.assertIsNone(self.reason(self.ok("token", "issue", "ann").out))
            self.sound()
        self.assertIn("key.rotate", self.ok("audit", "query", "--action", "key.rotate", "--json").out)

    def test_the_lost_window_is_told(self):
        self.ok("backup", "create", self.file)
        self.ok("user", "create", "bob")
        lost = self.restore("--force")["lost"]
        self.assertIn({"action": "user.create", "count": 1}, lost["actions"])
        self.assertEqual(lost["entries"], sum(a["count"] for a in lost["actions"]))
        self.expect(3, "user", "show", "bob")

    def test_a_store_with_sealed_identifiers(self):
        email = "bob@sealed.example"
        self.ok("user", "create", "bob", "--email", email)
        self.ok("store", "encrypt-identifiers")
        self.ok("backup", "create", self.file)
        self.assertNotIn(email.encode(), self.content(self.home.folder)[self.file])
        env = self.place("new")
        self.restore(env=env)
        self.sound(env)
        self.assertEqual(self.ok("user", "show", email, "--json", env=env).json["name"], "bob")
        self.assertNotIn(email.encode(), b"".join(self.content(self.home.path("new")).values()))

    @needs_postgresql
    def test_into_postgresql_and_back(self):
        self.ok("backup", "create", self.file)
        env = {"AUTHCTL_STORE": own_database(self)}
        self.restore(env=env)
        self.sound(env)
        self.refused(5, "conflict", "backup", "restore", self.file, "--yes", env=env)
        self.restore("--force", env=env)
        self.file = self.home.path("b.backup")
        self.ok("backup", "create", self.file, env=env)
        self.restore(env=self.place("back"))
        self.sound(self.place("back"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
