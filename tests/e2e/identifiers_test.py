"""Sealed identifiers from outside: nothing of them stands in the files; kill -9 in the middle of a conversion."""
import json
import os
import random
import shutil
import signal
import subprocess
import time
import unittest

from harness import BINARY, HomeTest

USERS = int(os.environ.get("AUTHCTL_IDENTIFIER_USERS", "600"))
KILLS = int(os.environ.get("AUTHCTL_IDENTIFIER_KILLS", "6"))
EMAIL, PERMISSION, DESCRIPTION = "ann.of.green@gables.example", "shear:merino-sheep", "those who shear in spring"


class Sealed(HomeTest):
    def files(self):
        folder = os.path.dirname(self.home.store)
        whole = b""
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "rb") as f:
                whole += f.read()
        return whole

    def furnish(self):
        self.ok("role", "create", "shearer", "--description", DESCRIPTION)
        self.ok("role", "grant", "shearer", PERMISSION, "--on", "farm/1")
        self.ok("role", "grant", "shearer", "wool:*")
        self.ok("user", "create", "ann", "--email", EMAIL, "--role", "shearer")

    def works(self):
        self.assertEqual(self.ok("user", "show", EMAIL.upper(), "--json").json["email"], EMAIL)
        self.assertEqual(self.ok("user", "list", "--match", "gables", "-q").lines,
                         [self.ok("user", "show", "ann", "--json").json["id"]])
        role = self.ok("role", "show", "shearer", "--json").json
        self.assertEqual(role["description"], DESCRIPTION)
        self.assertEqual([p["permission"] for p in role["permissions"]], [PERMISSION, "wool:*"])
        self.ok("permission", "check", EMAIL, PERMISSION, "--on", "farm/1")
        self.ok("permission", "check", "ann", "wool:spin")
        self.expect(4, "permission", "check", "ann", PERMISSION)
        self.assertEqual(self.ok("permission", "who", "wool:spin", "--json").json[0]["user"], "ann")
        self.assertIn(PERMISSION, self.ok("permission", "list", "--json").out)
        self.refused(5, "conflict", "user", "create", "bob", "--email", EMAIL)
        self.ok("master-key", "verify")
        self.ok("audit", "verify")

    def test_a_store_made_with_sealed_identifiers_holds_none_of_them(self):
        os.rename(os.path.dirname(self.home.store), self.home.path("old"))
        self.ok("init", "--encrypt-identifiers")
        self.furnish()
        self.works()
        self.ok("role", "update", "shearer", "--description", DESCRIPTION + " and autumn")
        self.ok("role", "update", "shearer", "--description", DESCRIPTION)
        self.ok("user", "update", "ann", "--email", "x" + EMAIL)
        self.ok("user", "update", "ann", "--email", EMAIL)
        whole = self.files()
        for text in (EMAIL, PERMISSION, DESCRIPTION, "gables", "merino"):
            self.assertNotIn(text.encode(), whole)
        new = self.home.path("new.key")
        self.ok("master-key", "rotate", "--new-master-key-file", new, "--reseal", "--yes")
        os.replace(new, self.home.key)
        self.works()

    def test_a_store_with_data_is_sealed_and_goes_on(self):
        self.furnish()
        self.works()
        report = self.ok("store", "encrypt-identifiers", "--json", "--dry-run").json
        self.assertEqual(report, {"changed": True, "users": 1, "roles": 1, "grants": 2})
        self.assertEqual(self.ok("store", "encrypt-identifiers", "--json").json, report)
        self.works()
        self.assertFalse(self.ok("store", "encrypt-identifiers", "--json").json["changed"])
        shown = self.ok("audit", "query", "--action", "user.create", "--reveal", "--json").json[0]["detail"]
        self.assertEqual(shown["email"], EMAIL)
        self.ok("audit", "prove", str(self.ok("audit", "query", "--action", "role.grant", "--json").json[0]["seq"]))
        tables = ("user_account", "user_identifier", "role", "role_grant", "audit_entry")
        dump = subprocess.run(["/usr/bin/python3", "-c",
                               "import sqlite3,sys\nc=sqlite3.connect(sys.argv[1])\n"
                               "for t in sys.argv[2:]: print(list(c.execute('select * from '+t)))",
                               self.home.store, *tables], capture_output=True, text=True, check=True).stdout
        for text in (EMAIL, PERMISSION, DESCRIPTION, "wool"):
            self.assertNotIn(text, dump)

    def time_of_a_run(self):
        copy = self.home.path("copy")
        shutil.copytree(os.path.dirname(self.home.store), copy)
        started = time.monotonic()
        self.ok("store", "encrypt-identifiers", env={"AUTHCTL_STORE": f"sqlite:{copy}/authctl.db"})
        return time.monotonic() - started

    def test_killed_in_the_middle_and_run_again_nothing_is_lost(self):
        self.furnish()
        users = "".join(json.dumps({"name": f"u{i}", "email": f"u{i}@many.example"}) + "\n" for i in range(USERS))
        self.ok("user", "import", self.home.write("users.jsonl", users), "--yes")
        rng, killed, whole_run = random.Random(7), 0, self.time_of_a_run()
        for i in range(KILLS):
            child = subprocess.Popen([BINARY, "store", "encrypt-identifiers"], env=self.home.env,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(0, whole_run))
            child.send_signal(signal.SIGKILL)
            child.wait()
            killed += child.returncode == -signal.SIGKILL
            self.works()
            self.ok("user", "create", f"between{i}", "--email", f"between{i}@many.example")
            self.refused(5, "conflict", "user", "create", "other", "--email", "u7@many.example")
        self.ok("store", "encrypt-identifiers")
        self.works()
        found = {u["name"]: u["email"] for u in self.ok("user", "list", "--json").json}
        self.assertEqual(found, {"ann": EMAIL, **{f"u{i}": f"u{i}@many.example" for i in range(USERS)},
                                 **{f"between{i}": f"between{i}@many.example" for i in range(KILLS)}})
        self.ok("user", "show", f"u{USERS - 1}@many.example")
        self.assertEqual(self.ok("master-key", "verify", "--json").json["problems"], [])
        self.ok("store", "check")
        self.assertGreater(killed, 0)
        print(f"  {USERS} users, {killed} of {KILLS} killed")


if __name__ == "__main__":
    unittest.main(verbosity=2)
