"""The outside as the manual states it: names, JSON members, exit codes. Black box, the real binary."""
import json
import os
import re
import stat
import time
import unittest

from harness import HomeTest

RFC3339 = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
USER = ("id name email status roles mfa password failed_attempts locked_until created_at updated_at last_login_at")
KEY = "kid use alg state created_at activated_at retires_at revoked_at live_tokens"
ROLE = "name description inherits permissions members created_at"
ENTRY = "seq time actor action target outcome ip reason detail"


class Init(HomeTest):
    initialise = False

    def read_key(self):
        with open(self.home.key, "rb") as f:
            return f.read()

    def test_makes_store_and_master_key_private_and_changes_nothing_when_run_again(self):
        self.ok("init", "--with-admin", "root1")
        for path, mode in ((self.home.store, 0o600), (self.home.key, 0o600), (os.path.dirname(self.home.store), 0o700)):
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), mode, path)
        before = self.read_key(), self.ok("key", "list", "-q").out
        self.assertRegex(before[0].decode().strip(), r"^[A-Za-z0-9_-]{43}$")
        self.ok("init")
        self.assertEqual(before, (self.read_key(), self.ok("key", "list", "-q").out))
        self.ok("permission", "check", "root1", "anything:at:all")

    def test_without_a_store_every_command_names_init(self):
        for argv in (("user", "list"), ("key", "list"), ("audit", "verify"), ("token", "verify", "-")):
            error = self.refused(8, "unavailable", *argv).error
            self.assertIn("authctl init", error["hint"])
        self.assertFalse(os.path.exists(self.home.store))

    def test_a_store_without_its_master_key(self):
        self.ok("init")
        os.rename(self.home.key, self.home.key + ".away")
        self.refused(8, "unavailable", "user", "list")
        self.refused(8, "unavailable", "init")
        self.assertFalse(os.path.exists(self.home.key))
        self.home.write("master.key", "A" * 43 + "\n")
        os.chmod(self.home.key, 0o600)
        self.refused(7, "unverified", "user", "list")

    def test_a_master_key_command(self):
        self.ok("init")
        env = {"AUTHCTL_MASTER_KEY_FILE": None, "AUTHCTL_MASTER_KEY_COMMAND": "cat " + self.home.key}
        self.ok("user", "list", env=env)
        env["AUTHCTL_MASTER_KEY_COMMAND"] = "false"
        self.refused(8, "unavailable", "user", "list", env=env)


