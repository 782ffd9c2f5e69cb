"""Rendered keys come out of their consumers as they went in: a shell, and JSON and YAML readers."""
import base64
import json
import os
import subprocess
import unittest

from harness import HomeTest


class SecretRender(HomeTest):
    def keys(self):
        fernet = ",".join(self.ok("key", "export", "--all", "--format", "fernet", "--private").lines)
        jwks = self.ok("key", "export", "--all", "--format", "jwks", "--private").out.strip()
        return {"AUTHCTL_JWT_JWKS": jwks, "AUTHCTL_FERNET_KEYS": fernet}

    def render(self, form, *more):
        return self.ok("secret", "render", "--format", form, *more).out

    def test_a_shell_reads_the_dotenv_form(self):
        path = self.home.write("env", self.render("dotenv"))
        for name, value in self.keys().items():
            done = subprocess.run(["sh", "-c", f'. "$1"; printf %s "${name}"', "sh", path], capture_output=True, check=True)
            self.assertEqual(done.stdout.decode(), value)

    def test_the_others_hold_the_same_values(self):
        keys = self.keys()
        self.assertEqual(json.loads(self.render("vault")), keys)
        aws = json.loads(self.render("aws", "--name", "prod-auth"))
        self.assertEqual((aws["Name"], json.loads(aws["SecretString"])), ("prod-auth", keys))
        data = dict(line.strip().split(": ", 1) for line in self.render("k8s").split("\ndata:\n")[1].splitlines())
        self.assertEqual({k: base64.b64decode(v).decode() for k, v in data.items()}, keys)

    def test_one_use_alone_a_private_file_and_an_audit_entry(self):
        self.ok("key", "rotate", "--use", "fernet")
        out = self.home.path("env")
        self.ok("secret", "render", "--format", "dotenv", "--use", "fernet", "--out", out)
        self.assertEqual(os.stat(out).st_mode & 0o777, 0o600)
        with open(out, encoding="ascii") as f:
            self.assertEqual(f.read(), "AUTHCTL_FERNET_KEYS='" + self.keys()["AUTHCTL_FERNET_KEYS"] + "'\n")
        self.refused(5, "conflict", "secret", "render", "--format", "dotenv", "--out", out)
        self.refused(2, "usage", "secret", "render", "--format", "xml")
        self.refused(2, "invalid", "secret", "render", "--format", "k8s", "--name", "a: b")
        self.assertTrue(self.ok("audit", "query", "--action", "key.export", "--json").json)


if __name__ == "__main__":
    unittest.main()
