#!/usr/bin/env python3
"""Every option of every verb is typed in some test of that verb. usage: options_test.py BINARY [--list]

What a test says is found by its words: the noun, the verb and the option in one line of a typed session, or in one test
function.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def page(binary, *words):
    return subprocess.run([binary, "help", *words], capture_output=True, text=True, check=True).stdout


def commands(binary):
    for noun in re.findall(r"^  ([a-z][a-z-]*)\s{2,}\S", page(binary).split("Global options")[0], re.M):
        text = page(binary, noun)
        verbs = re.findall(r"^  ([a-z][a-z0-9-]*)\s{2,}\S", text.split("\nVerbs\n")[1], re.M) if "\nVerbs\n" in text else [""]
        for verb in verbs:
            text = page(binary, noun, *([verb] if verb else []))
            part = text.split("\nOptions\n")[1].split("\n\n")[0] if "\nOptions\n" in text else ""
            yield noun, verb, re.findall(r"^  ((?:-\w, )?--[a-z0-9-]+)", part, re.M)


def calls():
    """The words of every call in the tests, as text."""
    for file in sorted((ROOT / "tests").rglob("*")):
        if file.suffix == ".txt" and "scripts" in file.parts:
            yield from re.findall(r"^\$ (.*)$", file.read_text(encoding="utf-8"), re.M)
        elif file.suffix in (".py", ".cpp"):
            text = file.read_text(encoding="utf-8")
            yield from re.split(r"\n(?=    def |def |TEST_CASE)", text)


def main():
    binary = sys.argv[1]
    everything = list(calls())
    options = missing = 0
    for noun, verb, names in commands(binary):
        own = [call for call in everything
               if re.search(rf"\b{re.escape(noun)}\b", call) and re.search(rf"\b{re.escape(verb)}\b", call)]
        for name in names:
            options += 1
            spellings = "|".join(map(re.escape, name.split(", ")))
            if not any(re.search(rf"(?<![\w-])(?:{spellings})(?![\w-])", call) for call in own):
                missing += 1
                print(f"not typed in any test: authctl {noun} {verb} {name}".replace("  ", " "))
    print(f"{options} options, {missing} not typed in a test")
    return 1 if missing or options < 100 else 0


sys.exit(main())
