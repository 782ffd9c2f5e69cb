#!/usr/bin/env python3
"""At a terminal of 80 by 24: pager, colour, relative times, questions; and nothing of it where there is no terminal."""
import os
import unittest

from harness import BINARY, HomeTest
from terminal import Terminal


class TerminalTest(HomeTest):
    def at_terminal(self, *argv, env=None, typed=(), rows=24):
        """What is seen and the exit status; `typed`: pairs of what is waited for and what is then typed."""
        full = {k: v for k, v in {**self.home.env, "TERM": "xterm", "PAGER": "cat", **(env or {})}.items() if v is not None}
        for name in ("NO_COLOR", "CLICOLOR_FORCE"):
            if name not in (env or {}):
                full.pop(name, None)
        terminal = Terminal([BINARY, *argv], full, self.home.folder, rows)
        before = ""
        for awaited, keys in typed:
            before += terminal.read_until(awaited)
            terminal.type(keys)
        seen, status = terminal.end()
        return before + seen, status

    def pager(self):
        """A pager that says so and shows three lines."""
        path = self.home.write("pager", "#!/bin/sh\necho PAGED \"$@\"\nhead -n 3\n")
        os.chmod(path, 0o755)
        return path

    def test_what_is_longer_than_the_terminal_goes_through_the_pager_and_what_fits_does_not(self):
        long, status = self.at_terminal("help", "audit", "query", env={"PAGER": self.pager() + " -x"})
        self.assertEqual(status, 0)
        self.assertTrue(long.startswith("PAGED -x\r\nauthctl audit query"), long)
        self.assertEqual(long.count("\n"), 4)
        short, _ = self.at_terminal("help", "config", env={"PAGER": self.pager()})
        self.assertNotIn("PAGED", short)
        whole, _ = self.at_terminal("help", "audit", "query", env={"PAGER": self.pager()}, rows=200)
        self.assertNotIn("PAGED", whole)

    def test_a_list_that_the_person_has_seen_enough_of_is_no_failure(self):
        for i in range(40):
            self.ok("role", "create", f"role{i}")
        seen, status = self.at_terminal("role", "list", env={"PAGER": self.pager()})
        self.assertTrue(seen.startswith("PAGED"), seen)
        self.assertEqual(status, 0)

    def test_a_pager_that_is_missing_costs_nothing(self):
        seen, status = self.at_terminal("help", "audit", "query", env={"PAGER": "/nonexistent/pager"})
        self.assertIn("Exit codes", seen)
        self.assertEqual(status, 0)

    def test_a_secret_never_goes_through_the_pager(self):
        seen, _ = self.at_terminal("fernet", "keygen", env={"PAGER": self.pager()}, rows=1)
        self.assertNotIn("PAGED", seen)

    def test_colour_means_something_and_can_be_refused(self):
        self.ok("user", "create", "ann")
        show = ("user", "show", "ann")
        self.assertIn("\x1b[32mactive\x1b[0m", self.at_terminal(*show)[0])
        for env in ({"NO_COLOR": "1"}, {"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}):
            self.assertNotIn("\x1b", self.at_terminal(*show, env=env)[0])
            self.assertNotIn("\x1b", self.at_terminal("user", "show", "nobody", env=env)[0])
        self.assertNotIn("\x1b", self.at_terminal(*show, "--color", "never")[0])
        self.assertNotIn("\x1b", self.at_terminal(*show, env={"TERM": "dumb"})[0])
        self.assertIn("\x1b[32mactive", self.at_terminal(*show, "--color", "always", env={"TERM": "dumb"})[0])
        self.assertNotIn("\x1b", self.at_terminal("user", "shwo", "--color=never")[0])
        self.assertIn("\x1b[1;31mauthctl:\x1b[0m", self.at_terminal("user", "show", "nobody")[0])
        self.assertNotIn("\x1b", self.ok(*show).out)
        self.assertIn("\x1b[32mactive", self.ok(*show, "--color", "always").out)
        self.assertIn("\x1b[32mactive", self.ok(*show, env={"CLICOLOR_FORCE": "1"}).out)

    def test_times_stand_beside_how_long_ago_they_are_at_a_terminal_alone(self):
        self.ok("user", "create", "ann")
        self.assertRegex(self.at_terminal("user", "show", "ann")[0], r"created_at: +\S+Z \((now|\d+s ago)\)")
        self.assertNotIn("ago", self.ok("user", "show", "ann").out)

    def test_lists_keep_to_eighty_columns_with_every_word_whole(self):
        self.ok("user", "create", "ann", "--email", "ann.of.the.long.address@mail.example.com")
        kids = self.ok("key", "list", "-q").lines
        for noun in ("key", "user", "role"):
            seen, _ = self.at_terminal(noun, "list", "--color", "never")
            for line in seen.splitlines():
                self.assertLessEqual(len(line), 80, line)
        seen, _ = self.at_terminal("key", "list")
        for kid in kids:
            self.assertIn(kid, seen)
        self.assertIn("ann.of.the.long.address@mail.example.com", self.at_terminal("user", "list")[0])

    def test_a_question_can_be_refused_and_interrupted(self):
        self.ok("user", "create", "ann")
        seen, status = self.at_terminal("user", "delete", "ann", typed=[(r"\[y/N\] ", "n\n")])
        self.assertEqual(status, 4, seen)
        _, status = self.at_terminal("user", "delete", "ann", typed=[(r"\[y/N\] ", "\x03")])
        self.assertEqual(status, 130)
        self.ok("user", "show", "ann")
        seen, status = self.at_terminal("user", "password", "ann", typed=[("new password: ", "\x03")])
        self.assertEqual(status, 130, seen)
        self.assertIsNone(self.ok("user", "show", "ann", "--json").json["password"]["scheme"])

    def test_a_password_is_not_shown_while_it_is_typed(self):
        self.ok("user", "create", "ann")
        secret = "mulberry-lantern-47-quay"
        seen, status = self.at_terminal("user", "password", "ann", typed=[("new password: ", secret + "\n"),
                                                                         ("the same again: ", secret + "\n")])
        self.assertEqual(status, 0, seen)
        self.assertNotIn(secret, seen)


if __name__ == "__main__":
    unittest.main(verbosity=2)
