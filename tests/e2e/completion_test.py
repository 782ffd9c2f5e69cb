#!/usr/bin/env python3
"""Completion in the shells themselves: what is typed is sent to a terminal of bash, zsh and fish, tabs and all."""
import os
import re
import shutil
import subprocess
import unittest

from harness import BINARY, HomeTest
from help_pages import GLOBALS, commands
from terminal import Terminal


class CompletionTest(HomeTest):
    def setUp(self):
        super().setUp()
        self.ok("user", "create", "ann")
        self.ok("user", "create", "andrew")
        self.ok("user", "create", "o'neil+x@example.com")
        self.ok("role", "create", "editor")
        self.ok("role", "grant", "editor", "edit:posts", "edit:pages")
        self.ok("role", "assign", "ann", "editor")
        self.env = dict(self.home.env, PATH=os.path.dirname(BINARY) + ":" + os.environ["PATH"], PS1="$ ", TERM="dumb",
                        INPUTRC="/dev/null", COLUMNS="80", LINES="24")
        os.makedirs(self.home.path("inner-folder"))
        self.home.write("inner-file", "x")

    def script(self, shell):
        return self.home.write(f"authctl.{shell}", self.ok("completion", shell).raw_out)

    # A way to ask a shell's completion for many lines at once: {line: [candidates]}.
    def ask_bash(self, lines):
        asked = "\n".join(f"ask {line}" for line in lines)
        program = f"""
            source {self.script('bash')}
            ask() {{
              if [[ $1 == open ]]; then shift; COMP_WORDS=(authctl "$@" ""); else COMP_WORDS=(authctl "$@"); fi
              COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMP_LINE="${{COMP_WORDS[*]}}" COMP_POINT=${{#COMP_LINE}}
              _authctl
              printf '%s\\x1f' "${{COMPREPLY[@]}}"; echo
            }}
            {asked}"""
        return self.rows(lines, ["bash", "--norc", "-c", program])

    def ask_zsh(self, lines):
        asked = "\n".join(f"ask {line}" for line in lines)
        program = f"""
            compdef() {{ : }}
            compadd() {{ [[ $1 == -- ]] && shift; out+=("$@") }}
            _describe() {{ local i; for i in ${{(P)@[-1]}}; do i=${{${{i//\\\\:/@@}}%%:*}}; out+=("${{i//@@/:}}"); done }}
            _files() {{ out+=(FILES) }}
            source {self.script('zsh')}
            ask() {{
              if [[ $1 == open ]]; then shift; words=(authctl "$@" ""); else words=(authctl "$@"); fi
              CURRENT=$#words; PREFIX=$words[-1]; out=()
              _authctl
              print -rn -- "${{(pj:\\x1f:)out}}"; print $'\\x1f'
            }}
            {asked}"""
        return self.rows(lines, ["zsh", "-f", "-c", program])

    def ask_fish(self, lines):
        program = f"source {self.script('fish')}\n"
        for line in lines:
            typed = line[4:].lstrip() + " " * (line != "open") if line.startswith("open") else line
            program += f"complete -C 'authctl {typed}' | string replace -r '\\t.*' '' | string join \\x1f; echo\n"
        return self.rows(lines, ["fish", "--no-config", "-c", program], blank_between=True)

    def rows(self, lines, argv, blank_between=False):
        done = subprocess.run(argv, env=self.env, cwd=self.home.folder, capture_output=True, timeout=120, check=False)
        self.assertEqual(done.stderr.decode(), "")
        rows = done.stdout.decode().split("\n")
        if blank_between:  # string join prints no line where there is nothing
            rows, answers = [], iter(done.stdout.decode().split("\n"))
            for row in answers:
                rows.append(row)
                if row:
                    next(answers)
        self.assertEqual(len(rows), len(lines) + 1, rows)
        return {line: [w for w in row.split("\x1f") if w] for line, row in zip(lines, rows)}

    def each_shell(self):
        for shell, ask in (("bash", self.ask_bash), ("zsh", self.ask_zsh), ("fish", self.ask_fish)):
            self.assertIsNotNone(shutil.which(shell), f"{shell} is missing: scripts/install-packages test")
            yield shell, ask

    def test_every_noun_verb_and_option_of_the_help_is_offered_and_no_other(self):
        table = commands(self)
        self.assertGreater(len(table), 50)
        nouns = {noun for noun, _ in table}
        lines = {"open": nouns | {"help"}}
        for noun in nouns:
            verbs = {v for n, v in table if n == noun}
            if verbs != {""}:
                lines[f"open {noun}"] = verbs
        for (noun, verb), options in table.items():
            lines[f"{noun} {verb} --".replace("  ", " ")] = options | GLOBALS
        for shell, ask in self.each_shell():
            answers = ask(list(lines))
            for line, expected in lines.items():
                self.assertEqual(set(answers[line]), expected, (shell, line))

    def test_values_are_words_files_or_what_the_store_knows(self):
        kids = self.ok("key", "list", "-q").lines
        lines = {
            "open key generate --use": ["jwt", "fernet"],
            "open --output": ["table", "json", "jsonl"],
            "open -o": ["table", "json", "jsonl"],
            "open user show": ["andrew", "ann", "o'neil+x@example.com"],
            "open role assign": ["andrew", "ann", "o'neil+x@example.com"],
            "open role assign ann": ["editor"],
            "open role assign ann editor": ["editor"],
            "open role grant editor": ["edit:pages", "edit:posts"],
            "open --json role --reason why assign ann": ["editor"],
            "open key show": kids,
            "open help role": [v for n, v in commands(self) if n == "role"],
            "open user create": [],
            "open audit prove": [],
            "open user show ann": [],
            "open user list --limit": [],
        }
        for shell, ask in self.each_shell():
            answers = ask(list(lines))
            for line, expected in lines.items():
                got = [w.replace("\\", "") for w in answers[line]]
                self.assertEqual(sorted(got), sorted(expected), (shell, line))

    def test_an_option_that_was_given_is_not_offered_again_unless_it_may_be(self):
        for shell, ask in self.each_shell():
            once = ask(["user create --email a@b --role editor --"])["user create --email a@b --role editor --"]
            self.assertNotIn("--email", once, shell)
            self.assertIn("--role", once, shell)

    def test_names_come_from_the_store_that_the_line_names(self):
        other = "sqlite:" + self.home.path("other/authctl.db")
        env = {"AUTHCTL_STORE": other, "AUTHCTL_MASTER_KEY_FILE": self.home.path("other.key")}
        self.ok("init", env=env)
        self.ok("user", "create", "zoe", env=env)
        line = f"open --store {other} --master-key-file={self.home.path('other.key')} user show"
        for shell, ask in self.each_shell():
            self.assertEqual(ask([line])[line], ["zoe"], shell)

    def test_names_say_nothing_and_change_nothing_where_there_is_no_store(self):
        missing = self.home.path("missing/authctl.db")
        done = self.run_("__complete", "users", "", "--store", "sqlite:" + missing)
        self.assertEqual((done.code, done.out, done.err), (0, "", ""))
        self.assertFalse(os.path.exists(os.path.dirname(missing)))
        for words in ([], ["nonsense"], ["users", "", "--store"], ["users", "", "--config", "/nonexistent"]):
            done = self.run_("__complete", *words)
            self.assertEqual((done.code, done.err), (0, ""), words)

    def test_among_many_the_store_is_asked_for_those_that_begin_as_typed(self):
        self.ok("user", "import", self.home.write("many.csv", "name\n" + "".join(f"u{i:04}\n" for i in range(3000))))
        for prefix, expected in (("u299", [f"u{i}" for i in range(2990, 3000)]), ("ann", ["ann"]), ("u2999", ["u2999"]), ("zz", [])):
            names = [line.split("\t")[0] for line in self.ok("__complete", "users", prefix).lines]
            self.assertEqual(names, expected)

    def test_a_file_is_completed_where_a_file_is_meant(self):
        lines = ["token verify inner", "token verify --key inner", "token verify --key=inner"]
        answers = self.ask_bash(lines)
        for line in lines:
            self.assertEqual({w.split("=")[-1] for w in answers[line]}, {"inner-file", "inner-folder"}, line)
        answers = self.ask_fish(lines)
        for line in lines:
            self.assertEqual({w.split("=")[-1] for w in answers[line]}, {"inner-file", "inner-folder/"}, line)
        self.assertEqual(self.ask_zsh(lines[:2])[lines[0]], ["FILES"])

    # The keyboard: a tab, and the line that is then run.
    SHOW = "authctl() { [[ $1 == __complete ]] && { command authctl \"$@\"; return; }; printf 'WORDS:'; printf '[%s]' \"$@\"; echo; }"
    TYPED = {
        "us\t": "[user]",
        "role gr\teditor edit:pa\t": "[role][grant][editor][edit:pages]",
        "key generate --use j\t": "[key][generate][--use][jwt]",
        "user show o\\'n\t": "[user][show][o'neil+x@example.com]",
        "token verify inner-fi\t": "[token][verify][inner-file]",
        "token verify --jwks=inner-fi\t": "[token][verify][--jwks=inner-file]",
        "user list --status=dis\t": "[user][list][--status=disabled]",
        "-o tab\t": "[-o][table]",
    }

    def type_and_run(self, argv, setup):
        terminal = Terminal(argv, self.env, self.home.folder)
        try:
            terminal.type(f"{self.SHOW}; {setup}; source {self.script(argv[0])}; echo READ''Y\n")
            terminal.read_until(r"READY\r?\n")
            for line, result in self.TYPED.items():
                terminal.type(f"authctl {line}\n")
                seen = terminal.read_until(r"WORDS:.*\n")
                self.assertIn(f"WORDS:{result}\r\n", seen, line)
        finally:
            terminal.close()

    def test_tab_in_bash_completes_the_word(self):
        self.type_and_run(["bash", "--norc", "--noprofile", "-i"], ":")

    def test_tab_in_zsh_completes_the_word(self):
        self.type_and_run(["zsh", "-f", "-i"], "unsetopt beep; autoload -Uz compinit; compinit -u -D")

    def test_tab_in_fish_completes_the_word(self):
        for line, expected in (("us", "user"), ("role assign ann ed", "editor"), ("key generate --use=j", "--use=jwt")):
            answers = self.ask_fish([line])
            self.assertEqual(answers[line], [expected])


if __name__ == "__main__":
    unittest.main(verbosity=2)
