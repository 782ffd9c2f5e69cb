#!/usr/bin/env python3
"""What is shipped beside the program: the list of what is inside it, the image's file system, and what the unit says."""
import json
import os
import re
import signal
import ssl
import subprocess
import unittest
import urllib.request

from harness import BINARY, HomeTest

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))


class PackagingTest(HomeTest):
    initialise = False

    def script(self, name, *arguments, **env):
        return subprocess.run([os.path.join(ROOT, "scripts", name), *arguments], capture_output=True, check=False,
                              env={**os.environ, **env})

    def test_the_list_of_parts_is_spdx_names_what_is_linked_in_and_has_the_date_of_the_sources(self):
        first, again = (self.script("make-sbom", BINARY, SOURCE_DATE_EPOCH="1764115200") for _ in range(2))
        self.assertEqual(first.stdout, again.stdout)
        sbom = json.loads(first.stdout)
        self.assertEqual(sbom["spdxVersion"], "SPDX-2.3")
        self.assertEqual(sbom["creationInfo"]["created"], "2025-11-26T00:00:00Z")
        names = {package["name"]: package for package in sbom["packages"]}
        self.assertEqual(len(names), len(sbom["packages"]))
        digest = subprocess.run(["sha256sum", BINARY], capture_output=True, text=True, check=True).stdout.split()[0]
        self.assertEqual(names["authctl"]["checksums"][0]["checksumValue"], digest)
        ids = {package["SPDXID"] for package in sbom["packages"]} | {"SPDXRef-DOCUMENT"}
        self.assertEqual(len(ids), len(sbom["packages"]) + 1)
        for relation in sbom["relationships"]:
            self.assertIn(relation["spdxElementId"], ids)
            self.assertIn(relation["relatedSpdxElement"], ids)

    def test_the_list_of_parts_has_what_the_linker_was_given_and_what_the_sources_open_and_nothing_else(self):
        with open(os.path.join(ROOT, "cmake/Dependencies.cmake"), encoding="utf-8") as f:
            archives = set(re.findall(r"^authctl_archive\(\S+ (\w+)", f.read(), re.M))
        opened = set()
        for folder, _, files in os.walk(os.path.join(ROOT, "core")):
            for name in files:
                with open(os.path.join(folder, name), encoding="utf-8") as f:
                    opened |= set(re.findall(r'"lib(\w+)\.so\.\d+"', f.read()))
        # Library -> its name in the list; the last three are headers, or come with the compiler.
        linked = {"crypto": "OpenSSL", "ssl": "OpenSSL", "sodium": "libsodium", "sqlite3": "SQLite", "crypt": "libxcrypt",
                  "yaml": "LibYAML", "boost_json": "Boost", "boost_container": "Boost"}
        self.assertEqual(archives, set(linked))
        sbom = json.loads(self.script("make-sbom", BINARY).stdout)
        parts = {package["SPDXID"]: package["name"] for package in sbom["packages"]}

        def of(kind):
            return {parts[r["relatedSpdxElement"]] for r in sbom["relationships"] if r["relationshipType"] == kind}
        self.assertEqual(of("STATIC_LINK"), set(linked.values()) | {"CLI11", "toml++", "libstdc++"})
        names = {"argon2": "libargon2", "qrencode": "libqrencode", "png16": "libpng", "zxcvbn": "libzxcvbn", "cairo": "cairo", "pq": "libpq"}
        self.assertEqual(opened, set(names))
        self.assertEqual(of("DYNAMIC_LINK"), set(names.values()))

    def dockerfile(self):
        """The lines of the last stage: {instruction: [arguments]}."""
        with open(os.path.join(ROOT, "Dockerfile"), encoding="utf-8") as f:
            text = f.read()
        for name in re.findall(r"\bscripts/[\w-]+", text):
            self.assertTrue(os.access(os.path.join(ROOT, name), os.X_OK), name)
        stage = {}
        for line in text.split("FROM scratch\n")[1].splitlines():
            instruction, rest = line.split(" ", 1)
            stage.setdefault(instruction, []).append(rest)
        return stage

    @unittest.skipIf(os.environ.get("ASAN_OPTIONS"), "a sanitizer needs more than the image has")
    def test_the_image_starts_a_server_as_its_dockerfile_says(self):
        if os.geteuid() != 0:
            self.skipTest("chroot needs root")
        stage = self.dockerfile()
        user, = stage["USER"]
        self.assertNotIn("0", user.split(":"))
        rootfs = self.home.path("rootfs")
        os.mkdir(rootfs)
        self.assertEqual(self.script("make-rootfs", BINARY, rootfs).returncode, 0)
        os.chmod(self.home.folder, 0o755)
        secrets = self.home.path("rootfs/run/secrets")
        os.makedirs(secrets)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", secrets + "/tls.key",
                        "-out", secrets + "/tls.crt"], check=True, capture_output=True)
        self.home.write("rootfs/run/secrets/authctl-master-key", "A" * 43)
        for name in os.listdir(secrets):
            os.chown(os.path.join(secrets, name), *map(int, user.split(":")))
            os.chmod(os.path.join(secrets, name), 0o600)
        env = dict(pair.split("=", 1) for pair in stage["ENV"])
        env["AUTHCTL_MASTER_KEY_FILE"] = "/run/secrets/authctl-master-key"
        entry, command = json.loads(stage["ENTRYPOINT"][0]), json.loads(stage["CMD"][0])
        inside = ["/usr/sbin/chroot", "--userspec=" + user, rootfs, *entry]
        made = subprocess.run([*inside, "init"], env=env, capture_output=True, check=False)
        self.assertEqual(made.returncode, 0, made.stderr)
        # Port 0 in the place of the one that is exposed: another test may be there.
        self.assertIn("0.0.0.0:" + stage["EXPOSE"][0], command)
        command = [word.replace(stage["EXPOSE"][0], "0") for word in command]
        server = subprocess.Popen([*inside, *command], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            started = json.loads(server.stderr.readline())
            port = re.search(r":(\d+)", started["listen"] if isinstance(started["listen"], str) else started["listen"][0]).group(1)
            with urllib.request.urlopen(f"https://localhost:{port}/healthz", timeout=20,
                                        context=ssl.create_default_context(cafile=secrets + "/tls.crt")) as answer:
                self.assertEqual(answer.status, 200)
            server.send_signal(getattr(signal, stage["STOPSIGNAL"][0]))
            self.assertEqual(server.wait(30), 0)
        finally:
            server.kill()
            server.wait()
            server.stderr.close()

    @unittest.skipIf(os.environ.get("ASAN_OPTIONS"), "a sanitizer needs more than the image has")
    def test_the_file_system_of_the_image_runs_authctl_as_nobody_in_particular_and_has_no_shell(self):
        if os.geteuid() != 0:
            self.skipTest("chroot needs root")
        rootfs = self.home.path("rootfs")
        done = self.script("make-rootfs", BINARY, rootfs)
        self.assertEqual(done.returncode, 0, done.stderr)
        for shell in ("bin/sh", "usr/bin/sh", "bin/bash", "usr/bin/apt"):
            self.assertFalse(os.path.lexists(os.path.join(rootfs, shell)))
        os.chmod(self.home.folder, 0o755)
        self.home.write("rootfs/tmp/key", "A" * 43)
        os.chmod(self.home.path("rootfs/tmp/key"), 0o600)
        os.chown(self.home.path("rootfs/tmp/key"), 65532, 65532)
        env = {"AUTHCTL_STORE": "sqlite:/var/lib/authctl/authctl.db", "AUTHCTL_MASTER_KEY_FILE": "/tmp/key", "HOME": "/"}

        def run(*argv, stdin=b""):
            return subprocess.run(["/usr/sbin/chroot", "--userspec=65532:65532", rootfs, "/usr/bin/authctl", *argv], input=stdin,
                                  env=env, capture_output=True, check=False)
        self.assertEqual(run("init").returncode, 0, run("init").stderr)
        self.assertEqual(run("user", "create", "ann").returncode, 0)
        set_password = run("user", "password", "ann", "--password-stdin", stdin=b"mulberry-lantern-47-quay")
        self.assertEqual(set_password.returncode, 0, set_password.stderr)  # opens libzxcvbn

    def test_a_store_that_root_makes_in_an_account_s_folder_belongs_to_that_account(self):
        if os.geteuid() != 0:
            self.skipTest("only root can give a file away")
        folder = self.home.path("account")
        os.mkdir(folder, 0o700)
        os.chown(folder, 65532, 65532)
        self.ok("init", "--store", f"sqlite:{folder}/authctl.db")
        self.ok("user", "create", "ann", "--store", f"sqlite:{folder}/authctl.db")
        for name in os.listdir(folder):
            info = os.stat(os.path.join(folder, name))
            self.assertEqual((info.st_uid, info.st_mode & 0o777), (65532, 0o600), name)

    def test_what_the_unit_starts_is_a_line_that_the_program_takes(self):
        with open(os.path.join(ROOT, "packaging/systemd/authctl.service"), encoding="utf-8") as f:
            unit = f.read()
        options = re.search(r"AUTHCTL_SERVE_OPTIONS=([^\"]*)", unit).group(1).split()
        known = set(re.findall(r"^  (--[a-z-]+)", self.ok("help", "serve").out, re.M))
        self.assertLessEqual({word for word in options if word.startswith("--")}, known)
        self.assertIn("ExecStart=/usr/bin/authctl serve $AUTHCTL_SERVE_OPTIONS", unit)

    def test_the_readme_has_ten_commands_to_a_protected_page(self):
        with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
            part = f.read().split("## A protected page in ten commands")[1].split("\n## ")[0]
        self.assertEqual(len(re.findall(r"^\$ ", part, re.M)), 10)


if __name__ == "__main__":
    unittest.main(verbosity=2)
