#!/usr/bin/env python3
"""Every error of the sources, as a table with its next step; where there is a next step, the error names it.

usage: errors_test.py LIST-ERRORS
"""
import collections
import re
import subprocess
import sys

# Where there is something to do, an error of these codes says what.
ALWAYS = {"not_found", "conflict", "precondition", "denied", "locked", "unavailable", "unverified", "usage", "invalid", "io"}
# Messages with no next step, and why.
NONE = {
    "not confirmed; nothing was done": "the person has just said no",
    "a public key cannot sign": "no caller asks for it; a guard of the code",
    "a symmetric key has no public half": "the same",
    "a key pair of the wrong size": "the same",
    "a sealing key has 32 bytes, this one has {}": "the same",
    "an Ed25519 seed is 32 bytes long": "the same",
    "openssl refuses this key": "what reads keys says it again with the file",
    "cannot read standard input": "what feeds the pipe knows why",
    "nobody reads the entries any more": "who read them has ended",
    "cannot write {}": "of the build, not of a person",
    "its {} is no number that fits": "a complaint about a record, which the report of the import shows with its line",
    "it has more than {} backup codes": "the same",
    "it has more than {} backup codes that are password hashes": "the same",
    "{} is no hash that is known": "the same",
    "{} is there twice": "the same",
}
# The system's own reason ("Permission denied") ends these, and says what to do.
REASON = re.compile(r": \{\}$")
# Refusals over HTTP are {"error": …} and nothing else.
NO_HINT = "core/server/"
STYLE = [
    (lambda m, h: m[:1].isupper() and not re.match(r"[A-Z]{2,}|[A-Z]\w*[A-Z{]|PEM|JSON|Fernet|Argon2|Redis|PostgreSQL|TLS|UTF|URL", m), "begins in upper case"),
    (lambda m, h: m.rstrip().endswith("."), "ends with a full stop"),
    (lambda m, h: h.rstrip().endswith("."), "its hint ends with a full stop"),
    (lambda m, h: "\n" in m + h, "has more than one line"),
]


def table(script):
    out = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True).stdout.split("\n")
    for first, second in zip(out[::2], out[1::2]):
        code, message = first.split(None, 1) if len(first.split(None, 1)) == 2 else (first.strip(), "")
        hint = re.sub(r"\s+\[[^\]]*\]$", "", second.strip())
        yield code, message, "" if hint == "(no hint)" else hint.removeprefix("-> "), second.rsplit("[", 1)[1].rstrip("]")


def main():
    rows = list(table(sys.argv[1]))
    wrong = []
    for code, message, hint, where in rows:
        if code == "io" and REASON.search(message) or where.startswith(NO_HINT):
            hint = hint or "(said otherwise)"
        if code in ALWAYS and not hint and message not in NONE and message.strip("{} :"):
            wrong.append(f"{where}: {code} without a next step: {message}")
        wrong += [f"{where}: {what}: {message} -> {hint}" for test, what in STYLE if test(message, hint)]
    for message in NONE:
        if message not in {m for _, m, _, _ in rows}:
            wrong.append(f"nothing says any more: {message}")
    counts = collections.Counter(code for code, *_ in rows)
    hints = sum(bool(hint) for _, _, hint, _ in rows)
    print(f"{len(rows)} errors, {hints} with a next step:", ", ".join(f"{n} {code}" for code, n in counts.most_common()))
    print("\n".join(wrong))
    return 1 if wrong or len(rows) < 200 else 0


sys.exit(main())
