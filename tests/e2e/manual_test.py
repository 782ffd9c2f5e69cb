#!/usr/bin/env python3
"""The manual: clean for mandoc, and nothing in it differs from the help of the program."""
import os
import re
import shutil
import subprocess
import unittest

from harness import HomeTest
from help_pages import GLOBALS, commands


class ManualTest(HomeTest):
    initialise = False

    def setUp(self):
        super().setUp()
        self.ok("__reference", self.home.path("reference"), env={"SOURCE_DATE_EPOCH": "1764115200"})
        self.folder = self.home.path("man")
        os.mkdir(self.folder)
        self.pages = {}
        for section in os.listdir(self.home.path("reference/man")):
            for name in os.listdir(self.home.path(f"reference/man/{section}")):
                self.assertEqual(section, "man" + name[-1])
                shutil.copy(self.home.path(f"reference/man/{section}/{name}"), self.folder)
                with open(os.path.join(self.folder, name), encoding="ascii") as page:
                    self.pages[name] = page.read()

    def rendered(self, name):
        done = subprocess.run(["mandoc", "-T", "utf8", name], cwd=self.folder, capture_output=True, check=True)
        return re.sub("(?s).\b", "", done.stdout.decode())

    def test_no_page_has_anything_that_mandoc_would_say(self):
        done = subprocess.run(["mandoc", "-T", "lint", *sorted(self.pages)], cwd=self.folder, capture_output=True, check=False)
        self.assertEqual((done.stdout.decode(), done.stderr.decode()), ("", ""))

    def test_every_noun_has_a_page_with_its_verbs_and_options_and_no_others(self):
        table = commands(self)
        seen = set()
        for noun in {noun for noun, _ in table}:
            name = f"authctl-{noun}.8" if noun == "serve" else f"authctl-{noun}.1"
            seen.add(name)
            text = self.rendered(name)
            parts = re.split(r"(?m)^   authctl " + noun + r" ", text.split("\nEXIT STATUS")[0])
            verbs = {verb: options for (n, verb), options in table.items() if n == noun}
            described = {"": parts[0].split("\nDESCRIPTION")[1]} if "" in verbs else \
                {part.split("\n")[0]: part for part in parts[1:]}
            self.assertEqual(set(described), set(verbs), noun)
            for verb, options in verbs.items():
                found = set(re.findall(r"^     (?:-[a-z], )?(--[a-z0-9-]+)", described[verb], re.M))
                self.assertEqual(found, options, (noun, verb))
        others = set(self.pages) - seen
        self.assertEqual(others, {"authctl.1", "authctl.conf.5", "authctl-manifest.5"})

    def test_the_first_page_has_the_global_options_and_names_every_other(self):
        text = self.rendered("authctl.1")
        part = text.split("\nGLOBAL OPTIONS")[1].split("\nSECRETS")[0]
        self.assertEqual(set(re.findall(r"^     (?:-[a-z], )?(--[a-z-]+)", part, re.M)), GLOBALS)
        for name in self.pages:
            if name != "authctl.1":
                self.assertIn(f"{name[:-2]}({name[-1]})", text)

    def test_the_settings_are_those_that_config_shows(self):
        text = self.rendered("authctl.conf.5")
        shown = [row["name"] for row in self.ok("config", "show", "--json").json]
        self.assertEqual(re.findall(r"^     ([a-z_]+) \(", text, re.M), shown)

    def test_every_member_of_a_manifest_is_in_its_page(self):
        text = self.rendered("authctl-manifest.5")

        def names(schema):
            for name, inner in schema.get("properties", {}).items():
                yield name
                yield from names(inner)
            for inner in ([schema["items"]] if "items" in schema else []) + schema.get("anyOf", []):
                yield from names(inner)
        schema = self.ok("schema", "manifest").json
        everything = set(names(schema)) | {n for form in schema["$defs"].values() for n in names(form)}
        self.assertGreater(len(everything), 25)
        for name in everything - {"version"}:
            self.assertRegex(text, rf"(?m)^ +{name}\b", name)

    def test_the_date_is_that_of_the_sources(self):
        for name, page in self.pages.items():
            self.assertIn(".Dd November 26, 2025\n", page, name)

    def test_no_text_becomes_markup(self):
        for name, page in self.pages.items():
            for line in page.splitlines():
                if line.startswith((".", "'")):
                    self.assertRegex(line, r'^\.(\\"|[A-Z][a-z] ?|[A-Z]1|br$)', (name, line))

    def test_schema_defines_a_shape_for_verbs_that_there_are_and_no_others(self):
        table = commands(self)
        names = {f"{noun} {verb}".strip() for noun, verb in table}
        self.assertLessEqual(set(self.ok("schema").json["$defs"]), names)
        for noun in {noun for noun, _ in table}:
            got = set(self.ok("schema", noun).json["$defs"])
            self.assertLessEqual(got, {name for name in names if name.split()[0] == noun}, noun)


if __name__ == "__main__":
    unittest.main(verbosity=2)
