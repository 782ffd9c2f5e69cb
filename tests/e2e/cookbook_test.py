#!/usr/bin/env python3
"""Every script of docs/cookbook, as it stands, against a real store, and a real server where its page says that one runs."""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time
import unittest

from harness import BINARY
from server_harness import ServerTest

COOKBOOK = pathlib.Path(__file__).resolve().parent.parent.parent / "docs" / "cookbook"
LIGHT = {"AUTHCTL_PASSWORD_MEMORY_KIB": "19456", "AUTHCTL_PASSWORD_PASSES": "2"}


class Cookbook(ServerTest):
    ran = set()

    def setUp(self):
        super().setUp()
        tools = self.home.path("bin")
        os.mkdir(tools)
        os.symlink(os.path.abspath(BINARY) if os.sep in BINARY else shutil.which(BINARY), os.path.join(tools, "authctl"))
        self.home.env.update(LIGHT, PATH=tools + ":" + os.environ["PATH"])

    def script(self, code, name, *arguments, env=None):
        Cookbook.ran.add(name)
        done = subprocess.run([str(COOKBOOK / name), *arguments], env={**self.home.env, **(env or {})}, cwd=self.home.folder,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
        self.assertIn(done.returncode, code if isinstance(code, tuple) else (code,), (name, arguments, done.stdout, done.stderr))
        return done

    def active(self, use="jwt"):
        return next(k["kid"] for k in self.ok("key", "list", "--use", use, "--json").json if k["state"] == "active")

    def policy(self, every):
        self.ok("apply", "-f", self.home.write("policy.yaml", f"version: 1\nkeys: {{jwt: {{rotate_every: {every}}}}}\n"))

    def login(self, server, password=ServerTest.PASSWORD):
        return server.ask("POST", "/auth/login?mode=token", {"username": "ann", "password": password})

    def test_rotation_by_cron_is_silent_until_something_is_due_and_then_takes_its_steps(self):
        keep = self.home.path("elsewhere")
        os.mkdir(keep)
        self.policy("30d")
        first = self.active()
        self.assertEqual(self.script(0, "rotate-by-cron.sh", keep).stdout, "")
        self.assertEqual(len(os.listdir(keep)), 1)
        self.assertEqual(self.active(), first)
        self.policy("1s")
        time.sleep(1.1)
        short = {"AUTHCTL_JWKS_MAX_AGE": "1s"}
        # A second is soon over: then the checkup says that the key is too old, which is right (exit 4).
        self.assertIn("pending", self.script((0, 4), "rotate-by-cron.sh", keep, env=short).stdout)
        self.assertEqual(self.active(), first)
        time.sleep(1.1)
        self.assertNotEqual(self.script((0, 4), "rotate-by-cron.sh", keep, env=short).stdout, "")
        self.assertNotEqual(self.active(), first)
        # A log that was rewritten since is told.
        for name in os.listdir(keep):
            with open(os.path.join(keep, name), "w", encoding="utf-8") as f:
                f.write("no note\n")
        self.policy("30d")
        self.assertNotEqual(subprocess.run([str(COOKBOOK / "rotate-by-cron.sh"), keep], env=self.home.env, capture_output=True,
                                           check=False).returncode, 0)

    def test_rotation_by_cron_on_two_hosts_at_the_same_minute(self):
        keep = self.home.path("elsewhere")
        os.mkdir(keep)
        self.ok("apply", "-f", self.home.write("policy.json", json.dumps(
            {"version": 1, "keys": {"jwt": {"rotate_every": "10s"}, "fernet": {"rotate_every": "10s"}}})))
        time.sleep(10.1)
        runs = [subprocess.Popen([str(COOKBOOK / "rotate-by-cron.sh"), keep], env=self.home.env, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(4)]
        said = [run.communicate(timeout=120)[0] for run in runs]
        self.assertEqual([run.returncode for run in runs], [0] * len(runs), said)
        self.assertEqual(sum("is pending" in text for text in said), 1, said)
        keys = self.ok("key", "list", "--json").json
        self.assertEqual(sorted((k["use"], k["state"]) for k in keys),
                         [("fernet", "active"), ("fernet", "retiring"), ("jwt", "active"), ("jwt", "pending")])

    def test_rotation_by_ci_shows_does_and_proves(self):
        self.ok("user", "create", "ci-probe")
        self.policy("1s")
        first = self.active()
        time.sleep(1.1)
        with open(self.home.key, encoding="utf-8") as f:
            key = f.read()
        hidden = self.home.write("vault", key)
        os.chmod(hidden, 0o600)
        url = self.home.write("url", "sqlite:" + self.home.store)
        os.chmod(url, 0o600)
        env = {"AUTHCTL_JWKS_MAX_AGE": "0", "AUTHCTL_STORE_FILE": url, "AUTHCTL_MASTER_KEY_COMMAND": "/bin/cat " + hidden}
        for name in ("AUTHCTL_STORE", "AUTHCTL_MASTER_KEY_FILE"):
            self.home.env.pop(name)
        self.home.env.update(env)
        self.script(0, "rotate-by-ci.sh", "plan")
        self.assertEqual(self.active(), first)
        for _ in range(2):
            self.script(0, "rotate-by-ci.sh", "apply", self.home.folder)
        self.assertNotEqual(self.active(), first)
        with open(self.home.path("jwks.json"), encoding="utf-8") as f:
            keys = json.load(f)["keys"]
        self.assertIn(self.active(), [key["kid"] for key in keys])
        self.assertTrue(all("d" not in key for key in keys))
        self.script(2, "rotate-by-ci.sh")

    def test_at_three_in_the_morning_the_server_forgets_the_key_too(self):
        server = self.serve()
        token, old = self.token(), self.active()
        self.assertEqual(server.ask("GET", "/auth/verify", headers=self.bearer(token)).status, 204)
        folder, env = self.home.path("leak"), {"SERVER": f"http://127.0.0.1:{server.port}"}
        self.script(0, "rotate-now.sh", folder, env=env)
        self.assertEqual(server.ask("GET", "/auth/verify", headers=self.bearer(token)).status, 401)
        new = self.active()
        self.assertNotEqual(new, old)
        self.assertEqual(server.ask("GET", "/auth/verify", headers=self.bearer(self.token())).status, 204)
        self.script(0, "rotate-now.sh", folder, env=env)  # again: the same key, nothing more
        self.assertEqual(self.active(), new)
        self.ok("audit", "verify", os.path.join(folder, "receipt.json"), "--public-key", os.path.join(folder, "log.vkey"))
        self.script(5, "rotate-now.sh", folder, new)  # this folder is about the other one
        other = self.home.path("other")
        self.script(3, "rotate-now.sh", other, "a-slip")
        self.script(0, "rotate-now.sh", other, new)
        self.assertNotEqual(self.active(), new)

    def test_a_service_is_onboarded_once(self):
        folder = self.home.path("shop")
        os.mkdir(folder)
        self.home.write("shop/client.secret.new", "of a run that was killed before the client was there\n")
        self.script(0, "onboard-service.sh", "shop", "read:orders", folder)
        with open(os.path.join(folder, "client.secret"), encoding="utf-8") as f:
            secret = f.read()
        self.assertTrue(secret.startswith("authctl_cs_"), secret)
        entries = self.ok("audit", "query", "--limit", "1", "--json").json[0]["seq"]
        self.script(0, "onboard-service.sh", "shop", "read:orders", folder)
        self.assertEqual(self.ok("audit", "query", "--limit", "1", "--json").json[0]["seq"], entries)
        with open(os.path.join(folder, "client.secret"), encoding="utf-8") as f:
            self.assertEqual(f.read(), secret)
        with open(os.path.join(folder, "service.env"), encoding="utf-8") as f:
            self.assertIn("CLIENT_ID=" + self.ok("client", "show", "shop", "--json").json["id"], f.read())
        self.expect(4, "permission", "check", "ann", "read:orders")
        self.ok("role", "assign", "ann", "shop", "--for", "8h")
        self.ok("permission", "check", "ann", "read:orders")
        token = self.home.write("token", self.token("ann", "--audience", "shop"))
        self.ok("token", "verify", token, "--jwks", os.path.join(folder, "jwks.json"), "--issuer", "https://localhost:8443",
                "--audience", "shop", "--type", "access", "--typ", "at+jwt")

    def test_a_leaked_token_and_its_session_are_over(self):
        server = self.serve()
        pair = self.login(server).json
        file = self.home.write("leak", pair["access_token"] + "\n")
        done = self.script(0, "leaked-token.sh", file, "ticket 42")
        self.assertIn("incident contain --user", done.stdout)
        time.sleep(0.1)
        self.assertEqual(server.ask("GET", "/auth/me", headers=self.bearer(pair["access_token"])).status, 401)
        self.assertEqual(server.ask("POST", "/auth/refresh", {"refresh_token": pair["refresh_token"]}).status, 401)
        self.assertEqual(self.login(server).status, 200)  # the account itself is not touched
        self.script(0, "leaked-token.sh", file)  # again
        cli = self.home.write("cli", self.token())
        self.script(0, "leaked-token.sh", cli)
        self.expect(7, "token", "verify", cli)
        self.script(7, "leaked-token.sh", self.home.write("none", "no.token.here"))

    def test_a_stolen_laptop_is_signed_out_and_its_owner_gets_back_in(self):
        server = self.serve()
        pair = self.login(server).json
        folder = self.home.path("stolen")
        for _ in range(2):
            self.script(0, "stolen-laptop.sh", "lock", "ann", folder)
        time.sleep(0.1)
        self.assertEqual(server.ask("GET", "/auth/me", headers=self.bearer(pair["access_token"])).status, 401)
        self.assertEqual(server.ask("POST", "/auth/refresh", {"refresh_token": pair["refresh_token"]}).status, 401)
        self.assertEqual(self.login(server).status, 401)
        # What the second run saw is its own; what the first one kept stays.
        for name in ("evidence", "evidence-2", "receipt.json", "receipt-2.json"):
            self.ok("audit", "verify", os.path.join(folder, name))
        # Killed when the file was there and the password was not in the store yet.
        self.home.write("stolen/password.new", "of a run that was killed\n")
        for _ in range(2):
            self.script(0, "stolen-laptop.sh", "let-in", "ann", folder)
        for name in ("password", "codes"):
            self.assertEqual(os.stat(os.path.join(folder, name)).st_mode & 0o777, 0o600)
        time.sleep(0.1)
        self.assertEqual(self.login(server).status, 401)
        with open(os.path.join(folder, "password"), encoding="utf-8") as f:
            answer = self.login(server, f.read().rstrip("\n"))
        self.assertEqual(answer.status, 200, answer)
        self.assertTrue(answer.json["requires_password_change"])
        self.assertEqual(server.ask("POST", "/auth/refresh", {"refresh_token": pair["refresh_token"]}).status, 401)
        self.assertEqual(self.ok("user", "show", "ann", "--json").json["mfa"]["backup_codes_left"], 10)
        # A second theft, and nobody has deleted the files of the first.
        with open(os.path.join(folder, "password"), encoding="utf-8") as f:
            first = f.read()
        self.script(0, "stolen-laptop.sh", "lock", "ann", folder)
        self.script(0, "stolen-laptop.sh", "let-in", "ann", folder)
        with open(os.path.join(folder, "password"), encoding="utf-8") as f:
            self.assertNotEqual(f.read(), first)
        self.script(2, "stolen-laptop.sh", "lock")

    def test_a_lost_master_key_is_replaced_from_a_copy_or_a_backup(self):
        copy = self.home.path("copy.key")
        shutil.copy(self.home.key, copy)
        passphrase = self.home.write("passphrase", "six words that nobody else will ever guess\n")
        os.chmod(passphrase, 0o600)
        backup = self.home.path("offsite.backup")
        self.ok("backup", "create", backup, "--passphrase-file", passphrase)
        token = self.home.write("token", self.token())
        self.ok("user", "create", "late")
        self.script(5, "lost-master-key.sh", "copy", copy)  # nothing is lost yet
        os.rename(self.home.key, self.home.path("lost"))
        self.expect(8, "user", "list")
        wrong = self.home.write("wrong.key", "A" * 43 + "\n")
        os.chmod(wrong, 0o600)
        self.script(7, "lost-master-key.sh", "copy", wrong)
        self.assertFalse(os.path.exists(self.home.key))
        self.script(0, "lost-master-key.sh", "copy", copy)
        self.ok("token", "verify", token)
        os.rename(self.home.key, self.home.path("lost again"))
        self.script(0, "lost-master-key.sh", "backup", backup, passphrase)
        self.assertEqual(self.ok("user", "list", "--json").json[0]["name"], "ann")
        self.expect(3, "user", "show", "late")
        self.expect(7, "token", "verify", token)
        self.ok("token", "verify", "-", stdin=self.token())
        with open(self.home.key, encoding="utf-8") as f, open(copy, encoding="utf-8") as g:
            self.assertNotEqual(f.read(), g.read())

    def test_a_restore_for_a_lost_master_key_that_is_killed_is_run_again(self):
        passphrase = self.home.write("passphrase", "six words that nobody else will ever guess\n")
        os.chmod(passphrase, 0o600)
        backup = self.home.path("offsite.backup")
        self.ok("backup", "create", backup, "--passphrase-file", passphrase)
        data, template = os.path.dirname(self.home.store), self.home.path("template")
        shutil.copytree(data, template)
        script = [str(COOKBOOK / "lost-master-key.sh"), "backup", backup, passphrase]
        rng, took = random.Random(20260103), 0
        for cycle in range(8):
            shutil.rmtree(data)
            shutil.copytree(template, data)
            os.remove(self.home.key)
            begun = time.monotonic()
            run = subprocess.Popen(script, env=self.home.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, start_new_session=True)
            if cycle > 0:
                time.sleep(took * rng.uniform(0.1, 0.9))
                os.killpg(run.pid, signal.SIGKILL)
            run.wait()
            took = took or time.monotonic() - begun
            if cycle > 0 and run.returncode == 0:
                continue
            if cycle > 0:
                self.script(0, "lost-master-key.sh", "backup", backup, passphrase)
            self.ok("master-key", "verify")
            self.ok("user", "show", "ann")
            left = [n for n in os.listdir(data) + os.listdir(self.home.folder) if n.endswith((".restore", ".restoring"))]
            self.assertEqual(left, [])
        self.script(5, "lost-master-key.sh", "backup", backup, passphrase)  # a key is there, and it is none of a run's
        # Between the new key and the commit.
        shutil.rmtree(data)
        shutil.copytree(template, data)
        with open(self.home.key, "w", encoding="utf-8") as f:
            f.write("A" * 43 + "\n")
        self.home.write(os.path.basename(self.home.key) + ".restoring", "")
        self.script(0, "lost-master-key.sh", "backup", backup, passphrase)
        # A wrong passphrase leaves all as it was.
        os.remove(self.home.key)
        wrong = self.home.write("wrong", "other words\n")
        os.chmod(wrong, 0o600)
        self.script(7, "lost-master-key.sh", "backup", backup, wrong)
        self.assertFalse(os.path.exists(self.home.key + ".restoring"))

    @classmethod
    def tearDownClass(cls):
        missed = {path.name for path in COOKBOOK.glob("*.sh")} - cls.ran
        if len(cls.ran) > 1 and missed:
            raise AssertionError(f"no test runs {sorted(missed)}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
