"""Keys and tokens as an attacker and a picky CI job use them: what is asked, what a dry run says, odd inputs."""
import json
import os
import unittest

from harness import HomeTest


class KeysAndTokens(HomeTest):
    initialise = False

    def init(self):
        self.assertEqual(self.run_("init").code, 0)
        self.assertEqual(self.run_("user", "create", "ann").code, 0)

    def active(self, use="jwt"):
        return next(k["kid"] for k in self.run_("key", "list", "--use", use, "--json").json if k["state"] == "active")

    def test_a_dry_run_of_init_says_what_init_then_does(self):
        told = self.run_("init", "--dry-run", "--json")
        self.assertEqual(told.code, 0, told)
        self.assertFalse(os.path.exists(self.home.key) or os.path.exists(self.home.store))
        done = self.run_("init", "--json")
        self.assertEqual({**told.json, "keys": None}, {**done.json, "keys": None})
        self.assertEqual(told.json["keys"], ["(not generated)"] * 2)

    def test_a_dry_run_of_init_refuses_the_master_key_that_init_would_refuse(self):
        os.chmod(self.home.write("master.key", "no key\n"), 0o600)
        for argv in (["init", "--dry-run"], ["init"]):
            self.assertEqual(self.run_(*argv).code, 8, argv)
            self.assertFalse(os.path.exists(self.home.store))

    def test_every_question_without_a_terminal_is_a_sentence_that_names_yes(self):
        self.init()
        kid = self.active()
        pending = self.run_("key", "generate", "--use", "jwt", "-q").out.strip()
        for argv in (["key", "rotate", "--use", "jwt", "--emergency"],
                     ["key", "rotate", "--use", "fernet", "--emergency"],
                     ["key", "revoke", pending], ["key", "delete", pending],
                     ["key", "delete", pending, "--force", "--reason", "x"],
                     ["key", "promote", pending, "--force", "--reason", "x"],
                     ["token", "revoke", "--user", "ann"], ["token", "revoke", "--kid", kid],
                     ["user", "delete", "ann"]):
            refused = self.run_(*argv, "--json")
            self.assertEqual(refused.code, 2, refused)
            self.assertEqual(refused.error["hint"], "add --yes", refused)
            self.assertTrue(refused.error["message"].endswith("? there is no terminal to ask on"), refused)
            self.assertTrue(refused.error["message"][0].islower(), refused)
        self.assertEqual(self.active(), kid)

    def test_what_does_not_ask(self):
        self.init()
        token = self.run_("token", "issue", "ann").out
        jti = self.run_("token", "issue", "ann", "--json").json["jti"]
        for argv, stdin in ((["token", "revoke", "-"], token), (["token", "revoke", "--jti", jti], ""),
                            (["key", "rotate", "--use", "jwt", "--staged"], ""), (["key", "rotate", "--use", "jwt"], ""),
                            (["key", "rotate", "--due"], "")):
            done = self.run_(*argv, stdin=stdin)
            self.assertEqual(done.code, 0, done)

    def test_a_fernet_key_under_the_wrong_use_is_told_how_to_come_in(self):
        self.init()
        file = self.home.write("fernet", self.run_("fernet", "keygen").out)
        refused = self.run_("key", "import", file, "--json")
        self.assertEqual((refused.code, refused.error["code"]), (2, "invalid"), refused)
        self.assertIn("--use fernet", refused.error["hint"])
        taken = self.run_("key", "import", file, "--use", "fernet", "--json")
        self.assertEqual(taken.code, 0, taken)

    def test_no_key_made_here_has_a_kid_that_reads_as_an_option(self):
        self.init()
        kids = [self.run_("key", "generate", "--use", "jwt", "--alg", "EdDSA", "-q").out for _ in range(150)]
        self.assertEqual([kid for kid in kids if kid.startswith("-")], [])

    def test_an_imported_kid_that_begins_with_a_dash_stands_behind_two_dashes(self):
        self.init()
        made = self.run_("key", "generate", "--use", "jwt", "-q").out.strip()
        key = json.loads(self.run_("key", "export", made, "--format", "jwk", "--private").out)
        self.assertEqual(self.run_("key", "delete", made, "--yes").code, 0)
        own = self.home.write("own.jwk", json.dumps({**key, "kid": "-dash"}))
        self.assertEqual(self.run_("key", "import", own).code, 0)
        for argv in (["key", "show", "--", "-dash"], ["key", "export", "--format", "pem", "--", "-dash"],
                     ["token", "revoke", "--kid=-dash", "--yes"], ["key", "delete", "--yes", "--", "-dash"]):
            done = self.run_(*argv)
            self.assertEqual(done.code, 0, done)

    def test_a_token_ends_with_its_second_and_begins_with_it(self):
        self.init()
        issued = self.run_("token", "issue", "ann", "--json").json
        token, exp, nbf = issued["token"] + "\n", issued["claims"]["exp"], issued["claims"]["nbf"]
        for now, leeway, reason in ((exp - 1, 0, None), (exp, 0, "expired"), (exp, 1, None), (exp + 1, 1, "expired"),
                                    (nbf, 0, None), (nbf - 1, 0, "not_yet_valid"), (nbf - 1, 1, None)):
            seen = self.run_("token", "verify", "--now", now, "--leeway", leeway, "--json", stdin=token)
            self.assertEqual((seen.code, seen.json["reason"]), (7 if reason else 0, reason), (now, leeway, seen))

    def test_a_limit_that_is_no_limit_is_refused(self):
        self.init()
        token = self.run_("token", "issue", "ann").out
        self.assertEqual(self.run_("token", "verify", "--max-bytes", 16 << 20, stdin=token).code, 0)
        for limit in (-1, (16 << 20) + 1, 10**12, 10**20):
            refused = self.run_("token", "verify", "--max-bytes", limit, "--json", stdin=token)
            self.assertEqual((refused.code, refused.error["code"]), (2, "usage"), refused)

    def test_a_dry_run_of_an_export_shows_no_private_key(self):
        self.init()
        before = self.run_("audit", "query", "--json").json
        shown = self.run_("key", "export", self.active(), "--format", "jwk", "--private", "--dry-run")
        self.assertEqual((shown.code, shown.out), (0, "(not exported)\n"), shown)
        self.assertEqual(self.run_("audit", "query", "--json").json, before)


if __name__ == "__main__":
    unittest.main(verbosity=2)
