"""Every step of a change: killed at it, or told by the system that it failed. Before or after, never between.

What was acknowledged must be there, the log must verify, and there is one active key, which opens and signs.
"""
import collections
import os
import resource
import shutil
import signal
import sqlite3
import unittest

import steps
from harness import Home, HomeTest

PAGES = int(os.environ.get("AUTHCTL_STEPS_PAGES", "12"))  # of the pages of a file that nobody sees yet, each so-manieth

COMMANDS = {
    "user create": ("user", "create", "zoe", "--role", "editor"),
    "user delete": ("user", "delete", "ann", "--yes"),
    "role grant": ("role", "grant", "editor", "x:y", "x:z"),
    "role assign": ("role", "assign", "bob", "editor", "--for", "8h"),
    "role delete": ("role", "delete", "editor", "--force", "--yes"),
    "key generate": ("key", "generate", "--use", "jwt", "--alg", "EdDSA"),
    "key rotate": ("key", "rotate", "--use", "jwt"),
    "key rotate --emergency": ("key", "rotate", "--use", "jwt", "--emergency", "--yes"),
    "token issue": ("token", "issue", "ann", "--out", "issued"),
    "audit prune": ("audit", "prune", "--before", "0s", "--yes"),
    "apply": ("apply", "-f", "m.yaml", "--prune", "--yes"),
    "adopt": ("adopt", "client", "shop"),
    "client rotate-secret": ("client", "rotate-secret", "shop", "--grace", "1h"),
}
# One that makes, changes and deletes.
GENERATIONS = ["version: 1\nroles: [{name: made, permissions: [a, b]}]\nusers: [{name: carl, roles: [made]}]\n",
               "version: 1\nroles: [{name: made, permissions: [b, c]}]\nusers: [{name: dora, roles: [made]}]\nkeys: {jwt: {grace: 0}}\n"]

# What a store says, without ids, times and seals: the same for every run of one command.
PICTURE = {
    "users": "SELECT name, status FROM user_account",
    "names": "SELECT value, kind FROM user_identifier",
    "roles": "SELECT name FROM role",
    "grants": "SELECT r.name, g.permission, g.resource FROM role_grant g LEFT JOIN role r ON r.id = g.role_id",
    "assigned": "SELECT u.name, r.name, a.expires_at IS NULL FROM role_assignment a "
                "LEFT JOIN user_account u ON u.id = a.user_id LEFT JOIN role r ON r.id = a.role_id",
    "keys": "SELECT key_use, alg, state FROM crypto_key",
    "clients": "SELECT c.name, COUNT(s.client_id), COUNT(s.expires_at) FROM oauth_client c "
               "LEFT JOIN client_secret s ON s.client_id = c.id GROUP BY c.name",
    "remembered": "SELECT kind, owned FROM manifest_thing",
    "policies": "SELECT name FROM store_meta",
    "tokens": "SELECT type, revoked_at IS NULL FROM issued_token",
    "log": "SELECT seq, action FROM audit_entry",
    "pruned": "SELECT size FROM audit_stub",
}


def picture(home):
    db = sqlite3.connect(home.store)
    try:
        return {name: sorted(map(str, db.execute(sql))) for name, sql in PICTURE.items()}
    finally:
        db.close()


class Twins(HomeTest):
    def fork(self):
        """A copy of the prepared home, to be hit."""
        twin = Home()
        shutil.rmtree(twin.folder)
        shutil.copytree(self.home.folder, twin.folder)
        return twin

    def untouched(self, argv, env=None):
        """The steps of a run that nothing disturbs, and the picture before and after it."""
        twin = self.fork()
        before, trace = picture(twin), twin.path("trace")
        twin.remove()
        twin = self.fork()
        trace = twin.path("trace")
        result = twin.run(*argv, env=env and env(twin), wrapper=steps.strace(trace))
        self.assertEqual(result.code, 0, repr(result))
        found, after = steps.steps_of(trace), picture(twin)
        twin.remove()
        self.assertGreater(len(found), 8)
        return found, before, after

    def opens(self, home, what, env=None):
        for argv in (("store", "check"), ("audit", "verify")):
            result = home.run(*argv, env=env)
            self.assertEqual(result.code, 0, f"{what}: {result!r}")

    def signs(self, home, what, env=None):
        token = home.run("token", "issue", "bob", env=env)
        self.assertEqual(token.code, 0, f"{what}: {token!r}")
        verified = home.run("token", "verify", stdin=token.out, env=env)
        self.assertEqual(verified.code, 0, f"{what}: {verified!r}")

    def failed_aloud(self, result, what):
        self.assertIn(result.code, (1, 8), f"{what}: {result!r}")
        if result.err.strip().endswith("}"):  # its last word may have been what could not be written
            self.assertIn(result.error["code"], ("io", "unavailable"), f"{what}: {result!r}")