class Users(HomeTest):
    def test_life_of_a_user(self):
        user = self.ok("user", "create", "Ann", "--email", "Ann@Example.com", "--json").json
        self.fields(user, USER)
        self.assertEqual((user["name"], user["status"], user["roles"]), ("ann", "active", []))
        self.fields(user["mfa"], "totp backup_codes_left")
        self.fields(user["password"], "scheme changed_at must_change")
        self.assertRegex(user["created_at"], RFC3339)
        self.assertIsNone(user["last_login_at"])
        self.assertEqual(self.ok("user", "create", "bob", "-q").lines, [self.ok("user", "show", "bob", "--json").json["id"]])
        self.assertEqual([u["name"] for u in self.ok("user", "list", "--json").json], ["ann", "bob"])
        rows = [json.loads(line) for line in self.ok("user", "list", "-o", "jsonl").lines]
        self.assertEqual(len(rows), 2)
        self.assertEqual([u["name"] for u in self.ok("user", "list", "--limit", "1", "--after", "ann", "--json").json], ["bob"])
        self.ok("user", "update", "bob", "--rename", "robert", "--email", "bob@example.com")
        self.refused(3, "not_found", "user", "show", "bob")
        self.ok("user", "show", "bob@example.com")
        self.ok("user", "disable", "robert")
        self.assertEqual([u["name"] for u in self.ok("user", "list", "--status", "disabled", "--json").json], ["robert"])
        self.ok("user", "enable", "robert")
        self.refused(2, "usage", "user", "delete", "robert")
        self.ok("user", "delete", "robert", "--yes")
        self.refused(3, "not_found", "user", "delete", "robert", "--yes")

    def test_names_and_emails_are_one_namespace(self):
        self.ok("user", "create", "ann", "--email", "x@example.com")
        for argv in (("ann",), ("ANN",), ("x@example.com",), ("c", "--email", "X@EXAMPLE.com")):
            self.refused(5, "conflict", "user", "create", *argv)
        for bad in ("", "-ann", ".a", "a b", "a\tb", "a" * 65, "ä", "a\u200bb", "a;b", "\x1b[31m"):
            result = self.run_("user", "create", "--json", "--", bad)
            self.assertEqual(result.code, 2, repr(result))
            self.assertNotIn("\x1b", result.err)
        self.ok("user", "create", "o'brien+x@y_z-1.2")

    def test_passwords_come_from_stdin_or_a_file_and_are_checked(self):
        self.ok("user", "create", "ann", "--password-stdin", stdin="a long and lively pass phrase\n")
        shown = self.ok("user", "show", "ann", "--json").json
        self.assertEqual(shown["password"]["scheme"], "argon2id")
        self.assertIn(self.run_("user", "password", "ann", "--password-stdin", stdin="short\n").code, (2, 4))
        generated = self.ok("user", "password", "ann", "--generate").lines[-1]
        self.assertGreaterEqual(len(generated), 15)
        self.assertNotIn(generated, self.ok("audit", "query", "--json", "--reveal").out)

    def test_dry_run_says_the_same_and_writes_nothing(self):
        before = self.ok("audit", "query", "--limit", "1", "--json").json[0]["seq"]
        user = self.ok("user", "create", "ann", "--dry-run", "--json").json
        self.fields(user, USER)
        self.refused(3, "not_found", "user", "show", "ann")
        self.assertIn("(not generated)", self.ok("key", "generate", "--use", "jwt", "--dry-run", "--json").out)
        self.assertEqual(before, self.ok("audit", "query", "--limit", "1", "--json").json[0]["seq"])


class Access(HomeTest):
    def setUp(self):
        super().setUp()
        self.ok("role", "create", "viewer", "--description", "reads")
        self.ok("role", "create", "editor", "--inherits", "viewer")
        self.ok("role", "grant", "viewer", "read:posts")
        self.ok("role", "grant", "editor", "edit:posts", "--on", "post/42")
        self.ok("user", "create", "ann", "--role", "editor")

    def test_shapes(self):
        role = self.ok("role", "show", "editor", "--json").json
        self.fields(role, ROLE)
        self.assertEqual(role["inherits"], ["viewer"])
        self.assertEqual(role["permissions"], [{"permission": "edit:posts", "resource": "post/42"}])
        self.assertEqual(role["members"], 1)
        check = self.ok("permission", "check", "ann", "read:posts", "--json").json
        self.fields(check, "allowed user permission resource because")
        self.assertIs(check["allowed"], True)
        self.assertIsNone(check["resource"])
        self.fields(check["because"][0], "role via grant resource expires_at")
        denied = self.expect(4, "permission", "check", "ann", "delete:posts", "--json").json
        self.assertEqual((denied["allowed"], denied["because"]), (False, []))

    def test_a_grant_on_a_resource_never_answers_a_check_without_one(self):
        self.ok("permission", "check", "ann", "edit:posts", "--on", "post/42")
        self.expect(4, "permission", "check", "ann", "edit:posts", "--on", "post/43")
        self.expect(4, "permission", "check", "ann", "edit:posts")
        self.ok("permission", "check", "ann", "read:posts", "--on", "post/43")

    def test_wildcards(self):
        self.ok("role", "grant", "viewer", "a:*:c", "b:*")
        for allowed in ("a:x:c", "b:x", "b:x:y"):
            self.ok("permission", "check", "ann", allowed)
        for denied in ("a:x:y:c", "a:x", "b", "a:c"):
            self.expect(4, "permission", "check", "ann", denied)

    def test_a_time_bound_assignment_ends_by_itself(self):
        self.ok("role", "create", "night")
        self.ok("role", "grant", "night", "open:door")
        self.ok("role", "assign", "ann", "night", "--for", "2s")
        self.ok("permission", "check", "ann", "open:door")
        time.sleep(2.1)
        self.expect(4, "permission", "check", "ann", "open:door")

    def test_a_circle_is_refused_and_a_role_in_use_is_kept(self):
        self.refused(5, "precondition", "role", "update", "viewer", "--inherits", "editor")
        result = self.run_("role", "delete", "editor", "--yes", "--json")
        self.assertEqual(result.code, 5, repr(result))
        self.ok("role", "delete", "editor", "--force", "--yes")
        self.expect(4, "permission", "check", "ann", "read:posts")

    def test_the_last_administrator_is_kept(self):
        self.ok("role", "create", "admin")
        self.ok("role", "grant", "admin", "admin:all")
        self.ok("role", "assign", "ann", "admin")
        for argv in (("user", "disable", "ann"), ("user", "delete", "ann", "--yes"), ("role", "unassign", "ann", "admin"),
                     ("role", "assign", "ann", "admin", "--for", "1s")):
            self.assertEqual(self.run_(*argv).code, 5, argv)
        self.ok("role", "unassign", "ann", "admin", "--force", "--yes")

    def test_who_explain_list_and_test(self):
        self.assertIn("ann", self.ok("permission", "who", "read:posts").out)
        self.assertIn("viewer", self.ok("permission", "explain", "ann", "read:posts").out)
        self.assertIn("role grant", self.ok("permission", "explain", "ann", "no:way").out)
        self.assertIn("read:posts", self.ok("permission", "list", "ann").out)

    def test_mistakes_are_named(self):
        for argv, near in ((("rol", "list"), "role"), (("role", "lsit"), "list"), (("role", "create", "x", "--descripton", "y"),
                                                                                  "--description")):
            error = self.refused(2, "usage", *argv).error
            self.assertIn(near, error["message"] + (error["hint"] or ""))


