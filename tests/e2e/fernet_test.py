"""Fernet from outside: both ways with Python's cryptography, and the life of a key that data is under."""
import base64
import os
import random
import unittest

from harness import HomeTest

try:
    from cryptography.fernet import Fernet, InvalidToken
except ImportError:
    Fernet = None

COUNT = int(os.environ.get("AUTHCTL_INTEROP_COUNT", "10000"))


def sizes(rng, count):
    """From 0 bytes to 1 MiB, most of them small, every edge of a block among them."""
    edges = [0, 1, 15, 16, 17, 31, 32, 33, 12287, 12288, 12289, (1 << 20) - 1, 1 << 20]
    return edges + [int((1 << 20) * rng.random() ** 40) for _ in range(count - len(edges))]


@unittest.skipIf(Fernet is None, "SKIPPED: python3-cryptography is not installed")
class Interoperation(HomeTest):
    initialise = False

    def test_10000_random_payloads_go_there_and_back(self):
        rng = random.Random(20260102)
        old, new = Fernet.generate_key(), Fernet.generate_key()
        theirs, ours = Fernet(old), Fernet(new)
        keys = self.home.write("keys", new + b"\n" + old + b"\n")
        path, out, seeds = self.home.path("tokens"), self.home.path("out"), []
        with open(path, "wb") as f:
            for size in sizes(rng, COUNT):
                seed, time = rng.getrandbits(32), rng.randrange(2**31)
                f.write(theirs.encrypt_at_time(random.Random(seed).randbytes(size), time) + b"\n")
                seeds.append((seed, size, time))
        self.ok("fernet", "rotate", path, "--key-file", keys, "--out", out)
        with open(out, "rb") as f:
            for seed, size, time in seeds:
                token = f.readline().rstrip(b"\n")
                self.assertEqual(ours.extract_timestamp(token), time)
                self.assertTrue(ours.decrypt(token) == random.Random(seed).randbytes(size), (seed, size))
            self.assertEqual(f.read(), b"")

    def test_the_single_commands_agree_too(self):
        key = self.ok("fernet", "keygen").out.strip()
        keys, theirs = self.home.write("keys", key + "\n"), Fernet(key)
        for payload in (b"", b"\n", b"hello\r\n", bytes(range(256)), b"\xc3\xa9" * 40000):
            token = self.ok("fernet", "encrypt", "--key-file", keys, stdin=payload).raw_out
            self.assertTrue(token.endswith(b"\n") and not token.endswith(b"\n\n"))
            self.assertEqual(theirs.decrypt(token.strip()), payload)
            self.assertEqual(self.ok("fernet", "decrypt", "--key-file", keys, stdin=theirs.encrypt(payload)).raw_out, payload)
        with self.assertRaises(InvalidToken):
            Fernet(Fernet.generate_key()).decrypt(token.strip())


class Refusals(HomeTest):
    initialise = False

    def test_A17_every_refusal_has_one_message_and_one_code_and_prints_nothing(self):
        keys = self.home.write("keys", base64.urlsafe_b64encode(bytes(range(32))) + b"\n")
        other = self.home.write("other", base64.urlsafe_b64encode(bytes(32)) + b"\n")
        good = self.ok("fernet", "encrypt", "--key-file", keys, "--now", "1000", stdin="secret").out.strip()
        raw = bytearray(base64.urlsafe_b64decode(good))
        flipped, version = bytearray(raw), bytearray(raw)
        flipped[30] ^= 1
        version[0] = 0x81
        text = lambda b: base64.urlsafe_b64encode(bytes(b)).decode()
        refused = {
            "tampered": (text(flipped), "invalid", keys, "1000"),
            "truncated": (text(raw[:-16]), "invalid", keys, "1000"),
            "wrong version": (text(version), "wrong_version", keys, "1000"),
            "wrong key": (good, "invalid", other, "1000"),
            "without its padding": (good.rstrip("="), "malformed", keys, "1000"),
            "a blank": (" " + good, "malformed", keys, "1000"),
            "two newlines": (good + "\n\n", "malformed", keys, "1000"),
            "expired": (good, "expired", keys, "1061"),
            "from the future": (good, "from_future", keys, "939"),
        }
        messages = set()
        for name, (token, reason, file, now) in refused.items():
            with self.subTest(name):
                result = self.refused(7, "unverified", "fernet", "decrypt", "--key-file", file, "--ttl", "60s",
                                      "--now", now, stdin=token)
                messages.add(result.error["message"])
                self.assertIn("reason: " + reason, result.error["hint"])
        self.assertEqual(len(messages), 1)
        for now in ("1060", "940"):
            self.assertEqual(self.ok("fernet", "decrypt", "--key-file", keys, "--ttl", "60", "--now", now,
                                     stdin=good + "\n").raw_out, b"secret")
        self.ok("fernet", "decrypt", "--key-file", keys, "--now", "9999999999", stdin=good)  # A20: no ttl, any age
        self.assertIn("without it the age is unlimited", self.ok("help", "fernet", "decrypt").out)

    def test_A18_of_a_long_token_nothing_comes_out_before_its_last_byte_was_looked_at(self):
        keys = self.home.write("keys", self.ok("fernet", "keygen").out)
        raw = bytearray(base64.urlsafe_b64decode(self.ok("fernet", "encrypt", "--key-file", keys, stdin=b"plain " * 700000).raw_out))
        raw[-1] ^= 1
        token = base64.urlsafe_b64encode(bytes(raw)).decode()
        for form in ((), ("--json",), ("-q",)):
            result = self.expect(7, "fernet", "decrypt", "--key-file", keys, *form, stdin=token)
            self.assertEqual(result.raw_out, b"")
        result = self.expect(7, "fernet", "rotate", "--key-file", keys, stdin=token)
        self.assertEqual(result.out, token)


