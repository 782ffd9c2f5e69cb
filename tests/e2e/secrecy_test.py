"""Secrets stay where they belong: not in argv, errors, the log, files that others can read, or a core."""
import base64
import json
import os
import re
import resource
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time
import unittest

from harness import BINARY, HomeTest
from server_harness import Server

CANARY = "correct-Canary-9f3b7c-battery-staple"
WRONG = "wrong-Canary-77aa01-battery-staple"
HMAC = b"hmac-Canary-5d2e94-0123456789abcdef"  # as bytes and, in a JWK, as base64url
NOBODY = 65534


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Watch(threading.Thread):
    """Looks into /proc for as long as it runs: whose command line or environment holds one of these?"""

    def __init__(self, words):
        super().__init__(daemon=True)
        self.words, self.found, self.looks, self.ended = words, set(), 0, threading.Event()

    def run(self):
        me = str(os.getpid())
        while not self.ended.is_set():
            for pid in filter(str.isdigit, os.listdir("/proc")):
                for name in ("cmdline", "environ", "comm"):
                    try:
                        with open(f"/proc/{pid}/{name}", "rb") as f:
                            content = f.read()
                    except OSError:
                        continue
                    self.looks += pid != me
                    self.found.update((name, word) for word in self.words if word in content)

    def end(self):
        self.ended.set()
        self.join()