class Keys(HomeTest):
    def test_rotation_with_grace_and_in_an_emergency(self):
        self.ok("user", "create", "ann")
        if not self.ok("key", "list", "--use", "jwt", "-q").lines:
            self.ok("key", "generate", "--use", "jwt")
        first = self.active()
        self.fields(first, KEY)
        token = self.ok("token", "issue", "ann", "--ttl", "1h").out
        self.home.write("token", token)
        self.assertEqual(self.active()["live_tokens"], 1)
        verdict = self.ok("token", "verify", "token", "--json").json
        self.fields(verdict, "valid reason alg kid type claims")
        self.assertEqual((verdict["valid"], verdict["reason"], verdict["kid"]), (True, None, first["kid"]))
        for claim in "iss sub aud exp iat nbf jti sid type client_id roles scope".split():
            self.assertIn(claim, verdict["claims"])
        plan = self.ok("key", "plan", "--use", "jwt")
        self.assertTrue(plan.out)
        self.ok("key", "rotate", "--use", "jwt", "--grace", "1h")
        second = self.active()
        self.assertNotEqual(first["kid"], second["kid"])
        self.ok("token", "verify", "token")
        self.refused(2, "usage", "key", "rotate", "--use", "jwt", "--emergency")
        self.home.write("second", self.ok("token", "issue", "ann").out)
        self.ok("key", "rotate", "--use", "jwt", "--emergency", "--yes")
        self.assertEqual(self.expect(7, "token", "verify", "second", "--json").json["reason"], "revoked_key")

    def active(self):
        return [k for k in self.ok("key", "list", "--use", "jwt", "--json").json if k["state"] == "active"][0]

    def test_interlocks(self):
        kid = self.active()["kid"]
        error = self.refused(5, "precondition", "key", "revoke", kid, "--yes").error
        self.assertIn("--emergency", error["hint"])
        self.assertEqual(self.run_("key", "delete", kid, "--yes").code, 5)
        self.ok("key", "rotate", "--use", "jwt", "--staged")
        pending = [k for k in self.ok("key", "list", "--use", "jwt", "--json").json if k["state"] == "pending"][0]
        self.assertEqual(self.run_("key", "promote", pending["kid"]).code, 5)
        self.ok("key", "promote", pending["kid"], "--force", "--yes", "--reason", "no caches here")
        self.assertEqual(self.active()["kid"], pending["kid"])
        self.refused(3, "not_found", "key", "show", "nope")

    def test_export_and_inspect(self):
        jwks = self.ok("key", "export", "--all", "--format", "jwks").out
        for key in json.loads(jwks)["keys"]:
            self.assertFalse(set(key) & set("d p q dp dq qi k".split()))
            self.assertNotEqual(key["kty"], "oct")
        rows = self.ok("key", "inspect", self.home.write("jwks", jwks), "--json").json
        self.fields(rows[0], "kty alg bits private thumbprint kid")
        self.ok("user", "create", "ann")
        self.home.write("t", self.ok("token", "issue", "ann", "--audience", "api").out)
        good = self.ok("token", "verify", "t", "--jwks", "jwks", "--any-issuer", "--audience", "api", "--json").json
        self.assertTrue(good["valid"])
        # A provider's set holds keys that are not ours to use beside the one that is (RFC 7517 section 5).
        others = [{"kty": "RSA", "kid": "enc", "use": "enc", "n": "x", "e": "AQAB"}, {"kty": "EC", "crv": "P-384", "kid": "p"},
                  {"kty": "OKP", "crv": "X25519", "kid": "x"}, {"kty": "oct", "kid": "weak", "k": "AA"}, {"kty": "new"}]
        mixed = self.home.write("mixed", json.dumps({"keys": others + json.loads(jwks)["keys"]}))
        self.assertTrue(self.ok("token", "verify", "t", "--jwks", mixed, "--any-issuer", "--audience", "api", "--json").json["valid"])
        error = self.refused(2, "usage", "token", "verify", "t", "--jwks", "jwks", "--audience", "api").error
        self.assertIn("--any-issuer", error["message"] + (error["hint"] or ""))
        private = self.ok("key", "export", self.active()["kid"], "--format", "pem", "--private").out
        self.assertIn("PRIVATE KEY", private)
        for alg in ("EdDSA", "RS256", "HS256", "ES256"):
            self.assertEqual(self.ok("key", "generate", "--use", "jwt", "--alg", alg, "--json").json["alg"], alg)
        self.assertEqual(self.run_("key", "generate", "--use", "jwt", "--alg", "ES384").code, 2)
        self.assertEqual(self.run_("key", "generate", "--use", "jwt", "--alg", "RS256", "--bits", "1024").code, 2)


