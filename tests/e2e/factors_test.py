"""Second factors as a phone, a printer and two terminals at once see them."""
import base64
import os
import re
import subprocess
import time
import unittest

from harness import BINARY, HomeTest
from terminal import Terminal

PHRASE = "a long and lively pass phrase\n"
QUIET_ZONE, SCALE = 4, 4


def oathtool(secret, *options):
    kind = [] if any(o.startswith("--totp") for o in options) else ["--totp"]
    done = subprocess.run(["oathtool", *kind, "-b", *options, secret], capture_output=True, check=True)
    return done.stdout.decode().strip()


def scan(image):
    """What a reader of QR codes makes of the picture (PGM, PNG)."""
    done = subprocess.run(["zbarimg", "--raw", "-q", image], capture_output=True, check=False)
    return done.stdout.decode().strip()


def pixels(half_blocks):
    """What a dark terminal shows: rows of True for light; a character is one module wide and two high."""
    rows = []
    for line in half_blocks.splitlines():
        rows.append([c in "\u2588\u2580" for c in line])
        rows.append([c in "\u2588\u2584" for c in line])
    return rows


def pgm(rows):
    """The picture as a camera would see it, on a dark ground."""
    width = (len(rows[0]) + 2 * QUIET_ZONE) * SCALE
    dark = bytes(width)
    body = dark * QUIET_ZONE * SCALE
    for row in rows:
        line = b"".join(bytes([255 if light else 0]) * SCALE for light in row)
        margin = bytes(QUIET_ZONE * SCALE)
        body += (margin + line + margin) * SCALE
    body += dark * QUIET_ZONE * SCALE
    return b"P5 %d %d 255\n" % (width, len(body) // width) + body


def at_once(home, inputs):
    """Each input is given to a process of its own; they are all there before any of them may read its code."""
    started = [subprocess.Popen([BINARY, *argv], env=home.env, cwd=home.folder, stdin=subprocess.PIPE,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for argv, _ in inputs]
    for process, (_, text) in zip(started, inputs):
        process.stdin.write(text.encode())
        process.stdin.flush()
    for process in started:
        process.stdin.close()
    codes = [process.wait(60) for process in started]
    for process in started:
        process.stderr.close()
    return codes


class Factors(HomeTest):
    def setUp(self):
        super().setUp()
        self.ok("user", "create", "ann", "--password-stdin", stdin=PHRASE)

    def enroll(self, *options, user="ann"):
        secret = self.ok("totp", "enroll", user, *options, "--json").json["secret"]
        self.ok("totp", "confirm", user, "--code-stdin", stdin=oathtool(secret, *self.oath(options)))
        return secret

    @staticmethod
    def oath(options):
        """The options of oathtool that stand for those of `totp enroll`."""
        said = dict(zip(options[::2], options[1::2]))
        return ["--totp=" + said.get("--algorithm", "SHA1"), "--digits=" + said.get("--digits", "6")]


class Enrolment(Factors):
    def test_the_json_is_that_of_the_contract(self):
        offer = self.ok("totp", "enroll", "ann", "--issuer", "Example", "--json").json
        self.fields(offer, "secret uri digits period algorithm")
        self.assertEqual(len(base64.b32decode(offer["secret"])), 20)
        self.assertEqual(offer["uri"], "otpauth://totp/Example:ann?secret=" + offer["secret"] +
                         "&issuer=Example&algorithm=SHA1&digits=6&period=30")

    def test_codes_of_oathtool_agree_for_every_algorithm_and_length(self):
        for algorithm in "SHA1", "SHA256", "SHA512":
            for digits in "6", "8":
                with self.subTest(algorithm + " " + digits):
                    self.enroll("--algorithm", algorithm, "--digits", digits)
                    self.assertTrue(self.ok("totp", "status", "ann", "--json").json["confirmed"])
                    self.ok("totp", "disable", "ann")

    def test_a_secret_is_shown_once_and_stands_nowhere_in_the_store(self):
        secret = self.enroll()
        raw = base64.b32decode(secret)
        for name in os.listdir(os.path.dirname(self.home.store)):
            with open(os.path.join(os.path.dirname(self.home.store), name), "rb") as file:
                stored = file.read()
            self.assertNotIn(secret.encode(), stored)
            self.assertNotIn(raw, stored)
        self.assertNotIn(secret, self.ok("totp", "status", "ann", "--json").out)
        self.assertNotIn(secret, self.ok("audit", "query", "--json").out)

    def test_the_code_of_the_step_before_works_and_the_one_before_that_does_not(self):
        secret = self.enroll()
        now = int(time.time())
        while now % 30 > 20:  # the step must not end between two commands
            time.sleep(1)
            now = int(time.time())
        self.ok("totp", "disable", "ann")
        secret = self.ok("totp", "enroll", "ann", "--json").json["secret"]
        at = lambda seconds: oathtool(secret, "--now", f"@{now + seconds}")
        self.expect(4, "totp", "confirm", "ann", "--code-stdin", stdin=at(-60))
        self.expect(4, "totp", "confirm", "ann", "--code-stdin", stdin=at(60))
        self.ok("totp", "confirm", "ann", "--code-stdin", stdin=at(-30))
        self.ok("totp", "verify", "ann", "--code-stdin", stdin=at(30))
        self.assertEqual(self.expect(4, "totp", "verify", "ann", "--code-stdin", "--json", stdin=at(0))
                         .json["reason"], "used_code")


class Pictures(Factors):
    def test_a_phone_reads_the_code_from_a_window_of_80_columns(self):
        for name, issuer in ("ann", "Example"), ("a" * 64, "I" * 64):
            with self.subTest(len(name)):
                if name != "ann":
                    self.ok("user", "create", name)
                drawn = self.ok("totp", "enroll", name, "--issuer", issuer, "--qr").out
                self.assertLessEqual(max(map(len, drawn.splitlines())), 80)
                uri = scan(self.home.write("terminal.pgm", pgm(pixels(drawn))))
                self.assertIn(f"/{issuer}:{name}?secret=", uri)
                secret = re.search("secret=([A-Z2-7]+)", uri).group(1)
                self.ok("totp", "confirm", name, "--code-stdin", stdin=oathtool(secret))

    def test_png_and_svg_hold_the_uri_and_are_nobody_elses(self):
        for kind in "png", "svg":
            with self.subTest(kind):
                offer = self.ok("totp", "enroll", "ann", "--" + kind, "code." + kind, "--json").json
                path = self.home.path("code." + kind)
                self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
                self.assertEqual(scan(path if kind == "png" else screenshot(self.home, path)), offer["uri"])
                self.refused(5, "conflict", "totp", "enroll", "ann", "--" + kind, "code." + kind)

    def test_a_picture_is_never_drawn_through_a_link(self):
        os.symlink(self.home.path("elsewhere"), self.home.path("link.png"))
        self.assertNotEqual(self.run_("totp", "enroll", "ann", "--png", "link.png").code, 0)
        self.assertFalse(os.path.exists(self.home.path("elsewhere")))

    def test_a_sheet_of_backup_codes_is_read_in_a_browser(self):
        codes = self.ok("backup-code", "generate", "ann", "--print", "html", "--out", "sheet.html", "--json").json["codes"]
        text = browser(self.home, "--dump-dom", self.home.path("sheet.html")).decode()
        for code in codes:
            self.assertIn(code, text)
        with open(self.home.path("sheet.html"), encoding="utf-8") as file:
            page = file.read()
        self.assertNotRegex(page, r"https?://[^<]*\.(js|css|png)|<script|@import|url\(")  # it asks nobody for anything
        with open(screenshot(self.home, self.home.path("sheet.html")), "rb") as file:
            self.assertEqual(file.read(8), b"\x89PNG\r\n\x1a\n")


def browser(home, *argv):
    done = subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                           "--user-data-dir=" + home.path("chromium"), *argv], cwd=home.folder, env={**home.env},
                          capture_output=True, timeout=120, check=False)
    return done.stdout


