#!/usr/bin/env python3
"""check-docs passes a document that is true, and names each lie that is planted in it. usage: check_docs_test.py CHECK-DOCS BINARY"""
import os
import subprocess
import sys
import tempfile

TRUE = """# Planted

```console
$ authctl init
$ authctl user create ann
$ authctl permission check ann read:posts
denied: ann may not read:posts
$ authctl key plan --use jwt
plan for jwt keys at 2026-01-01T00:00:00Z
…
$ authctl user show nobody          # exit 3
$ sudo authctl doctor --only log
```

    $ authctl user list -q
    …

and `authctl audit query --limit 3`, too.
"""

# (what stands there, what is put in its place, what is said of it)
LIES = [
    ("denied: ann", "denied: bob", "prints something else"),
    ("denied: ann may not read:posts\n", "denied: ann may not read:posts\nand one line more\n", "prints something else"),
    ("plan for jwt keys", "plan for fernet keys", "prints something else"),
    ("create ann", "create ann --colour red", "exits 2"),
    ("exit 3", "exit 4", "exits 3"),
    ("$ authctl user list -q\n", "$ authctl user list --qiet\n", "--qiet"),
    ("```console\n$ authctl init", "```text\n$ authctl user list\n```\n\n```console\n$ authctl init", "in no block that is typed"),
    ("doctor --only", "doctor --solely", "--solely is no option"),
    ("--only log", "--only log\n$ sudo authctl user banish ann", "no verb 'banish'"),
    ("audit query --limit", "audit query --limits", "--limits is no option"),
    ("`authctl audit", "`authctl audits", "no noun 'audits'"),
]


def checked(script, binary, text):
    with tempfile.NamedTemporaryFile("w", suffix=".md", encoding="utf-8") as document:
        document.write(text)
        document.flush()
        done = subprocess.run([sys.executable, script, binary, document.name], capture_output=True, text=True, check=False,
                              env={**os.environ, "PYTHONIOENCODING": "utf-8"})
        return done.returncode, done.stdout + done.stderr


def main():
    script, binary = sys.argv[1:3]
    wrong = 0
    status, said = checked(script, binary, TRUE)
    if status != 0 or "changes the machine" not in said:
        wrong += 1
        print(f"a true document is refused, or what was not typed is not listed:\n{said}")
    for true, lie, complaint in LIES:
        assert TRUE.count(true) == 1, true
        status, said = checked(script, binary, TRUE.replace(true, lie))
        if status != 1 or complaint not in said:
            wrong += 1
            print(f"{lie!r} is not found, or not called {complaint!r}:\n{said}")
    print(f"{len(LIES)} lies planted, {len(LIES) - wrong} found")
    return 1 if wrong else 0


sys.exit(main())