class Tokens(HomeTest):
    def setUp(self):
        super().setUp()
        self.ok("user", "create", "ann")

    def issue(self, *more):
        return self.ok("token", "issue", "ann", *more).out

    def reason(self, token, *more):
        return self.expect(7, "token", "verify", "-", "--json", *more, stdin=token).json["reason"]

    def test_reasons(self):
        token = self.issue()
        self.ok("token", "verify", stdin=token)
        self.assertEqual(self.reason("x"), "malformed")
        self.assertEqual(self.reason(""), "malformed")
        self.assertEqual(self.reason(token.strip()[:-8] + "AAAAAAAA\n"), "bad_signature")
        self.assertEqual(self.reason(token, "--issuer", "https://else.example"), "wrong_issuer")
        self.assertEqual(self.reason(token, "--audience", "else"), "wrong_audience")
        self.assertEqual(self.reason(token, "--type", "refresh"), "wrong_type")
        self.assertEqual(self.reason(token, "--require", "tenant"), "missing_claim")
        self.assertEqual(self.reason(token, "--now", "2099-01-01T00:00:00Z"), "expired")
        self.assertEqual(self.reason(token, "--now", "2001-01-01T00:00:00Z"), "not_yet_valid")
        self.assertEqual(self.reason(token, "--algorithm", "HS256"), "unsupported_algorithm")
        self.home.write("t", token)
        self.ok("token", "revoke", "t")
        self.assertEqual(self.reason(token), "revoked")
        other = self.issue()
        self.ok("user", "disable", "ann")
        self.assertIn(self.reason(other), ("revoked", "user_disabled"))

    def test_batch_answers_in_order(self):
        good = self.issue()
        result = self.expect(7, "token", "verify", "-", "--batch", stdin=good + "junk\n" + good)
        self.assertEqual([json.loads(line)["valid"] for line in result.lines], [True, False, True])
        self.ok("token", "verify", "-", "--batch", stdin=good * 50)

    def test_revoking_all_of_a_user(self):
        token = self.issue()
        self.refused(2, "usage", "token", "revoke", "--user", "ann")
        self.ok("token", "revoke", "--user", "ann", "--yes")
        self.assertEqual(self.reason(token), "revoked")
        time.sleep(1.1)
        self.ok("token", "verify", stdin=self.issue())

    def test_inspect_says_that_nothing_was_verified(self):
        result = self.ok("token", "inspect", stdin=self.issue("--claim", "tenant=acme"))
        self.assertIn("acme", result.out)
        self.assertRegex(result.err.lower(), "not verified|nothing was verified|unverified")


