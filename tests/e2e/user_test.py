"""The whole noun `user` from outside: every verb, option, status and shape; people from another system among them."""
import json
import os
import stat
import unittest

from harness import HomeTest

USER = "id name email status roles mfa password failed_attempts locked_until created_at updated_at last_login_at"
PHRASE = "violin quartz marble otter\n"
BCRYPT = "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


class People(HomeTest):
    def show(self, name):
        return self.ok("user", "show", name, "--json").json

    def names(self, *options):
        return [user["name"] for user in self.ok("user", "list", *options, "--json").json]

    def read(self, name):
        with open(self.home.path(name)) as file:
            return file.read()

    def actions(self):
        return [entry["action"] for entry in self.ok("audit", "query", "--json").json]


class Lists(People):
    def setUp(self):
        super().setUp()
        self.ok("role", "create", "editor")
        self.ok("user", "create", "ann", "--email", "ann@shop.example", "--role", "editor", "--password-stdin", stdin=PHRASE)
        self.ok("user", "create", "bob", "--disabled")
        self.ok("user", "import", "-", stdin=f"name,email,password_hash,totp_secret\ncarl,carl@shop.example,{BCRYPT},\n"
                                             f"dora,,,{SECRET}\n")

    def test_each_filter_alone_and_together(self):
        for options, expected in {
            (): "ann bob carl dora", ("--role", "editor"): "ann", ("--status", "active"): "ann carl dora",
            ("--status", "disabled"): "bob", ("--scheme", "bcrypt"): "carl", ("--scheme", "argon2id"): "ann",
            ("--without-mfa",): "ann bob carl", ("--match", "SHOP"): "ann carl", ("--match", "o"): "ann bob carl dora",
            ("--inactive-for", "0s"): "ann bob carl dora", ("--inactive-for", "1h"): "",
            ("--limit", "2"): "ann bob", ("--limit", "2", "--after", "bob"): "carl dora", ("--after", "dora"): "",
            ("--status", "active", "--without-mfa", "--match", "shop", "--after", "ann"): "carl",
            ("--scheme", "bcrypt", "--status", "disabled"): "",
        }.items():
            with self.subTest(options):
                self.assertEqual(self.names(*options), expected.split())

    def test_what_is_typed_is_text_and_no_pattern(self):
        for text in ("*", "%", "_", "?", "a*", "a%", "[a-z]", "'", "\\"):
            with self.subTest(text):
                self.assertEqual(self.names("--match", text), [])
        for name in ("*", "a*", "%", "a?", "[a]", "ann*"):
            with self.subTest(name):
                self.refused(2, "invalid", "user", "create", name)
                self.refused(3, "not_found", "user", "show", name)
                self.refused(3, "not_found", "user", "delete", name, "--yes")
        self.assertEqual(self.names(), ["ann", "bob", "carl", "dora"])

    def test_every_form_of_output(self):
        objects = self.ok("user", "list", "--json").json
        self.assertEqual([json.loads(line) for line in self.ok("user", "list", "-o", "jsonl").lines], objects)
        self.assertEqual(self.ok("user", "list", "-q").lines, [user["id"] for user in objects])
        for user in objects:
            self.fields(user, USER)
            self.assertEqual(self.show(user["name"]), user)
            self.assertEqual(self.show(user["id"]), user)
        self.assertEqual(objects[3]["mfa"], {"totp": True, "backup_codes_left": 0})
        self.assertEqual(objects[2]["password"]["scheme"], "bcrypt")
        self.assertEqual(self.ok("user", "list", "--scheme", "yescrypt", "--json").json, [])

    def test_bad_filters(self):
        for options in (("--status", "asleep"), ("--scheme", "rot13"), ("--inactive-for", "soon"), ("--limit", "-1"), ("--limit", "0")):
            with self.subTest(options):
                self.assertEqual(self.run_("user", "list", *options).code, 2)
        self.refused(3, "not_found", "user", "list", "--role", "ghost")


