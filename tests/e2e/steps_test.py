"""Every step of a change: killed at it, or told by the system that it failed. Before or after, never between.

strace numbers the system calls that write; each run is hit at the n-th one, for every n until the command gets
through untouched. What was acknowledged must be there, the log must verify, and there is one active key.
"""
import os
import re
import shutil
import unittest

from harness import Home, HomeTest

WRITES = "write,pwrite64,writev,fsync,fdatasync,ftruncate,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat"

# name, arguments, and whether its effect can be seen: a question whose exit status is 0 once it has happened
COMMANDS = [
    ("user create", ("user", "create", "zoe", "--role", "editor"), ("user", "show", "zoe")),
    ("user delete", ("user", "delete", "ann", "--yes"), None),
    ("role grant", ("role", "grant", "editor", "x:y", "x:z"), None),
    ("role assign", ("role", "assign", "bob", "editor", "--for", "8h"), ("permission", "check", "bob", "edit:posts")),
    ("role delete", ("role", "delete", "editor", "--force", "--yes"), None),
    ("key generate", ("key", "generate", "--use", "jwt", "--alg", "EdDSA"), None),
    ("key rotate", ("key", "rotate", "--use", "jwt"), None),
    ("key rotate --emergency", ("key", "rotate", "--use", "jwt", "--emergency", "--yes"), None),
    ("token issue", ("token", "issue", "ann", "--out", "issued"), None),
    ("audit prune", ("audit", "prune", "--before", "2001-01-01", "--yes"), None),
]


class Steps(HomeTest):
    def setUp(self):
        super().setUp()
        self.ok("role", "create", "editor")
        self.ok("role", "grant", "editor", "edit:posts")
        self.ok("user", "create", "ann", "--role", "editor")
        self.ok("user", "create", "bob")

    def fork(self):
        """A copy of the prepared home, to be hit."""
        twin = Home()
        shutil.rmtree(twin.folder)
        shutil.copytree(self.home.folder, twin.folder)
        return twin

    def whole(self, home, what):
        for argv in (("store", "check"), ("audit", "verify")):
            result = home.run(*argv)
            self.assertEqual(result.code, 0, f"{what}: {result!r}")
        keys = home.run("key", "list", "--use", "jwt", "--json").json
        self.assertEqual([k["state"] for k in keys].count("active"), 1, what)
        token = home.run("token", "issue", "bob")
        self.assertEqual(token.code, 0, f"{what}: {token!r}")
        verified = home.run("token", "verify", stdin=token.out)
        self.assertEqual(verified.code, 0, f"{what}: {verified!r}")

    def hit_every_step(self, argv, effect, injection):
        """Yields how often the change was seen to have happened, and how often not."""
        seen = {"before": 0, "after": 0, "acknowledged": 0}
        for n in range(1, 400):
            twin = self.fork()
            trace = twin.path("trace")
            wrapper = ("strace", "-f", "-qq", "-o", trace, "-e", f"trace={WRITES}", "-e", f"inject={WRITES}:{injection}:when={n}")
            result = twin.run(*argv, wrapper=wrapper)
            with open(trace, encoding="utf-8", errors="replace") as f:
                text = f.read()
            fired = "(INJECTED)" in text or "killed by SIGKILL" in text
            what = f"{' '.join(argv)} with {injection} at step {n}"
            self.whole(twin, what)
            if effect:
                happened = twin.run(*effect).code == 0
                seen["after" if happened else "before"] += 1
                if result.code == 0:
                    seen["acknowledged"] += 1
                    self.assertTrue(happened, f"{what}: acknowledged and lost")
            twin.remove()
            if not fired:
                self.assertEqual(result.code, 0, f"{what}: {result!r}")
                return n - 1, seen
        self.fail("never got through")

    def test_killed_at_every_step(self):
        hit = {"before": 0, "after": 0}
        for name, argv, effect in COMMANDS:
            with self.subTest(name):
                steps, seen = self.hit_every_step(argv, effect, "signal=KILL")
                print(f"  killed at each of {steps} steps of {name}: {seen}", flush=True)
                self.assertGreater(steps, 3)
                hit = {k: hit[k] + seen[k] for k in hit}
        self.assertGreater(hit["before"], 0, "never hit before the commit")
        self.assertGreater(hit["after"], len([c for c in COMMANDS if c[2]]), "never hit after the commit")

    def test_each_write_fails_once(self):
        for error in ("ENOSPC", "EIO", "EROFS"):
            for name, argv, effect in COMMANDS:
                with self.subTest(f"{name} {error}"):
                    steps, _ = self.hit_every_step(argv, effect, f"error={error}")
                    self.assertGreater(steps, 3)


class InitSteps(HomeTest):
    initialise = False

    def test_init_killed_at_every_step_is_completed_or_cleanly_refused_by_the_next(self):
        for n in range(1, 400):
            home = Home()
            trace = home.path("trace")
            wrapper = ("strace", "-f", "-qq", "-o", trace, "-e", f"trace={WRITES}", "-e", f"inject={WRITES}:signal=KILL:when={n}")
            first = home.run("init", wrapper=wrapper)
            second = home.run("init")
            self.assertEqual(second.code, 0, f"step {n}: {second!r}")
            verified = home.run("audit", "verify")
            self.assertEqual(verified.code, 0, f"step {n}: {verified!r}")
            for path in (home.store, home.key):
                self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
            with open(trace, encoding="utf-8", errors="replace") as f:
                fired = re.search(r"INJECTED|killed by SIGKILL", f.read())
            home.remove()
            if not fired:
                self.assertEqual(first.code, 0)
                self.assertGreater(n, 5)
                return
        self.fail("never got through")


if __name__ == "__main__":
    unittest.main(verbosity=1)