class Steps(Twins):
    def setUp(self):
        super().setUp()
        self.ok("role", "create", "editor")
        self.ok("role", "grant", "editor", "edit:posts")
        self.ok("user", "create", "ann", "--role", "editor")
        self.ok("user", "create", "bob")
        self.ok("client", "create", "shop")
        self.ok("apply", "-f", self.home.write("m.yaml", GENERATIONS[0]))
        self.home.write("m.yaml", GENERATIONS[1])

    def judge(self, twin, what, result, before, after):
        """Whether the change is there: whole, or not at all."""
        self.opens(twin, what)
        seen = picture(twin)
        self.assertIn(seen, (before, after), what)
        if result.code == 0:
            self.assertEqual(seen, after, f"{what}: acknowledged and lost")
        if os.path.exists(twin.path("issued")):
            self.assertEqual(twin.run("token", "verify", twin.path("issued")).code, 0, what)
        if seen["keys"] != before["keys"] or "KILL" in what:  # else it is the same key as before
            self.signs(twin, what)
        return seen == after

    def hit_every_step(self, argv, faults):
        """How often it was found before and after the change, of how many that fell inside the commit."""
        found, before, after = self.untouched(argv)
        self.assertNotEqual(before, after)
        seen = collections.Counter()
        for step in found:
            for fault in faults:
                if step.name not in steps.FAULTS[fault]:
                    continue
                twin = self.fork()
                trace, what = twin.path("trace"), f"{' '.join(argv)} with {fault} at {step}"
                result = twin.run(*argv, "--json", wrapper=steps.wrapper_at(trace, step, fault))
                self.assertTrue(steps.was_hit(trace), what)
                seen["after" if self.judge(twin, what, result, before, after) else "before"] += 1
                seen["in the commit"] += step.inside
                if result.code == 0:
                    seen["acknowledged"] += 1
                elif fault != "signal=KILL":
                    self.failed_aloud(result, what)
                twin.remove()
        return seen

    def test_killed_at_every_step(self):
        for name, argv in COMMANDS.items():
            with self.subTest(name):
                seen = self.hit_every_step(argv, ["signal=KILL"])
                print(f"  killed at every step of {name}: {dict(seen)}", flush=True)
                self.assertGreater(seen["before"], 0, "never hit before the commit")
                self.assertGreater(seen["in the commit"], 0, "never hit in the commit")
                self.assertGreater(seen["after"], 0, "never hit after the commit")

    def test_each_write_fails_once(self):
        for name, argv in COMMANDS.items():
            with self.subTest(name):
                seen = self.hit_every_step(argv, [fault for fault in steps.FAULTS if fault != "signal=KILL"])
                print(f"  every write of {name} failed: {dict(seen)}", flush=True)
                self.assertGreater(seen["before"], 0)

    def test_a_file_that_may_grow_no_further(self):
        """The write that meets the limit is cut short, and the rest of it is refused."""
        for name, argv in COMMANDS.items():
            with self.subTest(name):
                _, before, after = self.untouched(argv)
                seen = collections.Counter()
                for limit in (1, 4000, 8193, 12345, 20000, 32769, 40001, 65537, 1 << 21):
                    def limited(limit=limit):
                        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
                    twin, what = self.fork(), f"{name} with files of at most {limit} bytes"
                    result = twin.run(*argv, "--json", preexec_fn=limited)
                    seen["after" if self.judge(twin, what, result, before, after) else "before"] += 1
                    if result.code != 0:
                        self.failed_aloud(result, what)
                    twin.remove()
                self.assertGreater(seen["before"], 0)
                self.assertGreater(seen["after"], 0)


