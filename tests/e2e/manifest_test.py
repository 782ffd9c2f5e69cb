"""Provisioning as a CI job does it: diff, apply, permission test, export; hostile manifests; secrets."""
import json
import os
import shlex
import shutil
import stat
import subprocess
import time
import unittest

from harness import BINARY, HomeTest

WHOLE = """version: 1
roles:
  - {name: viewer, permissions: ["read:posts"]}
  - {name: editor, description: Edits, inherits: [viewer], permissions: ["edit:posts", {permission: "edit:*", resource: post/42}]}
users:
  - {name: ann, email: ann@example.com, roles: [editor, {role: viewer, for: 8h, resource: post/1}], password: {file: ann.password}}
  - {name: bob, status: disabled}
clients:
  - {name: shop, grants: [authorization_code], redirect_uris: ["https://shop.example.com/cb"], scopes: [openid], public: false}
keys: {jwt: {alg: EdDSA, rotate_every: 30d, grace: 24h}, fernet: {rotate_every: 30d}}
settings: {access_ttl: 7m, limit_login: 5/1m}
"""
PASSWORD = "correct horse battery staple"


class Provisioning(HomeTest):
    def setUp(self):
        super().setUp()
        self.home.write("ann.password", PASSWORD + "\n")
        self.file = self.home.write("m.yaml", WHOLE)

    def test_a_ci_job(self):
        pending = self.home.run("diff", "-f", self.file, "--json")
        self.assertEqual(pending.code, 6)
        self.assertEqual({row["op"] for row in pending.json}, {"add"})
        self.assertEqual(self.home.run("diff", "-f", "-", "--json", stdin=WHOLE).json, pending.json)
        made = self.ok("apply", "-f", self.file, "--json").json
        secrets = [row["secret"] for row in made if row["secret"]]
        self.assertEqual(len(secrets), 1)
        self.assertTrue(secrets[0].startswith("authctl_cs_"))
        again = self.ok("apply", "-f", self.file, "--json")
        self.assertEqual(again.json, [])
        self.assertIn("nothing to change", again.err)
        self.assertEqual(self.ok("diff", "-f", self.file).out, "")
        asserted = self.home.write("access.txt", "allow ann edit:posts\nallow ann edit:all on post/42\ndeny ann edit:all\n")
        self.ok("permission", "test", asserted)
        with open(self.home.store, "rb") as f:
            self.assertNotIn(PASSWORD.encode(), f.read())

    def test_an_export_makes_an_empty_store_the_same(self):
        self.ok("apply", "-f", self.file, "-q")
        for output in ("table", "json"):
            text = self.ok("export", "-o", output).out
            other = {"AUTHCTL_STORE": "sqlite:" + self.home.path(f"other-{output}/authctl.db"),
                     "AUTHCTL_MASTER_KEY_FILE": self.home.path(f"other-{output}.key")}
            self.assertEqual(self.home.run("init", env=other).code, 0)
            self.assertEqual(self.home.run("apply", "-f", "-", stdin=text, env=other).code, 0)
            self.assertEqual(self.home.run("export", "-o", output, env=other).out, text)

    def test_new_secrets_go_to_a_file_that_is_private_and_new(self):
        out = self.home.path("new.secrets")
        self.ok("apply", "-f", self.file, "--out", out, "-q")
        self.assertEqual(stat.S_IMODE(os.stat(out).st_mode), 0o600)
        with open(out) as f:
            rows = [json.loads(line) for line in f]
        self.assertEqual([(row["kind"], row["name"]) for row in rows], [("client", "shop")])
        # With nothing new to write it is run again and again with the same file, and leaves it alone.
        self.ok("apply", "-f", self.file, "--out", out)
        with open(out) as f:
            self.assertEqual([json.loads(line) for line in f], rows)
        more = self.home.write("more.yaml", "version: 1\nclients: [{name: till, grants: [client_credentials]}]\n")
        for dry in ([], ["--dry-run"]):
            self.assertEqual(self.refused(5, "conflict", "apply", "-f", more, "--out", out, *dry).error["message"],
                             f'file "{out}" exists')
        self.assertEqual(self.home.run("client", "show", "till").code, 3)
        os.symlink(self.home.path("elsewhere"), self.home.path("link"))
        self.assertEqual(self.home.run("apply", "-f", self.file, "--out", self.home.path("link")).code, 5)

    def test_what_a_kill_left_beside_the_file_is_made_good_if_it_is_in_force_and_written_over_if_not(self):
        out = self.home.path("new.secrets")
        staged = f"{out}.{self.store_id()}.partial"
        # Written, and killed before the commit.
        self.home.write(os.path.basename(staged), '{"kind":"client","name":"shop","secret":"authctl_cs_of_nobody"}\n')
        self.ok("apply", "-f", self.file, "--out", out, "-q")
        self.assertEqual(sorted(n for n in os.listdir(self.home.folder) if n.startswith("new.secrets")), ["new.secrets"])
        with open(out) as f:
            made = f.read()
        self.assertNotIn("of_nobody", made)
        # Committed, and killed before the file had its name.
        os.rename(out, staged)
        again = self.ok("apply", "-f", self.file, "--out", out)
        self.assertIn("an interrupted run", again.err)
        with open(out) as f:
            self.assertEqual(f.read(), made)
        # The same, and somebody has put another file there.
        os.rename(out, staged)
        self.home.write("new.secrets", "mine")
        self.assertIn(staged, self.refused(5, "conflict", "apply", "-f", self.file, "--out", out).error["hint"])
        os.remove(out)
        # The same, and now more is to be written: neither loses the other, not even with --force.
        more = self.home.write("more.yaml", "version: 1\nclients: [{name: till, grants: [client_credentials]}]\n")
        for options in ((), ("--force", "-y"), ("--force", "-y")):
            said = self.refused(5, "conflict", "apply", "-f", more, "--out", out, *options).error
            self.assertIn(staged, said["message"])
            self.assertNotIn("--force", said["hint"])
            self.assertFalse(os.path.exists(out))
        with open(staged) as f:
            self.assertEqual(f.read(), made)
        self.ok("apply", "-f", more, "--out", self.home.path("more.secrets"))

    def store_id(self):
        note = self.ok("audit", "checkpoint").out
        return note.split("authctl/", 1)[1][:8]

    def test_a_question_without_a_terminal_names_yes(self):
        self.ok("apply", "-f", self.file, "-q")
        empty = self.home.write("empty.yaml", "version: 1\nusers: []\n")
        refused = self.home.run("apply", "-f", empty, "--prune", "--json")
        self.assertEqual(refused.code, 2)
        self.assertIn("2 users", refused.error["message"])
        self.assertIn("--yes", refused.error["hint"])
        self.ok("apply", "-f", empty, "--prune", "--yes")
        self.assertEqual(self.ok("user", "list", "-q").out, "")
        self.assertEqual(len(self.ok("role", "list", "-q").lines), 2)

    def test_what_an_interlock_refuses_is_not_asked_about(self):
        admin = "version: 1\nroles: [{name: boss, permissions: ['admin:all']}]\nusers: %s\n"
        self.ok("apply", "-f", self.home.write("admin.yaml", admin % "[{name: root, roles: [boss]}]"), "-q")
        nobody = self.home.write("nobody.yaml", admin % "[]")
        for rules in (["--prune"], ["--prune", "--yes"], ["--prune", "--dry-run"]):
            self.assertIn("admin:all", self.refused(5, "precondition", "apply", "-f", nobody, *rules).error["message"])
        self.ok("user", "show", "root")

    def test_a_write_that_fails_is_no_apply(self):
        before = self.ok("export").out
        clash = self.home.write("clash.yaml", "version: 1\nusers: [{name: carl, email: dora@example.com}]\n")
        self.ok("user", "create", "dora", "--email", "dora@example.com", "-q")
        refused = self.home.run("apply", "-f", clash, "--json")
        self.assertEqual((refused.code, refused.error["code"]), (5, "conflict"))
        self.assertIn('line 2, user "carl"', refused.error["message"])
        self.assertEqual(self.ok("user", "list", "-q").lines, self.ok("user", "show", "dora", "-q").lines)
        self.assertEqual(self.ok("export").out.splitlines()[0], before.splitlines()[0])