class Lives(People):
    def test_whoever_is_renamed_keeps_id_roles_and_address(self):
        self.ok("role", "create", "editor")
        before = self.ok("user", "create", "Ann", "--email", "Ann@Example.com", "--role", "editor", "--json").json
        after = self.ok("user", "update", "ann@EXAMPLE.com", "--rename", "Anna", "--json").json
        self.assertEqual(after, {**before, "name": "anna", "updated_at": after["updated_at"]})
        self.ok("user", "create", "ann")
        self.refused(5, "conflict", "user", "update", "ann", "--email", "ANN@example.com")
        self.refused(5, "conflict", "user", "update", "ann", "--rename", "ann@example.com")
        self.assertIsNone(self.ok("user", "update", "anna", "--email=", "--json").json["email"])
        self.ok("user", "update", "ann", "--rename", "ann@example.com")
        self.refused(2, "usage", "user", "update", "ann@example.com", "--nickname", "x")

    def test_passwords(self):
        self.ok("user", "create", "ann", "--password-stdin", "--must-change", stdin=PHRASE)
        self.assertEqual(self.show("ann")["password"]["must_change"], True)
        self.ok("user", "password", "ann", "--password-file", self.home.write("new", "another " + PHRASE))
        self.assertEqual(self.show("ann")["password"]["must_change"], False)
        first = self.ok("user", "password", "ann", "--generate").out
        self.assertNotEqual(first, self.ok("user", "password", "ann", "--generate").out)
        self.assertEqual(first.count("\n"), 1)
        self.assertIn("(not generated)", self.ok("user", "password", "ann", "--generate", "--dry-run").out)
        self.refused(2, "usage", "user", "password", "ann")  # no terminal to ask on
        for weak in ("short\n", "\n", "passwordpassword\n", "x" * 1025 + "\n", "x" * 1_000_000):
            with self.subTest(weak[:20]):
                self.assertIn(self.run_("user", "password", "ann", "--password-stdin", stdin=weak).code, (2, 4))
        self.refused(3, "not_found", "user", "password", "ghost", "--generate")

    def test_a_generated_password_goes_to_a_new_private_file(self):
        self.ok("user", "create", "ann")
        result = self.ok("user", "password", "ann", "--generate", "--out", "secret", "--json")
        content = self.read("secret")
        self.assertGreaterEqual(len(content), 16)
        self.assertNotIn(content.strip(), result.out + result.err)
        self.assertEqual(stat.S_IMODE(os.stat(self.home.path("secret")).st_mode), 0o600)
        self.assertEqual(self.run_("user", "password", "ann", "--generate", "--out", "secret").code, 5)
        self.assertEqual(self.read("secret"), content)
        os.symlink("elsewhere", self.home.path("link"))
        self.assertNotEqual(self.run_("user", "password", "ann", "--generate", "--out", "link").code, 0)
        self.assertFalse(os.path.exists(self.home.path("elsewhere")))

    def test_no_password_reaches_argv_output_or_log(self):
        phrase = PHRASE.strip()
        made = self.ok("user", "create", "ann", "--password-stdin", "--json", stdin=PHRASE)
        shown = made.out + made.err + self.ok("audit", "query", "--json", "--reveal").out + self.ok("user", "show", "ann").out
        self.assertNotIn(phrase, shown)
        self.assertNotIn("$argon2", shown)
        self.refused(2, "usage", "user", "create", "bob", "--password", phrase)

    def test_a_dry_run_of_every_verb_writes_nothing(self):
        self.ok("user", "create", "ann")
        before, user = self.actions(), self.show("ann")
        for argv in (("create", "bob"), ("update", "ann", "--rename", "anna"), ("password", "ann", "--generate"), ("disable", "ann"),
                     ("delete", "ann", "--yes")):
            with self.subTest(argv[0]):
                self.ok("user", *argv, "--dry-run")
        self.ok("user", "import", "-", "--dry-run", stdin="name\ncarl\n")
        self.assertEqual((self.actions(), self.show("ann"), self.names()), (before, user, ["ann"]))

    def test_one_entry_for_each_thing_changed_with_its_reason(self):
        self.ok("user", "create", "ann", "--reason", "hired")
        self.ok("user", "update", "ann", "--rename", "anna")
        self.ok("user", "disable", "anna")
        self.ok("user", "disable", "anna")  # it is so already: nothing changed
        self.ok("user", "enable", "anna")
        self.ok("user", "delete", "anna", "--yes", "--reason", "left")
        entries = [entry for entry in self.ok("audit", "query", "--json").json if entry["action"].startswith("user.")]
        self.assertEqual([entry["action"] for entry in reversed(entries)],
                         ["user.create", "user.update", "user.disable", "user.enable", "user.delete"])
        self.assertEqual((entries[-1]["reason"], entries[0]["reason"], entries[1]["reason"]), ("hired", "left", None))
        self.assertEqual({entry["target"]["id"] for entry in entries}, {entries[0]["target"]["id"]})
        self.ok("audit", "verify")

    def test_what_hangs_on_a_user_goes_with_it(self):
        self.ok("role", "create", "editor")
        self.ok("user", "import", "-", stdin=json.dumps({"name": "ann", "totp_secret": SECRET, "backup_codes": [BCRYPT]}))
        self.ok("role", "assign", "ann", "editor")
        self.ok("user", "delete", "ann", "--yes")
        self.assertEqual(self.ok("role", "show", "editor", "--json").json["members"], 0)
        self.ok("user", "create", "ann")
        fresh = self.show("ann")
        self.assertEqual((fresh["roles"], fresh["mfa"]), ([], {"totp": False, "backup_codes_left": 0}))
        self.ok("store", "check")

    def test_reserved_names_in_capitals_are_the_same_account(self):
        self.ok("role", "create", "root")
        self.ok("role", "grant", "root", "admin:all")
        self.ok("user", "create", "admin", "--role", "root")
        for twin in ("ADMIN", "Admin", "aDMIN"):
            with self.subTest(twin):
                self.refused(5, "conflict", "user", "create", twin)
                self.assertEqual(self.show(twin)["name"], "admin")
        for twin in ("admin ", " admin", "adm\u0131n", "\uff21dmin", "admin\u200b", "admin\t", "admin\n"):
            with self.subTest(twin):
                self.refused(2, "invalid", "user", "create", twin)
                self.refused(3, "not_found", "user", "show", twin)

    def test_an_address_that_only_looks_alike_is_nobodys(self):
        self.ok("user", "create", "mike", "--email", "mike@example.org")
        for alike in ("m\u0131ke@example.org", "mike@example.\u1d0frg", "\uff4dike@example.org", "mike@ex\u00e4mple.org", "mi\u212ae@example.org"):
            with self.subTest(alike):
                self.refused(3, "not_found", "user", "show", alike)
                result = self.run_("user", "create", "eve", "--email", alike, "--json")
                if result.code == 0:  # another address, then, and never Mike's
                    self.assertNotEqual(result.json["email"], "mike@example.org")
                    self.ok("user", "delete", "eve", "--yes")
        self.assertEqual(self.show("MIKE@EXAMPLE.ORG")["name"], "mike")

    def test_there_is_no_rule_that_denies_so_none_can_lose(self):
        self.ok("role", "create", "editor")
        self.ok("role", "grant", "editor", "edit:*")
        self.ok("user", "create", "ann", "--role", "editor")
        for rule in ("!edit:posts", "deny edit:posts", "edit:posts!", "^edit:posts", "~edit:posts"):
            with self.subTest(rule):
                self.refused(2, "invalid", "role", "grant", "editor", rule)
        # A dash is a letter of a name and takes nothing back.
        self.ok("role", "grant", "editor", "--", "-edit:posts")
        self.ok("permission", "check", "ann", "edit:posts")


if __name__ == "__main__":
    unittest.main(verbosity=2)
