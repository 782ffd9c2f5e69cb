"""What the help of the program says there is; completions, manual and schema are compared with it."""
import re

GLOBALS = {"--store", "--config", "--master-key-file", "--output", "--json", "--quiet", "--color", "--yes", "--reason",
           "--dry-run", "--help", "--version"}


def nouns(test):
    return re.findall(r"^  ([a-z][a-z-]*)\s{2,}\S", test.ok("help").out.split("Global options")[0], re.M)


def verbs(test, noun):
    page = test.ok("help", noun).out
    return re.findall(r"^  ([a-z][a-z0-9-]*)\s{2,}\S", page.split("\nVerbs\n")[1], re.M) if "\nVerbs\n" in page else [""]


def options(test, noun, verb):
    page = test.ok("help", noun, *([verb] if verb else [])).out
    part = page.split("\nOptions\n")[1].split("\n\n")[0] if "\nOptions\n" in page else ""
    return set(re.findall(r"^  (?:-[a-z], )?(--[a-z0-9-]+)", part, re.M))


def commands(test):
    """{(noun, verb): its options}"""
    return {(noun, verb): options(test, noun, verb) for noun in nouns(test) for verb in verbs(test, noun)}