def screenshot(home, path):
    browser(home, "--window-size=800,1000", "--screenshot=" + home.path("seen.png"), "file://" + path)
    return home.path("seen.png")


class AtATerminal(Factors):
    def terminal(self, *argv):
        return Terminal([BINARY, *argv], {**self.home.env, "TERM": "xterm", "PAGER": "cat"}, self.home.folder)

    def test_a_secret_is_scanned_from_the_screen_and_its_code_is_asked_for_without_echo(self):
        seen, status = self.terminal("totp", "enroll", "ann", "--issuer", "Example").end()
        self.assertEqual(status, 0, seen)
        drawn = "\n".join(line for line in seen.replace("\r", "").splitlines() if line[:1] in "\u2588\u2580\u2584" and line)
        self.assertLessEqual(max(map(len, seen.splitlines())), 80)
        secret = re.search("secret=([A-Z2-7]+)", scan(self.home.write("screen.pgm", pgm(pixels(drawn))))).group(1)
        self.assertIn(" ".join(re.findall("....", secret)), seen)
        asked = self.terminal("totp", "confirm", "ann")
        asked.read_until("code")
        code = oathtool(secret)
        asked.type(code + "\n")
        seen, status = asked.end()
        self.assertEqual(status, 0, seen)
        self.assertNotIn(code, seen)
        self.assertTrue(self.ok("totp", "status", "ann", "--json").json["confirmed"])

    def test_writing_over_a_file_is_asked_for(self):
        self.home.write("sheet", "kept")
        asked = self.terminal("backup-code", "generate", "ann", "--out", "sheet", "--force")
        asked.read_until("write over")
        asked.type("n\n")
        self.assertEqual(asked.end()[1], 4)
        self.assertEqual(self.ok("backup-code", "status", "ann", "--json").json["left"], 0)
        self.expect(2, "backup-code", "generate", "ann", "--out", "sheet", "--force")  # nobody to ask
        self.ok("backup-code", "generate", "ann", "--out", "sheet", "--force", "--yes")
        with open(self.home.path("sheet"), encoding="ascii") as file:
            self.assertEqual(len(file.read().splitlines()), 10)


