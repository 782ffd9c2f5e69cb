"""Clients from outside: what the contract says of them, and that a secret is seen once and found nowhere."""
import os
import re
import stat
import unittest
import zlib

from harness import HomeTest

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
FIELDS = "id name grants redirect_uris scopes public status secrets created_at updated_at"
UUID4 = r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"


def base62(text):
    number = 0
    for c in text:
        number = number * 62 + DIGITS.index(c)
    return number


class Clients(HomeTest):
    def assert_secret(self, secret):
        self.assertRegex(secret, r"^authctl_cs_[0-9A-Za-z]{49}$")
        self.assertEqual(base62(secret[-6:]), zlib.crc32(secret[:-6].encode()))
        self.assertLess(base62(secret[11:-6]), 1 << 256)

    def everything_on_disk(self):
        content = b""
        for folder, _, files in os.walk(self.home.folder):
            for name in files:
                with open(os.path.join(folder, name), "rb") as f:
                    content += f.read()
        return content

    def test_a_client_is_made_shown_listed_and_deleted(self):
        made = self.ok("client", "create", "shop", "--redirect-uri", "https://shop.example.com/cb", "--scope", "openid", "--json").json
        self.fields(made, FIELDS + " secret")
        self.assertRegex(made["id"], UUID4)
        self.assert_secret(made.pop("secret"))
        self.assertEqual(made, self.ok("client", "show", made["id"], "--json").json)
        self.assertEqual([made], self.ok("client", "list", "--json").json)
        self.assertEqual(self.ok("client", "list", "-q").lines, [made["id"]])
        self.refused(5, "conflict", "client", "create", "SHOP")
        self.refused(2, "usage", "client", "delete", "shop")
        self.ok("client", "delete", "shop", "--yes")
        self.refused(3, "not_found", "client", "show", "shop")

    def test_secrets_are_seen_once_and_found_nowhere(self):
        first = self.ok("client", "create", "svc", "--json").json["secret"]
        second = self.ok("client", "rotate-secret", "svc", "--grace", "1h").out.rstrip("\n")
        self.assert_secret(second)
        self.assertNotEqual(first, second)
        self.assertEqual(len(self.ok("client", "show", "svc", "--json").json["secrets"]), 2)
        content = self.everything_on_disk() + self.ok("audit", "export").raw_out
        for secret in (first, second):
            self.assertNotIn(secret.encode(), content)
            self.assertNotIn(secret[11:54].encode(), content)

    def test_a_secret_goes_to_a_new_private_file_or_the_client_is_not_made(self):
        path = self.home.path("svc.secret")
        result = self.ok("client", "create", "svc", "--out", path, "--json")
        self.assertIsNone(result.json["secret"])
        with open(path, encoding="ascii") as f:
            content = f.read()
        self.assert_secret(content.rstrip("\n"))
        self.assertNotIn(content.strip(), result.out + result.err)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.refused(5, "conflict", "client", "create", "two", "--out", path)
        self.refused(1, "io", "client", "create", "two", "--out", self.home.path("none/two.secret"))
        os.symlink(path, self.home.path("link"))
        self.refused(5, "conflict", "client", "create", "two", "--out", self.home.path("link"), "--force", "--yes")
        self.refused(3, "not_found", "client", "show", "two")
        self.refused(2, "usage", "client", "rotate-secret", "svc", "--out", path, "--force")
        self.ok("client", "rotate-secret", "svc", "--out", path, "--force", "--yes")
        with open(path, encoding="ascii") as f:
            self.assertNotEqual(content, f.read())

    def test_a_dry_run_makes_nothing(self):
        before = self.ok("audit", "query", "--json").json
        dry = self.ok("client", "create", "svc", "--dry-run", "--json").json
        self.assertEqual(dry["secret"], "(not generated)")
        self.assertFalse(os.path.exists(self.home.path("f")))
        self.ok("client", "create", "svc", "--dry-run", "--out", self.home.path("f"))
        self.assertFalse(os.path.exists(self.home.path("f")))
        self.assertEqual(self.ok("client", "list", "--json").json, [])
        self.assertEqual(self.ok("audit", "query", "--json").json, before)

    def test_bad_registrations(self):
        for uri in ("http://localhost.evil/cb", "javascript:alert(1)", "JavaScript:alert(1)", "DATA:text/html,x", "/cb",
                    "https://*.example.com/cb", "https://app.example.com/cb#x", "https://app.example.com/a/../cb",
                    "http://app.example.com/cb", "myapp:/cb", "https://app.example.com/\x07"):
            self.refused(2, "invalid", "client", "create", "x", "--redirect-uri", uri)
        for options in (("--grant", "password"), ("--grant", "implicit"), ("--scope", "a b"),
                        ("--public", "--grant", "client_credentials")):
            self.refused(2, "invalid", "client", "create", "x", *options)
        for name in ("", " x", "a\nb", "x" * 65, "\u202ex", "7d0d53ea-2d3b-4b5e-8f7e-0d0c3b8f2a11"):
            self.refused(2, "invalid", "client", "create", name)
        self.assertEqual(self.ok("client", "list", "-q").out, "")

    def test_changes_are_entries_and_no_change_is_none(self):
        self.ok("client", "create", "svc", "-q")
        self.ok("client", "update", "svc", "--scope", "read", "--reason", "ticket 7")
        self.ok("client", "update", "svc", "--scope", "read")
        self.ok("client", "disable", "svc")
        self.ok("client", "disable", "svc")
        self.ok("client", "enable", "svc")
        self.ok("client", "rotate-secret", "svc")
        self.ok("client", "delete", "svc", "-y")
        entries = self.ok("audit", "query", "--action", "client.*", "--json").json
        self.assertEqual([e["action"] for e in reversed(entries)],
                         ["client.create", "client.update", "client.disable", "client.enable", "client.rotate-secret", "client.delete"])
        self.assertEqual(entries[-2]["reason"], "ticket 7")
        self.assertTrue(all(e["target"]["kind"] == "client" for e in entries))
        self.ok("audit", "verify")

    def test_a_public_client_has_no_secret(self):
        made = self.ok("client", "create", "spa", "--public", "--redirect-uri", "http://127.0.0.1/cb", "--json").json
        self.assertTrue(made["public"])
        self.assertIsNone(made["secret"])
        self.assertEqual(made["secrets"], [])
        self.refused(5, "precondition", "client", "rotate-secret", "spa")


if __name__ == "__main__":
    unittest.main(verbosity=2)