class AtOnce(HomeTest):
    def test_of_applies_at_once_one_does_it_and_the_others_say_so(self):
        for generation in range(1, 4):
            file = self.home.write("m.yaml", f"version: 1\nroles: [{{name: a{generation}}}]\nusers: ["
                                   + ", ".join(f"{{name: u{i}, roles: [a{generation}]}}" for i in range(50)) + "]\n")
            children = [subprocess.Popen([BINARY, "apply", "-f", file, "--prune", "--yes", "--json"], env=self.home.env,
                                         stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
            ended = [(*child.communicate(), child.returncode) for child in children]
            self.assertEqual([code for _, _, code in ended], [0, 0, 0, 0], ended)
            self.assertEqual(sum(json.loads(out) != [] for out, _, _ in ended), 1)
            self.assertEqual(self.ok("apply", "-f", file, "--json").json, [])
            self.assertEqual(len(self.ok("audit", "query", "--action", "manifest.apply", "--json").json), generation)
            self.ok("audit", "verify")


class Settings(HomeTest):
    """What a manifest sets holds where nobody says otherwise."""

    def lifetime(self, env=None):
        self.home.run("user", "create", "ann", "-q")
        token = self.home.run("token", "issue", "ann", env=env)
        claims = self.home.run("token", "inspect", "-", "--json", stdin=token.out).json["claims"]
        return claims["exp"] - claims["iat"]

    def test_default_manifest_file_environment(self):
        def shown(**env):
            rows = self.home.run("config", "show", "--origin", "--json", env=env).json
            return next((row["value"], row["origin"]) for row in rows if row["name"] == "access_ttl")
        self.assertEqual(shown(), ("15m", "default"))
        self.home.run("apply", "-f", "-", "-q", stdin="version: 1\nsettings: {access_ttl: 7m}\n")
        self.assertEqual(shown(), ("7m", "manifest"))
        self.assertEqual(self.lifetime(), 420)
        self.assertEqual(shown(AUTHCTL_ACCESS_TTL="5m"), ("5m", "environment"))
        self.assertEqual(self.lifetime({"AUTHCTL_ACCESS_TTL": "5m"}), 300)
        file = self.home.write("authctl.toml", 'access_ttl = "6m"\n')
        self.assertEqual(shown(AUTHCTL_CONFIG=file), ("6m", "file"))
        self.home.run("apply", "-f", "-", "-q", "--prune", "-y", stdin="version: 1\nsettings: {}\n")
        self.assertEqual(shown(), ("15m", "default"))

    def test_another_data_key_leaves_what_was_applied_known(self):
        file = self.home.write("m.yaml", "version: 1\nroles: [{name: a}]\nusers: [{name: ann, roles: [{role: a, for: 8h}]}]\n")
        self.ok("apply", "-f", file, "-q")
        new = self.home.path("new.key")
        rotated = self.home.run("master-key", "rotate", "--new-master-key-file", new, "--reseal", "--yes")
        self.assertEqual(rotated.code, 0, rotated)
        again = self.home.run("apply", "-f", file, "--json", env={"AUTHCTL_MASTER_KEY_FILE": new})
        self.assertEqual((again.code, again.json), (0, []), again)


class DueRotation(HomeTest):
    UNITS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "packaging", "systemd")

    def command(self):
        with open(os.path.join(self.UNITS, "authctl-key-rotation.service")) as unit:
            line = next(line for line in unit if line.startswith("ExecStart="))
        words = shlex.split(line[len("ExecStart="):])
        self.assertEqual(words[0], "/usr/bin/authctl")
        return words[1:]

    def test_the_timer_does_what_the_policy_of_the_manifest_asks_for(self):
        command = self.command()
        self.assertEqual(self.ok(*command, "--json").json, [])  # no policy: nothing is due
        self.home.run("apply", "-f", "-", "-q", stdin="version: 1\nkeys: {jwt: {alg: EdDSA, rotate_every: 1s}, fernet: {rotate_every: 1s}}\n")
        time.sleep(1.1)
        done = self.ok(*command, "--json").json
        self.assertEqual([(key["use"], key["state"]) for key in done], [("jwt", "pending"), ("fernet", "active")])
        self.assertEqual(done[0]["alg"], "EdDSA")
        reasons = {row["reason"] for row in self.ok("audit", "query", "--action", "key.*", "--limit", "2", "--json").json}
        self.assertEqual(reasons, {"due by the policy"})

    def test_the_units_are_what_systemd_takes(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is not installed")
        for name in ("authctl-key-rotation.service", "authctl-key-rotation.timer"):
            with open(os.path.join(self.UNITS, name)) as unit:
                copy = self.home.write(name, unit.read().replace("/usr/bin/authctl", "/bin/true"))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", copy], capture_output=True, text=True, check=False)
        complaints = [line for line in done.stderr.splitlines() if "authctl-key-rotation" in line]
        self.assertEqual(complaints, [])


class Hostile(HomeTest):
    def refused(self, content, line=None):
        before = self.ok("audit", "query", "--json").out
        result = self.home.run("apply", "-f", self.home.write("bad.yaml", content), "--json", timeout=60)
        self.assertEqual(result.code, 2, result)
        self.assertEqual(result.out, "")
        self.assertNotIn("\x1b", result.err)
        if line:
            self.assertIn(f"line {line}", result.error["message"])
        self.assertEqual(self.ok("audit", "query", "--json").out, before)
        return result.error

    def test_what_grows_when_it_is_read(self):
        bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
            f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9))
        self.assertIn("anchors", self.refused(bomb, 1)["message"])
        self.refused("version: 1\nroles: " + "[" * 200000, 2)
        self.refused("{" + '"a":{' * 100000)
        self.refused("version: 1\nroles:\n" + "".join(" " * i + "-\n" for i in range(1, 2000)))
        self.refused(b"version: 1\n#" + b"x" * (33 << 20))
        self.refused("version: 1\nroles: [" + "a," * 2_100_000 + "]\n", 2)

    def test_what_reads_two_ways(self):
        self.refused("version: 1\nversion: 1\n", 2)
        self.refused('{"version":1,"roles":[],\n"roles":[{"name":"a"}]}', 2)
        self.refused("version: 1\nusers:\n  - {name: ann}\n  - {name: ANN}\n", 4)
        self.refused("version: 1\n---\nversion: 1\n", 2)
        self.refused("version: 1\nroles:\n  - <<: {name: a}\n", 3)
        self.refused("version: 1\nusers: [{name: !!binary YW5u}]\n", 2)
        self.refused(b"\xff\xfev\x00e\x00r\x00")
        self.refused(b"version: 1\nusers: [{name: \"a\x00b\"}]\n")
        self.refused(b"version: 1\nroles: [{name: a, description: \"\\0\"}]\n")

    def test_names_that_move_a_cursor_are_escaped(self):
        error = self.refused('version: 1\nroles: [{name: "\\e[2Ja"}]\n', 2)
        self.assertIn("\\u{1b}", error["message"])
        error = self.refused('version: 1\n"\\e]0;x\\a": 1\n', 2)
        self.assertIn("\\u{1b}", error["message"])

    def test_empty_binary_and_missing(self):
        self.refused("")
        self.refused(os.urandom(100000))
        self.assertIn(self.home.run("apply", "-f", self.home.path("nothing"), "--json").code, (1, 3))
        self.assertEqual(self.home.run("apply").code, 2)
        self.assertEqual(self.home.run("apply", "-f", "").code, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