class Canaries(HomeTest):
    def everything_written(self):
        """Every file below the home but those that the test wrote itself."""
        for folder, _, files in os.walk(self.home.folder):
            for name in files:
                if not name.startswith("mine"):
                    with open(os.path.join(folder, name), "rb") as f:
                        yield name, f.read()

    def plant(self):
        """Secrets of every kind, each in the spellings in which it could leak."""
        secrets = {"password": [CANARY.encode()], "another password": [WRONG.encode()], "HMAC key": [HMAC, b64url(HMAC).encode(), HMAC.hex().encode()]}
        self.ok("user", "create", "ann", "--password-stdin", "--email", "ann@example.org", stdin=CANARY + "\n")
        own = self.home.write("mine.jwk", json.dumps({"kty": "oct", "alg": "HS256", "kid": "own", "k": b64url(HMAC)}))
        self.ok("key", "import", own)
        with open(self.home.key, "rb") as f:
            text = f.read().strip()
        secrets["master key"] = [text, base64.urlsafe_b64decode(text + b"=")]
        os.rename(self.home.key, self.home.path("mine.key"))
        self.home.env["AUTHCTL_MASTER_KEY_FILE"] = self.home.path("mine.key")
        active = next(k["kid"] for k in self.ok("key", "list", "--use", "jwt", "--json").json if k["state"] == "active")
        d = json.loads(self.ok("key", "export", active, "--format", "jwk", "--private").out)["d"]
        secrets["private key"] = [d.encode(), base64.urlsafe_b64decode(d + "==")]
        fernet = self.ok("key", "export", "--all", "--format", "fernet", "--private").lines[0]
        secrets["Fernet key"] = [fernet.rstrip("=").encode(), base64.urlsafe_b64decode(fernet)]
        totp = self.ok("totp", "enroll", "ann", "--json").json["secret"]
        secrets["TOTP secret"] = [totp.encode(), base64.b32decode(totp)]
        code = self.ok("backup-code", "generate", "ann", "--json").json["codes"][0]
        secrets["backup code"] = [code.encode(), code.replace("-", "").encode()]
        client = self.ok("client", "create", "app", "--grant", "client_credentials", "--json").json["secret"]
        secrets["client secret"] = [client.encode()]
        self.token = self.ok("token", "issue", "ann").out.strip()
        secrets["signature"] = [self.token.split(".")[2].encode()]
        secrets["jti"] = [json.loads(base64.urlsafe_b64decode(self.token.split(".")[1] + "=="))["jti"].encode()]
        generated = self.ok("user", "password", "ann", "--generate").out.strip()
        secrets["generated password"] = [generated.encode()]
        self.ok("user", "password", "ann", "--password-stdin", stdin=CANARY + "\n")
        return secrets

    def test_what_was_planted_is_found_nowhere(self):
        secrets = self.plant()
        watch = Watch([word for words in secrets.values() for word in words])
        watch.start()
        code = {"stdin": CANARY}
        said = [
            # refused: the error says what was wrong and not what it was
            self.run_("user", "create", "ann", "--password-stdin", stdin=WRONG + "\n"),
            self.run_("user", "password", "ann", "--password-stdin", stdin="x" * 1025 + WRONG),
            self.run_("password", "verify", "--hash-file", "-", "--password-stdin", stdin=WRONG),
            self.run_("backup-code", "verify", "ann", "--code-stdin", **code),
            self.run_("totp", "verify", "ann", "--code-stdin", **code),
            self.run_("key", "import", "mine.jwk"),
            self.run_("key", "import", "mine.jwk", "--use", "fernet"),
            self.run_("fernet", "decrypt", "mine.jwk"),
            self.run_("fernet", "encrypt", "--key-file", "mine.jwk"),
            self.run_("key", "inspect", "mine.key"),
            self.run_("config", "check", "mine.jwk"),
            self.run_("token", "verify", stdin=self.token[:-3]),
            self.run_("token", "revoke", stdin=self.token + "x"),
            self.run_("user", "list", env={"AUTHCTL_MASTER_KEY_FILE": self.home.path("mine.jwk")}),
            self.run_("apply", "-f", "mine.jwk"),
            self.run_("user", "import", "mine.jwk"),
            # asked: every way of looking at what there is
            *(self.ok("audit", "export", "--format", form, *more) for form in ("jsonl", "csv", "cef") for more in ((), ("--reveal",))),
            self.ok("audit", "query", "--json", "--reveal", "--limit", "1000"),
            *(self.ok(*argv, "--json") for argv in (("user", "show", "ann"), ("user", "list"), ("key", "list"), ("key", "show", "own"), ("client", "list"),
                                                    ("totp", "status", "ann"), ("backup-code", "status", "ann"), ("config", "show"), ("store", "check"))),
            self.run_("doctor"), self.ok("export"), self.ok("key", "export", "--all", "--format", "jwks"),
            self.ok("backup", "create", "kept"), self.ok("backup", "verify", "kept"),
        ]
        server = Server(self.home, env={"AUTHCTL_PASSWORD_MEMORY_KIB": "19456"})
        self.addCleanup(server.process.kill)
        for password in (WRONG, CANARY):
            server.ask("POST", "/auth/login?mode=token", {"username": "ann", "password": password})
        server.ask("GET", "/auth/me", headers={"Authorization": "Bearer " + self.token})
        server.ask("GET", "/auth/verify?x=" + WRONG, headers={"Cookie": "__Host-authctl_access=" + self.token})
        server.stop()
        watch.end()
        self.assertGreater(watch.looks, 1000)
        self.assertEqual(watch.found, set(), "in the table of processes")
        log = "\n".join(server.lines)
        self.assertGreater(len(log), 100)
        for kind, words in secrets.items():
            for word in words:
                for result in said:
                    self.assertNotIn(word, result.raw_out + result.raw_err, f"{kind} in {result.argv}")
                self.assertNotIn(word, log.encode(), f"{kind} in the server's log")
                for name, content in self.everything_written():
                    if (kind, name) != ("jti", "authctl.db") and (kind, name) != ("jti", "authctl.db-wal"):  # the id of a token is what the store knows it by
                        self.assertNotIn(word, content, f"{kind} in {name}")

    def test_a_token_is_not_in_the_log(self):
        self.ok("user", "create", "ann")
        token = self.ok("token", "issue", "ann").out.strip()
        log = self.ok("audit", "query", "--json", "--reveal", "--limit", "100").out
        self.assertNotIn(token.split(".")[2], log)
        jti = self.ok("token", "inspect", "--json", stdin=token).out
        jti = re.search(r'"jti"\s*:\s*"([^"]+)"', jti).group(1)
        self.assertNotIn(jti, log)


