"""Accounts and passwords from outside: races between processes, tokens that end, hashes that must not be worked on."""
import json
import os
import resource
import subprocess
import unittest

from harness import BINARY, HomeTest

VECTORS = os.path.join(os.path.dirname(__file__), "..", "vectors")
PHRASE = "a long and lively pass phrase\n"
HASH_OUTCOMES = {"match": {0}, "no-match": {4}, "error": {2}, "error-fast": {2}, "must-not-match": {2, 4},
                 "match-if-normalised": {0}, "policy-refuse-login": {4}, "error-or-match": {0, 2},
                 "error-or-no-match": {2, 4}}


def quarter_gibibyte():
    resource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28))


class Races(HomeTest):
    def test_of_many_processes_that_create_one_name_one_succeeds(self):
        commands = [subprocess.Popen([BINARY, "user", "create", name], env=self.home.env, cwd=self.home.folder,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                    for name in ("ann", "ANN", "Ann", "ann")]
        self.assertEqual(sorted(command.wait(60) for command in commands), [0, 5, 5, 5])
        self.assertEqual(len(self.ok("user", "list", "-q").lines), 1)


class Tokens(HomeTest):
    def reason(self, token):
        result = self.run_("token", "verify", "--json", stdin=token)
        self.assertEqual(result.code, 0 if result.json["valid"] else 7, repr(result))
        return result.json["reason"]

    def issue(self):
        return self.ok("token", "issue", "ann").out

    def setUp(self):
        super().setUp()
        self.ok("user", "create", "ann", "--password-stdin", stdin=PHRASE)
        self.token = self.issue()
        self.assertIsNone(self.reason(self.token))

    def test_a_new_password_ends_earlier_tokens_and_only_those(self):
        self.ok("user", "password", "ann", "--password-stdin", stdin="another " + PHRASE)
        self.assertEqual(self.reason(self.token), "revoked")
        self.assertIsNone(self.reason(self.issue()))

    def test_disabling_refuses_tokens_and_enabling_does_not_revive_them(self):
        self.ok("user", "disable", "ann")
        self.assertEqual(self.reason(self.token), "user_disabled")
        self.ok("user", "enable", "ann")
        self.assertEqual(self.reason(self.token), "revoked")
        self.assertIsNone(self.reason(self.issue()))

    def test_a_deleted_user_has_no_valid_token(self):
        self.ok("user", "delete", "ann", "--yes")
        self.assertIn(self.reason(self.token), ("revoked", "user_disabled"))


class Hashes(HomeTest):
    initialise = False

    def test_every_hash_of_the_vectors(self):
        with open(os.path.join(VECTORS, "password-hashes", "cases.json"), encoding="utf-8") as file:
            cases = json.load(file)
        for case in cases:
            with self.subTest(case["category"] + "/" + case["name"]):
                password = bytes.fromhex(case["password_hex"]) if "password_hex" in case else case["password"].encode()
                # One newline is taken off each: both end in one of their own.
                path = self.home.write("hash", case["hash"] + "\n")
                # Not under a sanitizer, whose shadow memory alone is larger than the limit.
                bounded = case["expect"] == "error-fast" and "ASAN_OPTIONS" not in os.environ
                limit = {"preexec_fn": quarter_gibibyte} if bounded else {}
                result = self.run_("password", "verify", "--hash-file", path, "--password-stdin",
                                   stdin=password + b"\n", **limit)
                self.assertIn(result.code, HASH_OUTCOMES[case["expect"]], repr(result))


if __name__ == "__main__":
    unittest.main()
