"""One throw-away home for authctl: its own store, master key and environment. The binary is $AUTHCTL_BINARY."""
import json
import os
import secrets
import shutil
import subprocess
import tempfile
import unittest

BINARY = os.environ.get("AUTHCTL_BINARY", "authctl")


class Result:
    def __init__(self, done, argv):
        self.argv, self.code = argv, done.returncode
        self.raw_out, self.raw_err = done.stdout, done.stderr
        self.out, self.err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def lines(self):
        return self.out.splitlines()

    @property
    def error(self):
        return json.loads(self.err.strip().splitlines()[-1])["error"]

    def __repr__(self):
        return f"{self.argv} -> {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


class Home:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="authctl-e2e-")
        self.store = os.path.join(self.folder, "data", "authctl.db")
        self.key = os.path.join(self.folder, "master.key")
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("AUTHCTL_") and k != "SUDO_USER"}
        self.env.update(HOME=self.folder, XDG_DATA_HOME=self.folder + "/xdg", XDG_CONFIG_HOME=self.folder + "/xdg",
                        AUTHCTL_STORE="sqlite:" + self.store, AUTHCTL_MASTER_KEY_FILE=self.key,
                        AUTHCTL_CONFIG=self.folder + "/none.toml", LC_ALL="C.UTF-8")
        del self.env["AUTHCTL_CONFIG"]

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content):
        with open(self.path(name), "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return self.path(name)

    def run(self, *argv, stdin=b"", env=None, wrapper=(), timeout=120, **more):
        full = {**self.env, **(env or {})}
        full = {k: v for k, v in full.items() if v is not None}
        data = stdin if isinstance(stdin, bytes) else stdin.encode()
        done = subprocess.run([*wrapper, BINARY, *map(str, argv)], input=data, env=full, cwd=self.folder,
                              capture_output=True, timeout=timeout, check=False, **more)
        return Result(done, argv)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


POSTGRESQL = os.environ.get("AUTHCTL_TEST_POSTGRESQL")
needs_postgresql = unittest.skipIf(POSTGRESQL is None, "SKIPPED: AUTHCTL_TEST_POSTGRESQL is not set")


def psql(sql, database=POSTGRESQL):
    return subprocess.run(["psql", database, "-qXAtc", sql], check=True, capture_output=True, text=True).stdout


def own_database(test):
    """The address of an empty PostgreSQL database that ends with the test."""
    name = f"authctl_{os.getpid()}_{secrets.token_hex(4)}"
    psql(f"CREATE DATABASE {name}")
    # FORCE: the server may not have noticed yet that a client is dead.
    test.addCleanup(psql, f"DROP DATABASE {name} WITH (FORCE)")
    return POSTGRESQL.rsplit("/", 1)[0] + "/" + name


class HomeTest(unittest.TestCase):
    """A test with an initialised home of its own."""

    initialise = True
    maxDiff = None

    def make_home(self):
        return Home()

    def setUp(self):
        self.home = self.make_home()
        self.addCleanup(self.home.remove)
        if self.initialise:
            self.ok("init")

    def run_(self, *argv, **more):
        return self.home.run(*argv, **more)

    def ok(self, *argv, **more):
        return self.expect(0, *argv, **more)

    def expect(self, code, *argv, **more):
        result = self.home.run(*argv, **more)
        self.assertEqual(result.code, code, repr(result))
        return result

    def refused(self, code, word, *argv, **more):
        """Runs in JSON mode: the error object is one line on stderr with this code, and nothing is on stdout."""
        result = self.expect(code, *argv, "--json", **more)
        self.assertEqual(result.error["code"], word, repr(result))
        self.assertEqual(set(result.error), {"code", "message", "hint"}, repr(result))
        self.assertEqual(result.out, "", repr(result))
        return result

    def fields(self, thing, names):
        self.assertEqual(list(thing), names.split())