class Keys(HomeTest):
    def kid(self, state):
        return [k["kid"] for k in self.ok("key", "list", "--use", "fernet", "--json").json if k["state"] == state][0]

    def test_A19_a_rotated_key_still_decrypts_and_a_stream_moves_to_the_new_one(self):
        tokens = [self.ok("fernet", "encrypt", stdin=f"row {i}").out for i in range(5)]
        self.ok("key", "rotate", "--use", "fernet")
        self.assertEqual(self.ok("fernet", "decrypt", stdin=tokens[0]).out, "row 0")
        rows = "".join(f'{{"id": {i},  "t":"{t.strip()}"}}\n' for i, t in enumerate(tokens)) + "rubbish\n"
        result = self.expect(7, "fernet", "rotate", "--field", "t", stdin=rows)
        self.assertIn("line 6: not_json", result.err)
        self.assertEqual(result.lines[5], "rubbish")
        stats = self.expect(7, "fernet", "inspect", "--stats", "--field", "t", "--json", stdin=result.out).json
        counts = {k["state"]: k["records"] for k in stats["keys"]}
        self.assertEqual((counts["active"], counts["retiring"], stats["failed"]), (5, 0, 1))

    def test_B73_after_an_emergency_old_data_is_quarantined_and_not_lost(self):
        token = self.ok("fernet", "encrypt", stdin="precious").out
        old = self.kid("active")
        self.ok("key", "rotate", "--use", "fernet", "--emergency", "--yes", "--reason", "leak")
        result = self.refused(7, "unverified", "fernet", "decrypt", stdin=token)
        self.assertIn("revoked_key", result.error["hint"])
        self.expect(5, "key", "delete", old, "--yes")
        self.assertEqual(self.expect(7, "fernet", "rotate", stdin=token).out, token)
        self.expect(2, "fernet", "rotate", "--from", old, stdin=token)
        rotated = self.ok("fernet", "rotate", "--from", old, "--reason", "moving out", stdin=token).out
        self.assertEqual(self.ok("fernet", "decrypt", stdin=rotated).out, "precious")
        entries = self.ok("audit", "query", "--action", "fernet.rotate", "--json").json
        self.assertTrue(any(e["detail"]["opened_revoked"] == old and e["reason"] == "moving out" for e in entries))

    def test_a_file_takes_its_place_only_when_it_is_whole(self):
        tokens = "".join(self.ok("fernet", "encrypt", stdin=str(i)).out for i in range(3))
        self.ok("key", "rotate", "--use", "fernet")
        source, out = self.home.write("in", tokens), self.home.path("out")
        report = self.ok("fernet", "rotate", source, "--out", out, "--json").json
        self.assertEqual((report["rotated"], report["current"], report["failed"]), (3, 0, 0))
        self.assertEqual(os.stat(out).st_mode & 0o777, 0o600)
        self.assertFalse(os.path.exists(out + ".partial") or os.path.exists(out + ".journal"))
        self.refused(5, "conflict", "fernet", "rotate", source, "--out", out)
        self.refused(2, "usage", "fernet", "rotate", source, "--resume")

    def test_a_run_that_cannot_go_on_is_taken_up_or_begun_again(self):
        tokens = "".join(self.ok("fernet", "encrypt", stdin=str(i)).out for i in range(3))
        old = self.kid("active")
        self.ok("key", "rotate", "--use", "fernet")
        source, out = self.home.write("in", tokens), self.home.path("out")
        for name in (".partial", ".journal"):  # what is left where somebody deleted one of the two
            with open(out + name, "w", encoding="ascii") as f:
                f.write("")
            os.chmod(out + name, 0o600)
            if name == ".partial":
                self.refused(5, "conflict", "fernet", "rotate", source, "--out", out)
                self.ok("key", "retire", old)  # what was refused leaves no job behind
                self.assertEqual(self.ok("fernet", "rotate", source, "--out", out, "--resume", "--json").json["rotated"], 3)
                os.unlink(out)
            else:
                self.refused(7, "unverified", "fernet", "rotate", source, "--out", out, "--resume")
                self.assertEqual(self.ok("fernet", "rotate", source, "--out", out, "--json").json["rotated"], 3)
        self.ok("key", "retire", old)

    def test_a_file_is_rotated_in_its_own_place(self):
        tokens = "".join(self.ok("fernet", "encrypt", stdin=str(i)).out for i in range(3))
        self.ok("key", "rotate", "--use", "fernet")
        out = self.home.write("out", tokens)
        self.assertEqual(self.ok("fernet", "rotate", out, "--out", out, "--force", "--yes", "--json").json["rotated"], 3)
        again = self.ok("fernet", "rotate", out, "--out", out, "--force", "--yes", "--json").json
        self.assertEqual((again["rotated"], again["current"]), (0, 3))


if __name__ == "__main__":
    unittest.main(verbosity=2)
