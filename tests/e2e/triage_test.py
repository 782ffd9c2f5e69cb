#!/usr/bin/env python3
"""`incident triage` from outside: secrets of every kind in dumps of every form, found, judged, ended, and never shown."""
import base64
import json
import os
import random
import subprocess
import sys
import unittest
import urllib.parse

from harness import BINARY, HomeTest

MIB = int(os.environ.get("AUTHCTL_TRIAGE_MIB", "48"))  # of noise for the test of memory


def folded(text, width, fold):
    return fold.join(text[i:i + width] for i in range(0, len(text), width))


FORMS = {
    "plain": lambda s: s,
    "url": lambda s: "GET /?t=" + urllib.parse.quote(s, safe="").replace(".", "%2E").replace("-", "%2D") + "&x=1",
    "url in url": lambda s: urllib.parse.quote(urllib.parse.quote(s, safe="").replace("_", "%5F")),
    "json": lambda s: json.dumps({"log": json.dumps({"token": s})}),
    "html": lambda s: "<a title=&quot;" + s.replace("-", "&#45;").replace("=", "&#x3D;") + "&quot;>",
    "64 columns": lambda s: folded(s, 64, "\n"),
    "76 columns, CRLF": lambda s: folded(s, 76, "\r\n"),
    "quoted mail": lambda s: "> " + folded(s, 72, "\n> "),
    "quoted-printable": lambda s: folded(s.replace("=", "=3D"), 75, "=\r\n"),
    "continued lines": lambda s: folded(s, 70, "\\\n  "),
    "string literals": lambda s: '"' + folded(s, 60, '"\n    "') + '"',
    "json of folded": lambda s: json.dumps("x\n" + folded(s, 64, "\n")),
    "base64": lambda s: base64.b64encode(("Authorization: Bearer " + s + "\n").encode()).decode(),
    "base64 in lines": lambda s: folded(base64.b64encode(("a " + s + " b").encode()).decode(), 76, "\n"),
    "base64url": lambda s: base64.urlsafe_b64encode(("??>>" + s + "??>>").encode()).decode().rstrip("="),
    "base64 in base64": lambda s: base64.b64encode(b"x: " + base64.b64encode((s + "\n").encode())).decode(),
    "base64 of a file, without padding": lambda s: "?x=" + base64.b64encode((s + "\nmore").encode()).decode().rstrip("=") + "&y",
    "EncodedCommand": lambda s: "-enc " + base64.b64encode(("$k = '" + s + "'").encode("utf-16-le")).decode(),
    "UTF-16": lambda s: ("password: " + s + "\r\n").encode("utf-16-le").decode("latin-1"),
}