class Audit(HomeTest):
    def test_query_verify_checkpoint_prove_export(self):
        self.ok("user", "create", "ann", "--email", "ann@example.com", "--reason", "first day")
        entry = self.ok("audit", "query", "--action", "user.*", "--json").json[0]
        self.fields(entry, ENTRY)
        self.fields(entry["target"], "kind id name")
        self.assertEqual((entry["action"], entry["outcome"], entry["reason"]), ("user.create", "success", "first day"))
        self.assertTrue(entry["actor"].startswith("os:"))
        self.assertRegex(entry["time"], RFC3339)
        self.assertNotIn("ann@example.com", self.ok("audit", "query").out)
        self.ok("audit", "verify")
        note = self.ok("audit", "checkpoint").out
        self.home.write("note", note)
        self.ok("user", "create", "bob")
        self.ok("audit", "verify", "--checkpoint", "note")
        self.ok("audit", "prove", entry["seq"])
        for format_ in ("jsonl", "csv", "cef"):
            self.assertTrue(self.ok("audit", "export", "--format", format_).out)
        self.assertEqual(len(self.ok("audit", "query", "--limit", "1", "--json").json), 1)
        self.ok("audit", "stats")
        self.refused(2, "usage", "audit", "prune", "--before", "2001-01-01T00:00:00Z")
        self.ok("audit", "prune", "--before", "2001-01-01T00:00:00Z", "--yes")
        self.ok("audit", "verify", "--checkpoint", "note")


class Manners(HomeTest):
    def test_options_may_stand_anywhere(self):
        for argv in (("--json", "user", "list"), ("user", "--json", "list"), ("user", "list", "--json"), ("-o", "json", "user", "list")):
            self.assertEqual(self.ok(*argv).json, [])
        self.assertEqual(self.ok("user", "list", env={"AUTHCTL_OUTPUT": "json"}).json, [])
        self.assertEqual(self.ok("user", "list", "-q").out, "")

    def test_help_and_version(self):
        self.assertRegex(self.ok("--version").out, r"\d+\.\d+")
        self.ok("version")
        for argv in ((), ("role",), ("--help",), ("role", "grant", "--help"), ("help", "role", "grant"), ("help", "role")):
            text = self.ok(*argv).out
            self.assertTrue(all(len(line) <= 80 for line in text.splitlines()), text)
        self.assertIn("$schema", self.ok("schema", "user").json)
        self.ok("schema")
        self.ok("config", "show", "--origin")
        self.ok("config", "check")

    def test_the_help_has_the_exit_status_of_a_file_that_is_not_there(self):
        for verb in (["permission", "test"], ["backup", "restore", "--force", "-y"], ["backup", "verify"], ["apply", "-f"]):
            self.expect(3, *verb, "not-there")
            told = self.ok("help", *[word for word in verb if not word.startswith("-")]).out
            self.assertRegex(told, r"(?m)^ *3  ", verb)

    def test_a_password_in_a_store_url_is_refused_in_argv(self):
        result = self.refused(2, "usage", "--store", "postgresql://u:hunter2@localhost/x", "user", "list")
        self.assertNotIn("hunter2", result.err)

    def test_store_commands(self):
        self.ok("store", "check")
        self.ok("store", "migrate")
        self.ok("user", "create", "ann")
        copy = self.home.path("copy/authctl.db")
        self.ok("store", "copy", "--to", "sqlite:" + copy)
        self.ok("user", "show", "ann", env={"AUTHCTL_STORE": "sqlite:" + copy})
        self.ok("audit", "verify", env={"AUTHCTL_STORE": "sqlite:" + copy})


if __name__ == "__main__":
    unittest.main(verbosity=2)