class Rescues(Twins):
    """What brings a store back, and what carries data to another key, killed at every step."""

    def setUp(self):
        super().setUp()
        self.ok("user", "create", "bob")

    def killed_at_every_step(self, argv, judge, env=None, unseen=None):
        """`judge(twin, what)` also runs the command again, as somebody would who finds it dead. Of the pages that are
        written to a file that nobody sees before it is renamed (`unseen` is in its name), some are enough."""
        found, _, _ = self.untouched(argv, env)
        pages = [step for step in found if unseen and unseen in step.text and step.name == "pwrite64"]
        hit = [step for step in found if step not in pages or pages.index(step) % PAGES == 0]
        for step in hit:
            twin = self.fork()
            trace, what = twin.path("trace"), f"{' '.join(argv)} killed at {step}"
            twin.run(*argv, env=env and env(twin), wrapper=steps.wrapper_at(trace, step, "signal=KILL"))
            self.assertTrue(steps.was_hit(trace), what)
            self.opens(twin, what)
            judge(twin, what)
            twin.remove()
        print(f"  killed at {len(hit)} of {len(found)} steps of {' '.join(argv[:2])}", flush=True)

    def done(self, twin, what, *argv, env=None):
        result = twin.run(*argv, env=env)
        self.assertEqual(result.code, 0, f"{what}: {result!r}")
        return result

    def left_over(self, folder):
        return [n for n in os.listdir(folder) if n.endswith((".partial", ".tmp", ".journal")) or "restor" in n]

    def test_backup_create(self):
        argv = ("backup", "create", "kept")

        def judge(twin, what):
            if os.path.exists(twin.path("kept")):
                self.done(twin, what, "backup", "verify", "kept")
            self.done(twin, what, *argv, "--force", "--yes")
            self.done(twin, what, "backup", "verify", "kept")
            self.assertEqual(self.left_over(twin.folder), [], what)
        self.killed_at_every_step(argv, judge)

    def test_each_write_of_a_backup_fails_once(self):
        """It says so, or the backup is whole; a file under the name is whole in any case."""
        argv, seen = ("backup", "create", "kept"), collections.Counter()
        found, _, _ = self.untouched(argv)
        for step in found:
            for fault in steps.FAULTS:
                if fault == "signal=KILL" or step.name not in steps.FAULTS[fault]:
                    continue
                twin = self.fork()
                trace, what = twin.path("trace"), f"{' '.join(argv)} with {fault} at {step}"
                result = twin.run(*argv, "--json", wrapper=steps.wrapper_at(trace, step, fault))
                self.assertTrue(steps.was_hit(trace), what)
                self.opens(twin, what)
                there = os.path.exists(twin.path("kept"))
                if there:
                    self.done(twin, what, "backup", "verify", "kept")
                if result.code == 0:
                    self.assertTrue(there, what)
                else:
                    self.failed_aloud(result, what)
                seen["there" if there else "not there", result.code] += 1
                twin.remove()
        print(f"  every write of backup create failed: {dict(seen)}", flush=True)
        self.assertGreater(seen["not there", 1], 0)

    def test_backup_restore(self):
        self.ok("backup", "create", "kept")
        self.ok("user", "create", "later")
        argv = ("backup", "restore", "kept", "--force", "--yes")

        def judge(twin, what):
            there = twin.run("user", "show", "later").code
            self.assertIn(there, (0, 3), what)
            self.signs(twin, what)
            self.done(twin, what, *argv)
            self.assertEqual(twin.run("user", "show", "later").code, 3, what)
            self.signs(twin, what)
            self.assertEqual(self.left_over(os.path.dirname(twin.store)), [], what)
        self.killed_at_every_step(argv, judge, unseen="authctl.db.restore/")

    def test_incident_contain(self):
        self.ok("role", "create", "admin")
        self.ok("role", "grant", "admin", "admin:all")
        self.ok("role", "assign", "bob", "admin")
        self.ok("user", "create", "ann")
        self.ok("client", "create", "shop", "--grant", "client_credentials")
        self.home.write("leaked", self.ok("token", "issue", "ann").out)
        argv = ("incident", "contain", "--all", "--yes", "--out", "receipt")

        def judge(twin, what):
            there = os.path.exists(twin.path("receipt"))
            if there:  # never a part of one
                self.done(twin, what, "audit", "verify", "receipt")
            result = self.done(twin, what, *argv, "--json", *(["--force"] if there else []))
            self.assertEqual({step["state"] for step in result.json["steps"]}, {"done"}, what)
            self.done(twin, what, "audit", "verify", "receipt")
            self.assertEqual(twin.run("token", "verify", "leaked").code, 7, what)
            keys = self.done(twin, what, "key", "list", "--json").json
            self.assertEqual(sorted((k["use"], k["state"]) for k in keys),
                             [(use, state) for use in ("fernet", "jwt") for state in ("active", "revoked")], what)
            users = self.done(twin, what, "user", "list", "--json").json
            self.assertEqual({u["name"]: u["status"] for u in users}, {"ann": "disabled", "bob": "active"}, what)
            self.assertEqual(self.done(twin, what, "client", "list", "--json").json[0]["status"], "disabled", what)
            self.signs(twin, what)
        self.killed_at_every_step(argv, judge)

    def test_incident_triage(self):
        secret = self.ok("client", "create", "shop", "--json").json["secret"]
        self.home.write("leaked", self.ok("token", "issue", "bob").out + secret)
        argv = ("incident", "triage", "leaked", "--revoke", "--yes")

        def judge(twin, what):
            found = self.done(twin, what, "incident", "triage", "leaked", "--json").json
            self.assertEqual(len({f["works"] for f in found}), 1, what)  # both, or none
            self.done(twin, what, *argv)
            self.assertEqual(self.done(twin, what, "incident", "triage", "leaked", "-q").out, "", what)
        self.killed_at_every_step(argv, judge)

    def test_incident_report(self):
        argv = ("incident", "report", "--since", "1h", "--out", "evidence")

        def judge(twin, what):
            there = os.path.exists(twin.path("evidence"))
            if not there:
                self.done(twin, what, *argv)
            self.done(twin, what, "audit", "verify", "evidence")
        self.killed_at_every_step(argv, judge)

    def test_fernet_rotate(self):
        sealed = [self.ok("fernet", "encrypt", stdin=f"record {i}").out for i in range(8)]
        self.home.write("in", "".join(sealed))
        self.ok("key", "rotate", "--use", "fernet")
        argv = ("fernet", "rotate", "in", "--out", "out", "--resume")

        def judge(twin, what):
            if not os.path.exists(twin.path("out")):
                self.done(twin, what, *argv)
            with open(twin.path("out"), encoding="ascii") as f:
                lines = f.read().splitlines()
            self.assertEqual(len(lines), len(sealed), what)
            for i in (0, 7):
                self.assertEqual(self.done(twin, what, "fernet", "decrypt", twin.write("one", lines[i])).out, f"record {i}", what)
        self.killed_at_every_step(argv, judge)

    def test_master_key_rotate(self):
        argv = ("master-key", "rotate", "--new-master-key-file", "new.key", "--reseal", "--yes")

        def judge(twin, what):
            self.done(twin, what, "master-key", "verify")
            self.done(twin, what, *argv)
            new = {"AUTHCTL_MASTER_KEY_FILE": twin.path("new.key")}
            self.done(twin, what, "master-key", "verify", env=new)
            self.signs(twin, what, env=new)
        self.killed_at_every_step(argv, judge)


class InitSteps(HomeTest):
    initialise = False

    def test_init_killed_at_every_step_is_completed_by_the_next(self):
        home = Home()
        self.assertEqual(home.run("init", wrapper=steps.strace(home.path("trace"))).code, 0)
        found = steps.steps_of(home.path("trace"))
        home.remove()
        self.assertGreater(len(found), 20)
        for step in found:
            home = Home()
            trace = home.path("trace")
            home.run("init", wrapper=steps.wrapper_at(trace, step, "signal=KILL"))
            self.assertTrue(steps.was_hit(trace), step)
            second = home.run("init")
            self.assertEqual(second.code, 0, f"{step}: {second!r}")
            verified = home.run("audit", "verify")
            self.assertEqual(verified.code, 0, f"{step}: {verified!r}")
            for path in (home.store, home.key):
                self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
            home.remove()
        print(f"  killed at each of {len(found)} steps of init")


if __name__ == "__main__":
    unittest.main(verbosity=2)