class Codes(HomeTest):
    initialise = False

    def test_codes_without_a_store_are_those_of_oathtool(self):
        for size in 10, 20, 32, 64:
            secret = base64.b32encode(os.urandom(size)).decode().rstrip("=")
            path = self.home.write("secret", secret + "\n")
            for algorithm in "SHA1", "SHA256", "SHA512":
                for digits, period, now in ("6", "30", 59), ("8", "30", 1111111109), ("7", "60", 20000000000):
                    with self.subTest(size=size, algorithm=algorithm, now=now):
                        theirs = oathtool(secret, "--totp=" + algorithm, "--digits=" + digits, f"--time-step-size={period}s",
                                          "--now", f"@{now}")
                        self.assertEqual(self.ok("totp", "code", "--secret-file", path, "--now", now, "--digits", digits,
                                                 "--period", period, "--algorithm", algorithm).out.strip(), theirs)
                        self.ok("totp", "check", "--secret-file", path, "--now", now, "--digits", digits, "--period", period,
                                "--algorithm", algorithm, "--code-stdin", stdin=theirs)


class Races(Factors):
    def test_of_many_processes_with_one_code_one_wins(self):
        secret = self.enroll()
        self.ok("totp", "disable", "ann")
        secret = self.ok("totp", "enroll", "ann", "--json").json["secret"]
        now = int(time.time())
        self.ok("totp", "confirm", "ann", "--code-stdin", stdin=oathtool(secret, "--now", f"@{now - 30}"))
        code = oathtool(secret, "--now", f"@{now}")
        codes = at_once(self.home, [(("totp", "verify", "ann", "--code-stdin"), code)] * 6)
        self.assertEqual(sorted(codes), [0, 4, 4, 4, 4, 4])

    def test_a_backup_code_that_is_used_many_times_at_once_works_once(self):
        code = self.ok("backup-code", "generate", "ann", "--json").json["codes"][0]
        codes = at_once(self.home, [(("backup-code", "verify", "ann", "--code-stdin"), code)] * 6)
        self.assertEqual(sorted(codes), [0, 4, 4, 4, 4, 4])
        self.assertEqual(self.ok("backup-code", "status", "ann", "--json").json["left"], 9)

    def test_of_two_who_confirm_one_enrolment_one_does(self):
        secret = self.ok("totp", "enroll", "ann", "--json").json["secret"]
        codes = at_once(self.home, [(("totp", "confirm", "ann", "--code-stdin"), oathtool(secret))] * 3)
        self.assertEqual(sorted(codes), [0, 5, 5])


