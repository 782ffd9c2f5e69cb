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


def no_work():
    """A quarter of a gibibyte, and one second of processor time: whoever begins to work is killed."""
    resource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28))
    resource.setrlimit(resource.RLIMIT_CPU, (1, 1))


def vectors(name):
    with open(os.path.join(VECTORS, name), encoding="utf-8") as file:
        return json.load(file)


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
        for case in vectors("password-hashes/cases.json"):
            with self.subTest(case["category"] + "/" + case["name"]):
                password = bytes.fromhex(case["password_hex"]) if "password_hex" in case else case["password"].encode()
                # One newline is taken off each: both end in one of their own.
                path = self.home.write("hash", case["hash"] + "\n")
                # Not under a sanitizer, whose shadow memory alone is larger than the limit.
                bounded = case["expect"] == "error-fast" and "ASAN_OPTIONS" not in os.environ
                limit = {"preexec_fn": no_work} if bounded else {}
                result = self.run_("password", "verify", "--hash-file", path, "--password-stdin",
                                   stdin=password + b"\n", **limit)
                self.assertIn(result.code, HASH_OUTCOMES[case["expect"]], repr(result))

    def test_every_case_of_the_policy(self):
        # Alone, and beside a second factor.
        answers = {"accept": ({0}, {0}), "accept-with-mfa-refuse-single-factor": ({4}, {0}), "refuse": ({4}, {4}),
                   "documented": ({4}, {4}), "refuse-or-accept-fast": ({0, 4}, {0, 4})}
        options = {"username": "--user", "email": "--email"}
        for case in vectors("password-policy/cases.json"):
            said = [word for name, value in case.get("context", {}).items() if name in options for word in (options[name], value)]
            for factor, answer in zip(((), ("--second-factor",)), answers[case["expect"]]):
                with self.subTest(case["name"], factor=factor):
                    result = self.run_("password", "check", "--password-stdin", "--json", *factor, *said, stdin=case["password"])
                    self.assertIn(result.code, answer, repr(result))
                    self.assertEqual(result.json["accepted"], result.code == 0)
                    self.assertEqual(bool(result.json["reasons"]), result.code == 4)
                    if len(case["password"]) > 4:  # shorter ones are in any sentence
                        self.assertNotIn(case["password"], result.out + result.err)

    def test_every_code_of_the_tables(self):
        for case in vectors("otp/rfc6238-appendix-b.json") + vectors("otp/totp-made.json"):
            with self.subTest(case):
                said = ("--secret-file", self.home.write("secret", case["secret_base32"]), "--now", case["time"], "--digits",
                        case["digits"], "--period", case.get("period", 30), "--algorithm", case["alg"].upper())
                self.assertEqual(self.ok("totp", "code", *said).out, case["code"] + "\n")
                self.ok("totp", "check", *said, "--code-stdin", stdin=case["code"])
                other = str((int(case["code"]) + 1) % 10 ** case["digits"]).zfill(case["digits"])
                self.expect(4, "totp", "check", *said, "--code-stdin", stdin=other)


class Settings(HomeTest):
    initialise = False

    def test_no_setting_makes_hashes_cheaper_than_is_safe(self):
        for memory, passes, code in (("19456", "2", 0), ("47104", "1", 0), ("19456", "1", 2), ("8192", "16", 2), ("64", "3", 2)):
            env = {"AUTHCTL_PASSWORD_MEMORY_KIB": memory, "AUTHCTL_PASSWORD_PASSES": passes}
            with self.subTest(env):
                result = self.expect(code, "password", "hash", "--password-stdin", stdin=PHRASE, env=env)
                self.assertEqual(result.out.startswith(f"$argon2id$v=19$m={memory},t={passes},p=1$"), code == 0, repr(result))
        found = self.ok("password", "calibrate", "--target", "1ms", "--json").json
        self.assertGreaterEqual((found["memory_kib"], found["passes"]), (19456, 2))


class Delivery(HomeTest):
    def setUp(self):
        super().setUp()
        self.ok("user", "create", "ann", "--password-stdin", stdin=PHRASE)

    def test_a_secret_that_could_not_be_written_was_not_made(self):
        set_before = self.ok("backup-code", "generate", "ann", "--json").json["codes"]
        changed = self.ok("user", "show", "ann", "--json").json["password"]["changed_at"]
        for out in ("nowhere/file", "/proc/file", "."):
            with self.subTest(out):
                self.assertIn(self.run_("user", "password", "ann", "--generate", "--out", out).code, (1, 5))
                self.assertIn(self.run_("backup-code", "generate", "ann", "--out", out).code, (1, 5))
                self.assertIn(self.run_("totp", "enroll", "ann", "--png", out).code, (1, 5))
                self.assertIn(self.run_("totp", "enroll", "ann", "--svg", out).code, (1, 5))
        self.assertEqual(self.ok("user", "show", "ann", "--json").json["password"]["changed_at"], changed)
        self.ok("backup-code", "verify", "ann", "--code-stdin", stdin=set_before[0])
        self.assertEqual(self.ok("audit", "query", "--action", "user.password", "--json").json, [])
        long = "a" + "@+" * 31 + "b"
        self.ok("user", "create", long)
        self.refused(2, "invalid", "totp", "enroll", long, "--issuer", "\u6f22" * 21)  # too much for a QR code
        for user in "ann", long:
            self.assertFalse(self.ok("totp", "status", user, "--json").json["pending"])
        self.assertEqual(self.ok("audit", "query", "--action", "totp.enroll", "--json").json, [])

    def test_codes_that_went_to_a_file_are_printed_nowhere_else(self):
        result = self.ok("backup-code", "generate", "ann", "--out", "codes", "--json")
        self.assertEqual(result.json, {"user": "ann", "codes": []})
        with open(self.home.path("codes"), encoding="utf-8") as file:
            codes = file.read().split()
        self.assertEqual(len(codes), 10)
        self.assertEqual(os.stat(self.home.path("codes")).st_mode & 0o777, 0o600)
        self.ok("backup-code", "verify", "ann", "--code-stdin", stdin=codes[9])


if __name__ == "__main__":
    unittest.main(verbosity=2)
