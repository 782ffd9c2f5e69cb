#!/usr/bin/env python3
"""`incident contain` from outside: what it asks, what it leaves, and kill -9 in the middle of it.

AUTHCTL_CONTAIN_KILLS: how often (9; 200 in the long runs)."""
import json
import os
import random
import shutil
import signal
import subprocess
import time
import unittest

from harness import BINARY, HomeTest

KILLS = int(os.environ.get("AUTHCTL_CONTAIN_KILLS", "9"))
CONTAINED = "incident scope subject state resumed began_at finished_at steps next receipt file"


class Contained(HomeTest):
    def setUp(self):
        super().setUp()
        self.ok("role", "create", "admin")
        self.ok("role", "grant", "admin", "admin:all")
        self.ok("user", "create", "root", "--role", "admin")
        self.ok("user", "create", "ann", "--email", "ann@example.com")
        self.token = self.home.write("token", self.ok("token", "issue", "ann").out)
        self.kid = self.kids("active")[0]

    def kids(self, state, use="jwt"):
        return [key["kid"] for key in self.ok("key", "list", "--use", use, "--json").json if key["state"] == state]

    def reason(self):
        return self.run_("token", "verify", self.token, "--json").json["reason"]

    def test_it_asks_and_nothing_is_done_without_an_answer(self):
        for what in (["--user", "ann"], ["--kid", self.kid], ["--all"]):
            refused = self.expect(2, "incident", "contain", *what)
            self.assertIn("--yes", refused.err)
            self.assertIn("nothing done yet", refused.err)
            self.assertEqual(refused.out, "")
            self.refused(2, "usage", "incident", "contain", *what)
        self.assertIsNone(self.reason())
        for wrong in ([], ["--user", "ann", "--all"], ["--user", ""], ["--kid", ""]):
            self.refused(2, "usage", "incident", "contain", *wrong, "-y")
        self.refused(3, "not_found", "incident", "contain", "--user", "nobody", "-y")
        self.refused(3, "not_found", "incident", "contain", "--kid", "nothing", "-y")
        self.assertIsNone(self.reason())

    def test_a_user(self):
        planned = self.ok("incident", "contain", "--user", "ann", "--dry-run", "--json").json
        self.assertEqual((planned["state"], planned["receipt"]), ("planned", None))
        self.assertIsNone(self.reason())
        out = self.home.path("receipt.json")
        done = self.ok("incident", "contain", "--user", "ann", "-y", "--json", "--reason", "stolen", "--out", out).json
        self.fields(done, CONTAINED)
        self.assertEqual((done["state"], done["file"]), ("contained", out))
        self.assertEqual([step["step"] for step in done["steps"]], [step["step"] for step in planned["steps"]])
        self.assertEqual(self.reason(), "revoked")
        self.assertEqual(self.ok("user", "show", "ann", "--json").json["status"], "disabled")
        entries = self.ok("audit", "query", "--action", "incident.*", "--json").json
        self.assertEqual([e["action"] for e in entries],
                         ["incident.receipt", "incident.step", "incident.step", "incident.contain"])
        self.assertEqual({e["reason"] for e in entries}, {"stolen"})  # one that names nobody is kept as it is
        self.ok("user", "enable", "ann")
        self.assertEqual(self.reason(), "revoked")

    def test_the_receipt_is_checked_anywhere_with_the_public_key_alone(self):
        out, vkey = self.home.path("receipt.json"), self.home.path("log.vkey")
        self.ok("incident", "contain", "--kid", self.kid, "-y", "--out", out)
        self.ok("audit", "checkpoint", "--public-key", "--out", vkey)
        self.assertEqual(os.stat(out).st_mode & 0o777, 0o600)
        elsewhere = {"AUTHCTL_STORE": "sqlite:/nowhere/authctl.db", "AUTHCTL_MASTER_KEY_FILE": "/nowhere/key"}
        self.ok("audit", "verify", out, "--public-key", vkey, env=elsewhere)
        self.ok("audit", "verify", out)
        self.expect(8, "audit", "verify", out, env=elsewhere)
        with open(out, "rb") as f:
            good = f.read()
        for at in random.Random(1).sample(range(len(good)), 12):
            bad = self.home.write("bad.json", good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
            result = self.expect(7, "audit", "verify", bad, "--public-key", vkey, "--json", env=elsewhere)
            self.assertTrue(result.json["problem"])
        self.expect(7, "audit", "verify", self.home.write("none", ""), "--public-key", vkey, env=elsewhere)

    def test_the_last_administrator_and_a_file_that_exists(self):
        self.refused(5, "precondition", "incident", "contain", "--user", "root", "-y")
        out = self.home.write("there", "old")
        self.refused(5, "conflict", "incident", "contain", "--user", "ann", "-y", "--out", out)
        self.assertEqual(self.ok("user", "show", "ann", "--json").json["status"], "active")
        self.ok("incident", "contain", "--user", "root", "-y", "--force", "--out", out)
        with open(out, encoding="utf-8") as f:
            self.assertEqual(json.load(f)["receipt"]["scope"], "user")
        self.ok("user", "enable", "root")  # the host needs no account

    def test_a_receipt_that_a_killed_run_has_written_is_no_file_in_the_way(self):
        out = self.home.path("receipt.json")
        done = self.ok("incident", "contain", "--user", "ann", "-y", "--json", "--out", out).json
        with open(out, encoding="utf-8") as f:
            written = f.read()
        again = self.ok("incident", "contain", "--user", "ann", "-y", "--json", "--out", out).json
        self.assertEqual((again["incident"], again["file"]), (done["incident"], out))
        with open(out, encoding="utf-8") as f:
            self.assertEqual(f.read(), written)
        self.ok("audit", "verify", out)
        # Another incident's is.
        self.ok("user", "create", "bob")
        self.refused(5, "conflict", "incident", "contain", "--user", "bob", "-y", "--out", out)
        self.assertEqual(self.ok("user", "show", "bob", "--json").json["status"], "active")
        self.ok("user", "enable", "ann")
        self.ok("token", "issue", "ann")
        self.refused(5, "conflict", "incident", "contain", "--user", "ann", "-y", "--out", out)
        with open(out, encoding="utf-8") as f:
            self.assertEqual(f.read(), written)

    def test_everything(self):
        client = self.ok("client", "create", "shop", "--grant", "client_credentials", "--json").json["id"]
        done = self.ok("incident", "contain", "--all", "-y", "--json").json
        self.assertIsNotNone(self.reason())
        self.assertIn(self.kid, self.kids("revoked"))
        self.assertEqual(self.ok("user", "show", "ann", "--json").json["status"], "disabled")
        self.assertEqual(self.ok("user", "show", "root", "--json").json["status"], "active")
        self.assertEqual(self.ok("client", "show", client, "--json").json["status"], "disabled")
        again = self.ok("incident", "contain", "--all", "-y", "--json").json
        self.assertEqual(again["incident"], done["incident"])
        self.assertEqual(len(self.kids("revoked")), 1)
        self.assertEqual(self.ok("incident", "contain", "--all", "-y", "-q").lines, [done["incident"]])
        # New tokens are good at once.
        self.ok("token", "verify", "-", stdin=self.ok("token", "issue", "root").out)

    def test_the_plan_fits_into_eighty_columns(self):
        long = "n" * 64
        self.ok("user", "create", long)
        for what in (["--user", "ann"], ["--user", long], ["--kid", self.kid], ["--all"]):
            for line in self.ok("incident", "contain", *what, "--dry-run").lines:
                if "fernet rotate --from" not in line:  # a command is not broken
                    self.assertLessEqual(len(line), 80, line)
        # What is to be typed next can be pasted whole, broken lines and all.
        plan = self.ok("incident", "contain", "--user", long, "--dry-run").out
        commands = plan.split("afterwards\n")[1].replace("\\\n", " ").splitlines()
        self.assertEqual([c.split() for c in commands], [
            ["authctl", "user", "password", long, "--generate", "--must-change"], ["authctl", "user", "enable", long]])
        self.assertIn(f"lock the account of\n  │     {long}\n", plan)


class Killed(HomeTest):
    """Before or after, never between; a second run finishes the work."""

    def setUp(self):
        super().setUp()
        manifest = "version: 1\nroles: [{name: admin, permissions: ['admin:all']}]\nusers:\n  - {name: root, roles: [admin]}\n"
        manifest += "".join(f"  - {{name: u{i}}}\n" for i in range(120))
        manifest += "clients:\n" + "".join(f"  - {{name: c{i}, grants: [client_credentials]}}\n" for i in range(60))
        self.ok("apply", "-f", self.home.write("all.yaml", manifest), "-q")
        self.ok("user", "create", "ann")
        self.ok("backup-code", "generate", "ann")
        self.token = self.home.write("token", self.ok("token", "issue", "ann").out)
        self.kid = self.ok("key", "list", "--use", "jwt", "-q").lines[0]
        self.data = os.path.dirname(self.home.store)
        self.template = self.home.path("template")
        shutil.copytree(self.data, self.template)

    def begin_anew(self):
        shutil.rmtree(self.data)
        shutil.copytree(self.template, self.data)

    def between(self, what):
        """What a step may never leave half done."""
        keys = self.ok("key", "list", "--json").json
        for use in ("jwt", "fernet"):
            self.assertEqual([k["state"] for k in keys if k["use"] == use].count("active"), 1)
        reason = self.run_("token", "verify", self.token, "--json").json["reason"]
        if what[0] == "--user":
            locked = self.ok("user", "show", "ann", "--json").json["status"] == "disabled"
            self.assertEqual(locked, reason is not None)
            return locked
        dead = next(k for k in keys if k["kid"] == self.kid)["state"] == "revoked"
        self.assertEqual(dead, reason is not None)
        return dead

    def finished(self, what):
        self.assertTrue(self.between(what))
        self.assertEqual(self.ok("user", "show", "ann", "--json").json["mfa"]["backup_codes_left"], 10 if what[0] == "--kid" else 0)
        if what[0] == "--all":
            self.assertEqual([u["name"] for u in self.ok("user", "list", "--status", "active", "--json").json], ["root"])
            self.assertEqual({c["status"] for c in self.ok("client", "list", "--json").json}, {"disabled"})
            self.assertEqual(len(self.ok("key", "list", "-q").lines), 4)  # each use rotated once

    def test_before_or_after_and_a_second_run_finishes(self):
        rng, killed, resumed, after = random.Random(20260101), 0, 0, 0
        runs = (["--user", "ann"], ["--kid", self.kid], ["--all"], ["--all"])
        took = {}
        for what in runs:
            self.begin_anew()
            begun = time.monotonic()
            self.ok("incident", "contain", *what, "-y", "-q")
            took[what[0]] = time.monotonic() - begun
            self.finished(what)
        for cycle in range(KILLS):
            what = runs[cycle % len(runs)]
            self.begin_anew()
            out = self.home.path(f"receipt{cycle}")
            child = subprocess.Popen([BINARY, "incident", "contain", *what, "-y", "-q", "--out", out], env=self.home.env,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(0.1, 1) * took[what[0]])
            child.send_signal(signal.SIGKILL)
            killed += child.wait() == -signal.SIGKILL
            after += self.between(what)
            done = self.ok("incident", "contain", *what, "-y", "--json", "--out", out).json
            resumed += done["resumed"]
            self.assertEqual(done["state"], "contained")
            self.assertTrue(all(step["state"] == "done" for step in done["steps"]))
            self.finished(what)
            self.ok("audit", "verify", out)
            self.ok("audit", "verify")
        self.ok("store", "check")
        print(f"  {KILLS} containments, {killed} killed, {resumed} gone on with, {after} past their first step")
        self.assertGreater(killed, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
