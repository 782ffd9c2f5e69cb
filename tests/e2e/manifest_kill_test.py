"""kill -9 in the middle of `apply`: the store is as before or as after, never between; a second run finishes the work.

AUTHCTL_APPLY_KILLS: how often (20; 200 in the long runs)."""
import json
import os
import random
import signal
import subprocess
import time
import unittest

from harness import BINARY, HomeTest, needs_postgresql, own_database

KILLS = int(os.environ.get("AUTHCTL_APPLY_KILLS", "20"))


def manifest(generation):
    lines = ["version: 1", "roles:"]
    lines += [f"  - {{name: r{i}, description: g{generation}, permissions: ['do:g{generation}', 'see:x{i}']}}" for i in range(10)]
    lines += [f"  - {{name: only-g{generation}}}", "users:"]
    lines += [f"  - {{name: u{i}, email: 'u{i}@g{generation}.example', roles: [r{i % 10}, r{(i + generation) % 10}]}}"
              if (i + generation) % 10 != i % 10 else f"  - {{name: u{i}, roles: [r{i % 10}]}}" for i in range(40)]
    lines += ["settings: {access_ttl: %dm}" % (10 + generation)]
    return "\n".join(lines) + "\n"


class KilledApplies(HomeTest):
    def test_before_or_after_and_a_second_run_finishes(self):
        self.kill_and_finish()

    @needs_postgresql
    def test_the_same_on_postgresql(self):
        self.home.env["AUTHCTL_STORE"] = own_database(self)
        self.ok("init")
        self.kill_and_finish()

    def kill_and_finish(self):
        rng = random.Random(20260101)
        files = [self.home.write(f"g{g}.yaml", manifest(g)) for g in (1, 2)]
        states = []
        for file in files:
            begun = time.monotonic()
            self.ok("apply", "-f", file, "--prune", "-y", "-q")
            took = time.monotonic() - begun
            states.append(self.ok("export").out)
        killed, before, after = 0, 0, 0
        at = 1  # which of the two the store is as
        for cycle in range(KILLS):
            target = 1 - at
            child = subprocess.Popen([BINARY, "apply", "-f", files[target], "--prune", "-y", "-q"], env=self.home.env,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(0, took))
            child.send_signal(signal.SIGKILL)
            killed += child.wait() == -signal.SIGKILL
            state = self.ok("export").out
            self.assertIn(state, states)
            before += state == states[at]
            after += state == states[target]
            self.ok("apply", "-f", files[target], "--prune", "-y", "-q")
            self.assertEqual(self.ok("export").out, states[target])
            at = target
            if cycle % 10 == 9:
                self.ok("audit", "verify")
        self.ok("audit", "verify")
        self.ok("store", "check")
        print(f"  {KILLS} applies, {killed} killed: {before} times as before, {after} as after")
        self.assertGreater(killed, KILLS // 4)

    def test_no_secret_that_counts_is_lost_and_every_second_run_succeeds(self):
        rng, killed, committed, staged = random.Random(20260102), 0, 0, 0
        took = 0
        for cycle in range(KILLS):
            file = self.home.write(f"s{cycle}.yaml", "version: 1\nusers: [{name: p%d, password: {generate: true}}]\n"
                                   "clients: [{name: c%d, grants: [client_credentials]}]\n" % (cycle, cycle))
            out = self.home.path(f"out{cycle}")
            argv = ["apply", "-f", file, "--out", out, "-q"]
            begun = time.monotonic()
            child = subprocess.Popen([BINARY, *argv], env=self.home.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if cycle > 0:
                # Most of it is the hash of a password; what is of interest is at the end.
                time.sleep(took * rng.uniform(0.5, 1.05))
                child.send_signal(signal.SIGKILL)
            killed += child.wait() == -signal.SIGKILL
            took = took or time.monotonic() - begun
            committed += self.home.run("client", "show", f"c{cycle}").code == 0
            staged += any(name.startswith(f"out{cycle}.") for name in os.listdir(self.home.folder))
            self.ok(*argv)
            self.assertEqual([n for n in os.listdir(self.home.folder) if n.startswith(f"out{cycle}.")], [])
            with open(out, encoding="utf-8") as f:
                made = {row["kind"]: row["secret"] for row in map(json.loads, f)}
            self.assertEqual(set(made), {"user", "client"})
            found = self.ok("incident", "triage", out, "--json").json
            self.assertEqual([f["works"] for f in found if f["kind"] == "client_secret"], [True], found)
            hashed = [u for u in self.ok("export", "--json").json["users"] if u["name"] == f"p{cycle}"][0]["password"]["hash"]
            self.ok("password", "verify", "--hash-file", self.home.write("hash", hashed), "--password-stdin", stdin=made["user"])
            self.ok(*argv)
        print(f"  {KILLS} applies with --out, {killed} killed, {committed} after their commit, {staged} with a file beside its place")


if __name__ == "__main__":
    unittest.main(verbosity=2)
