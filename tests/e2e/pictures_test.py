#!/usr/bin/env python3
"""Pictures: drawn into files that others can read as SVG and PNG; the library is opened for them alone."""
import os
import stat
import unittest
import xml.etree.ElementTree as xml

from harness import HomeTest


class PicturesTest(HomeTest):
    PAIRS = (("audit", "stats"), ("key", "plan", "--use", "jwt"))

    def test_each_is_an_svg_and_a_png_and_the_answer_is_printed_as_ever(self):
        for command in self.PAIRS:
            svg, png = self.home.path(command[0] + ".svg"), self.home.path(command[0] + ".png")
            self.ok(*command, "--svg", svg, "--png", png)
            root = xml.parse(svg).getroot()
            self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
            self.assertTrue(root.get("width").startswith("800"))
            with open(png, "rb") as f:
                self.assertEqual(f.read(8), b"\x89PNG\r\n\x1a\n")
            self.assertEqual(stat.S_IMODE(os.stat(svg).st_mode), 0o600)
            drawn = self.ok(*command, "--json", "--svg", svg, "--force", "-y").json
            self.assertEqual(set(drawn), set(self.ok(*command, "--json").json))

    def test_more_entries_are_another_picture(self):
        file = self.home.path("a.svg")
        pictures = set()
        for name, options in (("ann", ()), ("bob", ("--force", "-y"))):
            self.ok("user", "create", name)
            self.ok("audit", "stats", "--svg", file, *options)
            with open(file, encoding="utf-8") as f:
                pictures.add(f.read())
        self.assertEqual(len(pictures), 2)

    def test_a_picture_never_goes_through_a_link_and_not_into_a_folder_that_is_not_there(self):
        os.symlink(self.home.path("elsewhere"), self.home.path("link.svg"))
        self.assertNotEqual(self.run_("audit", "stats", "--svg", self.home.path("link.svg")).code, 0)
        self.assertFalse(os.path.exists(self.home.path("elsewhere")))
        self.refused(1, "io", "audit", "stats", "--png", self.home.path("no/such/a.png"))

    @unittest.skipIf(os.environ.get("ASAN_OPTIONS"), "a sanitizer opens files of its own")
    def test_cairo_is_opened_only_for_a_picture(self):
        trace = self.home.path("trace")
        for options, opened in (((), False), (("--svg", self.home.path("a.svg")), True)):
            self.run_("audit", "stats", *options, wrapper=("strace", "-f", "-qq", "-o", trace, "-e", "trace=openat"))
            with open(trace, encoding="utf-8", errors="replace") as f:
                self.assertEqual("libcairo.so.2" in f.read(), opened)


if __name__ == "__main__":
    unittest.main(verbosity=2)