class BreakGlass(Factors):
    def guess(self, times):
        for _ in range(times):
            self.expect(4, "backup-code", "verify", "ann", "--code-stdin", stdin="aaaa-bbbb-cccc-dddd")

    def test_whatever_is_locked_the_host_lets_its_people_in_again(self):
        code = self.ok("backup-code", "generate", "ann", "--json").json["codes"][0]
        self.guess(10)
        self.assertEqual(self.refused(4, "locked", "backup-code", "verify", "ann", "--code-stdin",
                                      stdin=code).error["hint"], "authctl lockout clear ann")
        row = self.ok("lockout", "show", "ann", "--json").json
        self.fields(row, "subject kind failed_attempts delay_seconds locked_until last_failure_at last_ip")
        for policy in {}, {"AUTHCTL_PASSWORD_CLASSES": "on"}, {"AUTHCTL_PASSWORD_MIN_SINGLE": "40"}:
            self.ok("user", "password", "ann", "--generate", env=policy)
        self.ok("lockout", "clear", "ann", "--reason", "ticket 42")
        self.assertEqual(self.ok("backup-code", "verify", "ann", "--code-stdin", "--json", stdin=code).json["left"], 9)
        events = self.ok("audit", "query", "--action", "auth.lockout", "--json").json
        self.assertEqual(events[0]["detail"]["state"], "unlocked")
        self.assertEqual(events[0]["reason"], "ticket 42")

    def test_every_spelling_of_a_name_meets_one_counter_or_is_refused(self):
        self.ok("user", "update", "ann", "--email", "Ann@Example.com")
        self.ok("backup-code", "generate", "ann")
        for name in "ann", "ANN", "ann@example.com", "ANN@EXAMPLE.COM":
            self.expect(4, "backup-code", "verify", name, "--code-stdin", stdin="aaaa-bbbb-cccc-dddd")
            self.ok("lockout", "show", name)
        # Three were looked at, the fourth came while it was locked (or after: then it counts too).
        self.assertIn(self.ok("lockout", "show", "ann", "--json").json["failed_attempts"], (3, 4))
        for name in "\uff41nn", "a\u200bnn", "ann ", "ann\t", "a\u0301nn":
            self.assertIn(self.run_("backup-code", "verify", name, "--code-stdin", stdin="x").code, (2, 3))
            self.assertIn(self.run_("user", "create", name).code, (2, 5))

    def test_a_code_is_never_an_argument_and_hostile_ones_are_wrong(self):
        self.enroll()
        self.ok("backup-code", "generate", "ann")
        self.assertEqual(self.run_("totp", "verify", "ann", "123456").code, 2)
        for noun in "totp", "backup-code":
            for code in b"", b"\0" * 6, b"\xff\xfe", b"1" * 4096, "\u0661\u0662\u0663\u0664\u0665\u0666".encode(), b"12345\x1b[2J":
                with self.subTest(noun=noun, code=code[:8]):
                    result = self.run_(noun, "verify", "ann", "--code-stdin", stdin=code)
                    self.assertIn(result.code, (2, 4), repr(result))
                    self.assertNotIn(b"\x1b", result.raw_out + result.raw_err)
                    self.ok("lockout", "clear", "ann")


if __name__ == "__main__":
    unittest.main(verbosity=2)