class Files(HomeTest):
    initialise = False

    def test_whatever_the_umask_they_are_private_from_the_start(self):
        trace = self.home.path("trace")
        strace = ("strace", "-f", "-qq", "-s", "4096", "-o", trace, "-e", "trace=open,openat,creat,mkdir,mkdirat")
        old = os.umask(0)
        try:
            made = []
            self.ok("init")
            for argv in (("user", "create", "ann"), ("token", "issue", "ann", "--out", "token"), ("key", "export", "--all", "--format", "jwks", "--out", "jwks"),
                         ("audit", "checkpoint", "--out", "note"), ("backup", "create", "kept"), ("user", "password", "ann", "--generate", "--out", "password"),
                         ("fernet", "keygen", "--out", "fernet"), ("totp", "enroll", "ann", "--png", "code.png"), ("backup-code", "generate", "ann", "--out", "codes"),
                         ("client", "create", "app", "--grant", "client_credentials", "--out", "secret"), ("secret", "render", "--format", "dotenv", "--out", "env"),
                         ("store", "copy", "--to", "sqlite:" + self.home.path("further/down/copy.db")),
                         ("master-key", "rotate", "--new-master-key-file", "new.key", "--yes")):
                result = self.run_(*argv, wrapper=strace)
                self.assertEqual(result.code, 0, repr(result))
                with open(trace, encoding="utf-8", errors="replace") as f:
                    made += [line for line in f if re.search("O_CREAT|O_TMPFILE|mkdir", line)]
                os.unlink(trace)
        finally:
            os.umask(old)
        seen = 0
        for folder, folders, files in os.walk(self.home.folder):
            for name in files + folders:
                mode = stat.S_IMODE(os.lstat(os.path.join(folder, name)).st_mode)
                self.assertEqual(mode, 0o700 if name in folders else 0o600, name)
                seen += 1
        self.assertGreater(seen, 14)
        # Not made open and closed afterwards: the mode that is asked for is the private one.
        self.assertGreater(len(made), 10)
        self.assertEqual([line for line in made if not re.search(r"\b0[67]00\)", line)], [])

    def test_out_never_goes_through_a_link_or_over_a_file(self):
        self.ok("init")
        self.ok("user", "create", "ann")
        precious = self.home.write("precious", "precious")
        os.symlink(precious, self.home.path("link"))
        os.symlink(self.home.path("nowhere"), self.home.path("dangling"))
        os.mkfifo(self.home.path("fifo"))
        os.mkdir(self.home.path("folder"))
        self.home.write("sealed", self.ok("fernet", "encrypt", stdin="x").out)
        for argv in (("token", "issue", "ann", "--out"), ("key", "export", "--all", "--format", "jwks", "--out"), ("audit", "checkpoint", "--out"),
                     ("backup", "create"), ("user", "password", "ann", "--generate", "--out"), ("fernet", "keygen", "--out"),
                     ("fernet", "rotate", "sealed", "--out"), ("totp", "enroll", "ann", "--png"), ("backup-code", "generate", "ann", "--out"),
                     ("client", "create", "app", "--grant", "client_credentials", "--out"), ("secret", "render", "--format", "dotenv", "--out")):
            for name in ("link", "dangling", "fifo", "folder", "precious"):
                with self.subTest(argv=argv, name=name):
                    result = self.run_(*argv, self.home.path(name), timeout=20)
                    self.assertIn(result.code, (1, 5), repr(result))
            for name in ("link", "dangling", "fifo", "folder"):
                with self.subTest(argv=argv, name=name, forced=True):
                    self.assertNotEqual(self.run_(*argv, self.home.path(name), "--force", "--yes", timeout=20).code, 0)
            with open(precious, encoding="ascii") as f:
                self.assertEqual(f.read(), "precious", argv)
            self.assertTrue(os.path.islink(self.home.path("link")) and os.path.islink(self.home.path("dangling")), argv)
            self.assertFalse(os.path.exists(self.home.path("nowhere")), argv)
            self.assertTrue(stat.S_ISFIFO(os.stat(self.home.path("fifo")).st_mode), argv)
        self.assertEqual([n for n in os.listdir(self.home.folder) if n.endswith((".tmp", ".partial"))], [])

    def test_a_kill_before_it_is_whole_leaves_nothing(self):
        def traced(*options):
            trace = self.home.path("trace")
            result = self.run_("fernet", "keygen", "--out", self.home.path("place/secret"), wrapper=("strace", "-qq", "-o", trace, *options))
            with open(trace, encoding="utf-8", errors="replace") as f:
                return result, f.read().splitlines()

        os.mkdir(self.home.path("place"))
        for call in ("write", "fsync", "linkat"):
            with self.subTest(call=call):
                result, lines = traced("-e", "trace=" + call, "-e", f"inject={call}:signal=KILL:when=1")
                self.assertTrue(lines, repr(result))
                self.assertNotEqual(result.code, 0)
                self.assertEqual(os.listdir(self.home.path("place")), [])

        _, lines = traced("-e", "trace=openat")
        os.unlink(self.home.path("place/secret"))
        nameless = next(i for i, line in enumerate(lines, 1) if "O_TMPFILE" in line)
        result, _ = traced("-e", "trace=openat", "-e", f"inject=openat:error=EOPNOTSUPP:when={nameless}")
        self.assertEqual(result.code, 0, repr(result))  # a file system that has no such files
        self.assertEqual(os.listdir(self.home.path("place")), ["secret"])
        self.assertEqual(os.stat(self.home.path("place/secret")).st_mode & 0o777, 0o600)

    def test_a_store_that_others_can_read_or_that_is_a_link_is_refused(self):
        self.ok("init")
        os.chmod(self.home.store, 0o644)
        self.refused(8, "unavailable", "user", "list")
        os.chmod(self.home.store, 0o600)
        self.ok("user", "list")
        os.chmod(self.home.key, 0o644)
        self.assertEqual(self.run_("user", "list").code, 8)
        os.chmod(self.home.key, 0o600)
        os.rename(self.home.store, self.home.store + ".real")
        os.symlink(self.home.store + ".real", self.home.store)
        self.refused(8, "unavailable", "user", "list")

    def test_without_its_master_key_nothing_runs_and_none_is_made_up(self):
        self.ok("init")
        self.ok("user", "create", "ann")
        kept = self.home.path("kept")
        os.rename(self.home.key, kept)
        commands = (("user", "list"), ("key", "generate", "--use", "jwt"), ("token", "issue", "ann"), ("fernet", "encrypt"), ("audit", "verify"),
                    ("totp", "enroll", "ann"), ("backup", "create", "b"), ("init",), ("serve", "--listen", "127.0.0.1:0"))
        empty, short, zeros = b"", b"c2hvcnQ", bytes(32)
        for content in (None, empty, short, zeros, b"changeme\n", b"A" * 42 + b"\n"):
            if content is not None:
                os.chmod(self.home.write("master.key", content), 0o600)
            for argv in commands:
                with self.subTest(argv=argv, content=content):
                    result = self.run_(*argv, timeout=20)
                    self.assertEqual((result.code, result.out), (8, ""), repr(result))
                    self.assertIn("hint: ", result.err)
        os.unlink(self.home.key)
        for command in ("/bin/true", "/bin/false", "/nonexistent", "echo changeme"):
            env = {"AUTHCTL_MASTER_KEY_FILE": None, "AUTHCTL_MASTER_KEY_COMMAND": command}
            self.assertEqual(self.run_("user", "list", env=env).code, 8, command)
        self.assertFalse(os.path.exists(self.home.key) or os.path.exists(self.home.path("b")))
        os.rename(kept, self.home.key)
        self.ok("audit", "verify")


