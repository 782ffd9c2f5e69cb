"""Rendered keys come out of their consumers as they went in: a shell, and JSON and YAML readers."""
import base64
import contextlib
import http.server
import json
import os
import shutil
import subprocess
import threading
import unittest

from harness import HomeTest


KUBECTL, AWS, VAULT, AGE = (shutil.which(name) for name in ("kubectl", "aws", "vault", "age"))


class SecretsManager(http.server.BaseHTTPRequestHandler):
    """What AWS would receive: the target and the body of each request. It hands out one secret."""
    received, secret = [], None

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append((self.headers["X-Amz-Target"], json.loads(body)))
        answer = json.dumps({"Name": "prod-auth", "SecretString": self.secret}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class SecretRender(HomeTest):
    AWS_ENV = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_PAGER": ""}

    @contextlib.contextmanager
    def secrets_manager(self):
        """A listener in AWS's place; gives the options that lead the AWS command line to it."""
        with http.server.HTTPServer(("127.0.0.1", 0), SecretsManager) as manager:
            threading.Thread(target=manager.serve_forever, daemon=True).start()
            try:
                yield "--region", "eu-west-1", "--endpoint-url", f"http://127.0.0.1:{manager.server_port}"
            finally:
                manager.shutdown()

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

    @unittest.skipUnless(KUBECTL, "SKIPPED: kubectl is not installed")
    def test_kubectl_reads_the_k8s_form(self):
        manifest = self.home.write("secret.yaml", self.render("k8s", "--name", "prod-auth"))
        done = subprocess.run([KUBECTL, "label", "--local", "-f", manifest, "app=authctl", "-o", "json"], env=self.home.env,
                              capture_output=True, check=True)
        read = json.loads(done.stdout)
        self.assertEqual((read["kind"], read["type"], read["metadata"]["name"]), ("Secret", "Opaque", "prod-auth"))
        self.assertEqual({k: base64.b64decode(v).decode() for k, v in read["data"].items()}, self.keys())

    @unittest.skipUnless(AWS, "SKIPPED: the AWS command line is not installed")
    def test_the_aws_command_sends_what_was_rendered(self):
        path = self.home.write("secret.json", self.render("aws", "--name", "prod-auth"))
        with self.secrets_manager() as where:
            subprocess.run([AWS, "secretsmanager", "create-secret", "--cli-input-json", "file://" + path, *where],
                           env={**self.home.env, **self.AWS_ENV}, capture_output=True, check=True)
        target, body = SecretsManager.received.pop()
        self.assertEqual(target, "secretsmanager.CreateSecret")
        self.assertEqual((body["Name"], json.loads(body["SecretString"])), ("prod-auth", self.keys()))

    @unittest.skipUnless(VAULT, "SKIPPED: vault is not installed (Debian has no package of it)")
    def test_vault_reads_its_form(self):
        done = subprocess.run([VAULT, "kv", "put", "-output-curl-string", "secret/authctl", "-"], input=self.render("vault").encode(),
                              env={**self.home.env, "VAULT_ADDR": "http://127.0.0.1:1"}, capture_output=True, check=True)
        self.assertIn("AUTHCTL_FERNET_KEYS", done.stdout.decode())

    def test_a_master_key_that_a_command_prints(self):
        command = {"AUTHCTL_MASTER_KEY_FILE": None, "AUTHCTL_MASTER_KEY_COMMAND": f"cat '{self.home.key}'"}
        self.ok("master-key", "verify", env=command)
        self.refused(8, "unavailable", "key", "list", env={**command, "AUTHCTL_MASTER_KEY_COMMAND": "false"})
        key = self.master_key().strip()
        for printed, code in ((key, 0), (key + "\\n\\n\\r\\n", 0), (key + " ", 8), (key + "\\nx", 8), ("\\n" + key, 8), ("\\n", 8)):
            env = {**command, "AUTHCTL_MASTER_KEY_COMMAND": f"printf '{printed}'"}
            self.expect(code, "master-key", "verify", env=env)
        if KUBECTL:
            encoded = base64.b64encode(self.master_key().encode()).decode()
            template = self.home.write("master.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: authctl-master}\ndata:\n  key: "
                                       + encoded + "\n")
            line = (f"{KUBECTL} annotate --local -f {template} a=b -o "
                    '"go-template={{.data.key | base64decode}}"')
            self.ok("master-key", "verify", env={**command, "AUTHCTL_MASTER_KEY_COMMAND": line})

    def master_key(self):
        with open(self.home.key, encoding="ascii") as f:
            return f.read()

    def opens(self, env):
        """With the master key from there and nowhere else."""
        self.assertTrue(self.ok("master-key", "verify", "--json", env={"AUTHCTL_MASTER_KEY_FILE": None, **env}).json["ok"])

    @unittest.skipUnless(AWS, "SKIPPED: the AWS command line is not installed")
    def test_a_master_key_that_aws_hands_out(self):
        SecretsManager.secret = self.master_key()
        with self.secrets_manager() as where:
            self.opens({**self.AWS_ENV, "AUTHCTL_MASTER_KEY_COMMAND": " ".join(
                [AWS, "secretsmanager get-secret-value --secret-id authctl-master --query SecretString --output text", *where])})
        target, body = SecretsManager.received.pop()
        self.assertEqual((target, body["SecretId"]), ("secretsmanager.GetSecretValue", "authctl-master"))

    @unittest.skipUnless(AGE, "SKIPPED: age is not installed")
    def test_a_master_key_that_age_opens(self):
        identity, sealed = self.home.path("age.txt"), self.home.path("master.key.age")
        made = subprocess.run(["age-keygen", "-o", identity], capture_output=True, text=True, check=True)
        subprocess.run([AGE, "-r", made.stderr.split()[-1], "-o", sealed, self.home.key], check=True)
        self.opens({"AUTHCTL_MASTER_KEY_COMMAND": f"{AGE} --decrypt -i '{identity}' '{sealed}'"})

    def test_a_master_key_that_systemd_hands_out(self):
        folder = self.home.path("credentials")
        os.mkdir(folder, 0o700)
        shutil.copy(self.home.key, os.path.join(folder, "authctl-master-key"))
        self.opens({"CREDENTIALS_DIRECTORY": folder})

    def test_one_use_alone_a_private_file_and_an_audit_entry(self):
        self.ok("key", "rotate", "--use", "fernet")
        out = self.home.path("env")
        self.ok("secret", "render", "--format", "dotenv", "--use", "fernet", "--out", out)
        self.assertEqual(os.stat(out).st_mode & 0o777, 0o600)
        with open(out, encoding="ascii") as f:
            self.assertEqual(f.read(), "AUTHCTL_FERNET_KEYS='" + self.keys()["AUTHCTL_FERNET_KEYS"] + "'\n")
        before = self.ok("audit", "query", "-q").lines
        self.refused(5, "conflict", "secret", "render", "--format", "dotenv", "--out", out)
        self.refused(5, "conflict", "secret", "render", "--format", "dotenv", "--out", out, "--dry-run")
        self.assertEqual(self.ok("audit", "query", "-q").lines, before, "nothing was handed out")
        dry = self.ok("secret", "render", "--format", "dotenv", "--out", out + ".new", "--dry-run")
        self.assertIn("would be written to", dry.err)
        self.refused(2, "usage", "secret", "render", "--format", "xml")
        self.refused(2, "invalid", "secret", "render", "--format", "k8s", "--name", "a: b")
        self.assertTrue(self.ok("audit", "query", "--action", "key.export", "--json").json)


if __name__ == "__main__":
    unittest.main(verbosity=2)
