#!/usr/bin/env python3
"""`incident report` from outside: a bundle made on one machine and checked on another with the public key alone."""
import json
import os
import random
import shutil
import unittest

from harness import HomeTest

REPORT = "folder since until entries first_seq last_seq pruned revealed incidents files checkpoint public_key"


class Reported(HomeTest):
    def setUp(self):
        super().setUp()
        self.ok("user", "create", "ann", "--email", "jo@example.com")
        self.ok("user", "create", "bob")
        self.ok("token", "issue", "ann")
        self.ok("incident", "contain", "--user", "ann", "-y", "--reason", "seen at 203.0.113.77")
        self.vkey = self.home.path("log.vkey")
        self.ok("audit", "checkpoint", "--public-key", "--out", self.vkey)
        self.elsewhere = {"AUTHCTL_STORE": "sqlite:/nowhere/authctl.db", "AUTHCTL_MASTER_KEY_FILE": "/nowhere/key"}

    def verify(self, code, folder):
        return self.expect(code, "audit", "verify", folder, "--public-key", self.vkey, "--json", env=self.elsewhere).json

    def text(self, folder):
        text = ""
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), encoding="utf-8") as f:
                text += f.read()
        return text

    def test_what_it_prints_and_that_it_is_accepted_elsewhere(self):
        out = self.home.path("evidence")
        made = self.ok("incident", "report", "--since", "1h", "--out", out, "--json").json
        self.fields(made, REPORT)
        self.assertEqual((made["folder"], made["incidents"], made["revealed"]), (out, 1, False))
        self.assertEqual(sorted(os.listdir(out)), sorted([f["name"] for f in made["files"]] + ["evidence.json"]))
        moved = self.home.path("moved")
        shutil.move(out, moved)
        checked = self.verify(0, moved + "/")
        self.assertEqual((checked["verdict"], checked["entries"]), ("intact", made["entries"]))
        self.ok("audit", "verify", moved)  # with the store's own key
        self.refused(2, "usage", "audit", "verify", moved, "--public-key", self.vkey, "--checkpoint", self.vkey)
        self.assertEqual(self.ok("audit", "query", "--limit", "1", "--json").json[0]["action"], "incident.report")
        # Without a name it makes one, in the folder it is called in.
        name = self.ok("incident", "report", "--since", "1h", "-q").lines[0]
        self.assertRegex(name, r"^authctl-report-\d{8}T\d{6}Z$")
        self.verify(0, self.home.path(name))

    def test_a_change_anywhere_is_exit_7_with_the_place(self):
        out = self.home.path("evidence")
        self.ok("incident", "report", "--since", "1h", "--out", out)
        rng = random.Random(7)
        for name in sorted(os.listdir(out)):
            path = os.path.join(out, name)
            with open(path, "rb") as f:
                good = f.read()
            for at in rng.sample(range(len(good)), 4):
                with open(path, "wb") as f:
                    f.write(good[:at] + bytes([good[at] ^ (1 << rng.randrange(7))]) + good[at + 1:])
                self.assertTrue(self.verify(7, out)["problem"], (name, at))
            with open(path, "wb") as f:
                f.write(good)
        self.verify(0, out)
        path = os.path.join(out, "entries.jsonl")
        with open(path, encoding="utf-8") as f:
            lines = f.readlines()
        with open(path, "w", encoding="utf-8") as f:
            f.writelines(lines[:3] + lines[4:])
        self.assertEqual(self.verify(7, out)["first_bad_seq"], 4)
        self.verify(7, self.home.folder)
        empty = self.home.path("empty")
        os.mkdir(empty)
        self.assertIn("evidence.json", self.verify(7, empty)["problem"])
        self.expect(3, "audit", "verify", self.home.path("nothing"), "--public-key", self.vkey, env=self.elsewhere)

    def test_addresses_are_masked_unless_revealed(self):
        out, shown = self.home.path("masked"), self.home.path("shown")
        self.ok("incident", "report", "--since", "1h", "--out", out, "--reason", "for mallory@example.com")
        for address in ("jo@example.com", "203.0.113.77", "mallory@"):
            self.assertNotIn(address, self.text(out))
        self.verify(0, out)
        self.assertEqual(self.ok("audit", "query", "--action", "audit.reveal", "--json").json, [])
        self.ok("incident", "report", "--since", "1h", "--out", shown, "--reveal")
        self.assertIn("jo@example.com", self.text(shown))
        self.assertIn("203.0.113.77", self.text(shown))
        self.verify(0, shown)
        self.assertEqual(len(self.ok("audit", "query", "--action", "audit.reveal", "--json").json), 1)
        self.refused(2, "usage", "incident", "report", "--since", "1h", "--reveal", "--dry-run")

    def test_what_is_refused_leaves_nothing(self):
        there = self.home.path("there")
        os.mkdir(there)
        self.refused(5, "conflict", "incident", "report", "--since", "1h", "--out", there)
        self.refused(2, "invalid", "incident", "report", "--since", "yesterday", "--out", self.home.path("new"))
        self.refused(2, "usage", "incident", "report")
        self.refused(1, "io", "incident", "report", "--since", "1h", "--out", self.home.path("no/such/place"))
        self.ok("incident", "report", "--since", "1h", "--dry-run")
        self.assertEqual([name for name in os.listdir(self.home.folder) if "report" in name or "new" in name], [])

    def test_no_secret_is_in_it(self):
        secret = self.ok("client", "create", "shop", "--grant", "client_credentials", "--json").json["secret"]
        codes = self.ok("backup-code", "generate", "bob", "--json").json["codes"]
        token = self.ok("token", "issue", "bob").out.strip()
        out = self.home.path("evidence")
        self.ok("incident", "report", "--since", "1h", "--out", out, "--reveal")
        text = self.text(out)
        for canary in (secret, token, *codes):
            self.assertNotIn(canary, text)
        with open(os.path.join(out, "keys.jsonl"), encoding="utf-8") as f:
            lines = f.readlines()
        for line in lines:
            key = json.loads(line).get("key")
            if key and key["public_jwk"]:
                self.assertNotIn("d", key["public_jwk"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