class Triage(HomeTest):
    def setUp(self):
        super().setUp()
        self.ok("user", "create", "ann")

    def triage(self, code, dump, *options):
        data = dump if isinstance(dump, bytes) else dump.encode("latin-1")
        return self.expect(code, "incident", "triage", self.home.write("dump", data), "--json", *options)

    def secrets(self):
        kid = self.ok("key", "list", "--use", "jwt", "-q").lines[0]
        return {
            "jwt": self.ok("token", "issue", "ann").out.strip(),
            "fernet_token": self.ok("fernet", "encrypt", stdin="a card number").out.strip(),
            "client_secret": self.ok("client", "create", "shop", "--json").json["secret"],
            "private_key": self.ok("key", "export", kid, "--format", "pem", "--private").out.strip(),
            "private_jwk": self.ok("key", "export", kid, "--format", "jwk", "--private").out.strip(),
            "fernet_key": self.ok("key", "export", "--all", "--format", "fernet", "--private").lines[0],
            "backup_code": self.ok("backup-code", "generate", "ann", "-q").out.split()[0],
        }

    def test_every_kind_in_every_form(self):
        for kind, secret in self.secrets().items():
            for form, write in FORMS.items():
                if kind == "private_jwk" and form in ("url in url", "string literals"):
                    continue  # no JSON text looks so
                if kind.startswith("private") and form == "html":
                    continue
                with self.subTest(kind=kind, form=form):
                    result = self.triage(0, "before\n" + write(secret) + "\nafter\n")
                    self.assertEqual([(f["kind"], f["works"]) for f in result.json], [(kind, True)])
                    for part in (secret[:30], secret[-30:]):
                        if kind not in ("private_key", "private_jwk"):
                            self.assertNotIn(part, result.out + result.err)

    def test_whose_and_since_when(self):
        secrets = self.secrets()
        found = {f["kind"]: f for f in self.triage(0, "\n".join(secrets.values())).json}
        self.fields(found["jwt"], "kind works reason name fingerprint user client kid issued_at expires_at count places revoked hint")
        self.assertEqual(found["jwt"]["user"], "ann")
        self.assertEqual(found["client_secret"]["client"], "shop")
        for finding in found.values():
            self.assertRegex(finding["issued_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertIn("--emergency", found["private_key"]["hint"])

    def test_rendered_secrets_are_known_again(self):
        self.ok("key", "generate", "--use", "fernet")
        for form, count in (("dotenv", 3), ("k8s", 3), ("vault", 3), ("aws", 3)):
            rendered = self.ok("secret", "render", "--format", form).out
            found = self.triage(0, rendered).json
            self.assertEqual(sorted(f["kind"] for f in found), ["fernet_key", "fernet_key", "private_jwk"], form)
            self.assertEqual(len(found), count)

    def test_revoke_ends_what_can_be_ended(self):
        secrets = self.secrets()
        tokens = secrets["jwt"] + "\n" + secrets["client_secret"] + "\n"
        self.refused(2, "usage", "incident", "triage", self.home.write("dump", tokens), "--revoke")
        dry = self.triage(0, tokens, "--revoke", "--dry-run")
        self.assertTrue(all(f["revoked"] for f in dry.json))
        self.assertTrue(self.ok("token", "verify", stdin=secrets["jwt"]).out)
        ended = self.triage(0, tokens, "--revoke", "-y", "--reason", "log on a forum")
        self.assertEqual([f["works"] for f in ended.json], [False, False])
        self.expect(7, "token", "verify", stdin=secrets["jwt"])
        self.assertEqual(self.ok("client", "show", "shop", "--json").json["secrets"], [])
        again = self.triage(0, tokens, "--revoke", "-y")
        self.assertFalse(any(f["revoked"] for f in again.json))
        entries = self.ok("audit", "query", "--json").json
        self.assertEqual([e["action"] for e in entries if e["reason"] == "log on a forum"],
                         ["client.revoke-secret", "token.revoke"])
        self.ok("audit", "verify")
        self.triage(0, secrets["fernet_token"], "--revoke", "-y")  # its key ends it, and that is for somebody to decide

    def test_bad_input(self):
        self.refused(3, "not_found", "incident", "triage", "nowhere")
        self.refused(1, "io", "incident", "triage", self.home.folder)
        self.assertEqual(self.triage(0, "").json, [])
        self.assertEqual(self.triage(0, bytes(range(256)) * 4096).json, [])
        for text in ("eyJ", "gAAAA" * 5000, "authctl_cs_", "-----BEGIN PRIVATE KEY-----\n" * 500, '{"kty":' * 5000, "%" * 99999,
                     "\\" * 99999, "\n" * 99999, "&#x" * 9999, "=" * 99999, "eyJ" * 30000, "ZXlK" * 30000, "{" * 9999):
            self.assertEqual(self.triage(0, text).json, [], text[:30])
        token = self.ok("token", "issue", "ann").out
        self.assertEqual(self.expect(0, "incident", "triage", "-", "-q", stdin=token).out.count("\n"), 1)
        self.expect(8, "incident", "triage", "-", "--store", "sqlite:" + self.home.path("none.db"), stdin=token)

    def test_memory_does_not_grow_with_the_dump(self):
        token = self.ok("token", "issue", "ann").out.strip()
        noise = random.Random(5)
        block = noise.randbytes(1 << 19) + base64.encodebytes(noise.randbytes(1 << 18)) + (b"line of a log\n" * 10000)
        process = subprocess.Popen([sys.executable, "-c", "import resource,subprocess,sys\n"
                                    "code = subprocess.call(sys.argv[1:])\n"
                                    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)\n"
                                    "sys.exit(code)", BINARY, "incident", "triage", "-", "--json"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.home.env)
        written = 0
        while written < MIB << 20:
            process.stdin.write(block)
            written += len(block)
            if written - len(block) < MIB << 19 <= written:
                process.stdin.write(token.encode() + b"\n")
        out, err = process.communicate()
        self.assertEqual(process.returncode, 0, err)
        self.assertEqual([f["works"] for f in json.loads(out)], [True])
        self.assertLess(int(err.split()[-1]), 64 << 10, "KiB")


if __name__ == "__main__":
    unittest.main(verbosity=2)