class Process(HomeTest):
    """A run that waits for its input, looked at from outside."""

    initialise = False

    def waiting(self, **more):
        # Not through the home, which nobody else may enter.
        place = tempfile.mkdtemp(prefix="authctl-e2e-bin-")
        self.addCleanup(shutil.rmtree, place, ignore_errors=True)
        os.chmod(place, 0o755)
        binary = shutil.copy(BINARY, place)
        os.chmod(binary, 0o755)
        child = subprocess.Popen([binary, "token", "inspect", "-"], env={**self.home.env, "HOME": place}, cwd=place, stdin=subprocess.PIPE,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)
        self.addCleanup(child.stdin.close)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        for _ in range(1000):  # until it is protected and stands in its read
            with open(f"/proc/{child.pid}/limits", encoding="ascii") as f:
                protected = re.search(r"Max core file size\s+0\s+0", f.read())
            with open(f"/proc/{child.pid}/status", encoding="ascii") as f:
                if protected and "State:\tS" in f.read():
                    return child, place
            time.sleep(0.01)
        self.fail("it never set its limit to none")

    def test_it_belongs_to_nobody_who_would_look_into_its_memory(self):
        # The files of a process that is not dumpable belong to root, whoever runs it.
        child, _ = self.waiting(**({"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}))
        with open(f"/proc/{child.pid}/status", encoding="ascii") as f:
            self.assertNotRegex(f.read(), r"Uid:\t0\b")
        for name in ("mem", "maps", "environ", "fd"):
            self.assertEqual(os.stat(f"/proc/{child.pid}/{name}").st_uid, 0, name)
        control = subprocess.Popen(["sleep", "60"], **({"user": NOBODY} if os.geteuid() == 0 else {}))
        self.addCleanup(control.wait)
        self.addCleanup(control.kill)
        for _ in range(200):  # until it is the program and not yet this one
            if os.stat(f"/proc/{control.pid}/mem").st_uid != 0:
                break
            time.sleep(0.01)
        self.assertNotEqual(os.stat(f"/proc/{control.pid}/mem").st_uid, 0, "this test would see nothing")

    def test_it_leaves_no_core_even_where_the_limit_is_lifted(self):
        for lifted in (False, True):
            child, place = self.waiting()
            if lifted:
                try:
                    resource.prlimit(child.pid, resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                except PermissionError:
                    self.skipTest("SKIPPED in part: the limit of another process cannot be raised here")
            child.send_signal(signal.SIGABRT)  # a sanitizer would take the others for itself
            _, status = os.waitpid(child.pid, 0)
            child.returncode = -os.WTERMSIG(status)
            self.assertTrue(os.WIFSIGNALED(status))
            self.assertFalse(os.WCOREDUMP(status), "a core was written")
            self.assertEqual([n for n in os.listdir(place) if "core" in n], [])

    def test_without_a_source_of_randomness_nothing_is_made(self):
        self.home.write("sh", "mount -t tmpfs none /dev && exec \"$@\"\n")
        empty_dev = ("unshare", "-m", "sh", self.home.path("sh"))
        probe = subprocess.run([*empty_dev, "true"], capture_output=True, check=False)
        if probe.returncode != 0:
            self.skipTest("SKIPPED: /dev cannot be hidden here")
        strace = ("strace", "-f", "-qq", "-o", self.home.path("trace"), "-e", "trace=getrandom", "-e", "inject=getrandom:error=ENOSYS")
        for argv in (("fernet", "keygen"), ("init",), ("fernet", "keygen", "--out", "made")):
            result = self.run_(*argv, wrapper=(*empty_dev, *strace))
            with open(self.home.path("trace"), encoding="utf-8") as f:
                self.assertIn("INJECTED", f.read())
            self.assertNotEqual(result.code, 0, repr(result))
            self.assertEqual(result.out, "")
        self.assertFalse(os.path.exists(self.home.key) or os.path.exists(self.home.store) or os.path.exists(self.home.path("made")))


class Terminal(HomeTest):
    def test_nothing_that_a_terminal_acts_on_reaches_it(self):
        hostile = "\x1b]0;owned\x07\x1b[2J\x9b2J\r\x7f\x08\u202egnp\u2066\u200b"
        self.ok("role", "create", "quiet", "--description", hostile)
        self.ok("user", "create", "ann", "--reason", hostile)
        jwk = json.loads(self.ok("key", "export", self.ok("key", "list", "--use", "jwt", "-q").lines[0], "--format", "jwk").out)
        other = {**jwk, "kid": hostile, "x": "WKn-ZIGevcwGIyyrzFoZNBdaq9_TsqzGl96oc0CWuis", "y": "y77t-RvAHRKTsSGdIYUfweuOvwrvDD-Q3Hv5J0fSKbE"}
        self.ok("key", "import", self.home.write("other.jwk", json.dumps(other)))

        def part(x):
            return b64url(json.dumps(x).encode())
        token = self.home.write("token", part({"alg": hostile, "kid": hostile}) + "." + part({"sub": hostile, hostile: hostile}) + ".AAAA")
        bad = self.home.write(hostile.replace("/", ""), f'issuer = "{hostile}"\n{hostile} = 1\n')
        lines = self.home.write("users", f"name,email\n{hostile},{hostile}\n")
        checks = self.home.write("checks", f"{hostile} may {hostile}\n")
        for argv in (("role", "list"), ("role", "show", "quiet"), ("audit", "query"), ("audit", "stats"), ("audit", "export", "--format", "csv"),
                     ("audit", "export", "--format", "cef"), ("audit", "export"), ("key", "list"), ("key", "show", hostile), ("key", "inspect", "other.jwk"),
                     ("token", "inspect", token), ("token", "verify", token), ("token", "verify", token, "--json"), ("config", "check", bad),
                     ("config", "show", "--config", bad), ("user", "import", lines), ("permission", "test", checks), ("permission", "check", "ann", hostile),
                     ("permission", "check", hostile, "a:b"), ("permission", "explain", "ann", "a:b", "--on", hostile), ("apply", "-f", bad),
                     ("user", "show", hostile), ("role", "create", hostile), ("role", "grant", "quiet", hostile), ("key", "import", hostile),
                     ("token", "issue", "ann", "--claim", hostile), ("token", "issue", hostile), ("backup", "verify", hostile),
                     (hostile,), ("user", hostile), ("user", "list", "--" + hostile), ("--store", "sqlite:" + hostile, "user", "list"),
                     ("--store", hostile, "user", "list"), ("user", "list", "--limit", hostile), ("audit", "query", "--since", hostile)):
            result = self.run_(*argv)
            # RFC 4180 ends the lines of CSV with both.
            for stream in (result.raw_out.decode().replace("\r\n", "\n"), result.raw_err.decode()):
                self.assertEqual({c for c in stream if c in hostile and not c.isprintable()}, set(), argv)


if __name__ == "__main__":
    unittest.main(verbosity=2)
