"""Words from outside are data, wherever they are typed: no name, filter or page goes into SQL as anything else. CWE-89."""
import sqlite3
import unittest
import urllib.parse

from harness import needs_postgresql, own_database, psql
from server_harness import ServerTest

# Each means more than itself to something between the command line and a table: a quote, a wildcard, a parameter, an escape.
WORDS = ("x' OR '1'='1", "x' OR 1=1 --", 'x" OR "a"="a', "x'; DROP TABLE user_account; --", "x') UNION SELECT name, id FROM user_account --",
         "%", "_", "a%", "ann' --", "$1", "?1", ":name", "\\", "\\'", "x\\' OR 1=1 --", "';", "/*", "*/ OR 1=1", "ann\\", "E'\\x27'", "0x616e6e")
# {} is the word. What nobody is called finds nobody, or nothing is found: never everything, and nothing is changed.
READS = (("user", "show", "{}"), ("user", "list", "--role", "{}"), ("user", "list", "--after", "zz{}"), ("user", "list", "--status", "{}"),
         ("user", "list", "--scheme", "{}"), ("role", "show", "{}"), ("permission", "check", "ann", "{}"), ("permission", "check", "{}", "read:posts"),
         ("permission", "check", "ann", "delete:posts", "--on", "post/{}"), ("permission", "who", "{}"), ("permission", "explain", "{}", "read:posts"),
         ("key", "show", "{}"), ("key", "list", "--use", "{}"), ("session", "list", "--user", "{}"), ("session", "show", "{}"),
         ("lockout", "show", "{}"), ("lockout", "list", "--after", "zz{}"), ("audit", "query", "--actor", "{}"), ("audit", "query", "--target", "{}"),
         ("audit", "query", "--action", "x{}"), ("audit", "query", "--outcome", "{}"), ("audit", "query", "--ip", "{}"), ("client", "show", "{}"))
WRITES = (("user", "delete", "{}", "--yes"), ("user", "disable", "{}"), ("user", "revoke-all", "{}"), ("role", "delete", "{}", "--yes"),
          ("role", "revoke", "{}", "editor"), ("role", "revoke", "ann", "{}"), ("permission", "revoke", "editor", "{}"), ("session", "revoke", "{}", "--yes"),
          ("session", "revoke", "--user", "{}", "--yes"), ("token", "revoke", "--jti", "{}"), ("token", "revoke", "--user", "{}", "--yes"),
          ("lockout", "clear", "{}"), ("client", "delete", "{}", "--yes"), ("key", "revoke", "{}", "--yes"))


class Injection(ServerTest):
    def setUp(self):
        super().setUp()
        self.ok("user", "create", "bob", "--email", "bob@example.com")

    def tables(self):
        with sqlite3.connect(f"file:{self.home.store}?mode=ro", uri=True) as db:
            names = [name for name, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
            return {name: sorted(map(repr, db.execute(f'SELECT * FROM "{name}"'))) for name in names}

    def contents(self):
        """Of every table but those that a refusal is counted and logged in."""
        spare = ("audit_", "lockout_counter", "rate_limit", "refusal_tally")
        found = {name: rows for name, rows in self.tables().items() if not name.startswith(spare)}
        self.assertEqual(len(found["user_account"]), 2)
        return found

    @staticmethod
    def filled(argv, word):
        return [one.replace("{}", word) for one in argv]

    def test_no_command_takes_a_word_for_more_than_it_is(self):
        before = self.contents()
        for word in WORDS:
            for argv in READS:
                result = self.run_(*self.filled(argv, word), "--json", timeout=20)
                with self.subTest(argv=argv, word=word):
                    self.assertIn(result.code, (0, 2, 3, 4), repr(result))
                    self.assertNotIn("bob", result.out, repr(result))
                    self.assertNotIn("internal", result.err, repr(result))
            for argv in WRITES:
                result = self.run_(*self.filled(argv, word), timeout=20)
                with self.subTest(argv=argv, word=word):
                    self.assertIn(result.code, (0, 2, 3), repr(result))
        self.assertEqual(self.contents(), before)
        self.ok("audit", "verify")

    def test_a_part_of_a_name_is_no_pattern(self):
        for word, found in (("a%", []), ("_nn", []), ("%", []), ("nn", ["ann"]), ("bob@", ["bob"]), ("'", [])):
            names = [user["name"] for user in self.ok("user", "list", "--match", word, "--json").json]
            self.assertEqual([n for n in names if n in ("ann", "bob")], found, word)

    def test_no_request_takes_a_word_for_more_than_it_is(self):
        server = self.serve()
        token, before = self.token(), self.contents()
        for word in WORDS:
            text = urllib.parse.quote(word, safe="")
            answer = server.ask("GET", f"/auth/verify?permission=delete:posts&resource=post/{text}", headers=self.bearer(token))
            self.assertIn(answer.status, (400, 403, 422), word)
            self.assertIn(server.ask("GET", f"/auth/verify?permission={text}", headers=self.bearer(token)).status, (400, 403, 422), word)
            for body in ({"username": word, "password": self.PASSWORD}, {"username": "ann", "password": word}):
                self.assertIn(server.ask("POST", "/auth/login", body).status, (400, 401, 422, 429), word)
            self.assertEqual(server.ask("GET", "/auth/me", headers={"Authorization": "Bearer " + text}).status, 401, word)
        self.assertEqual(self.contents(), before)
        self.assertEqual([e for e in server.events() if e["event"] == "request.failed"], [])


@needs_postgresql
class InjectionOnPostgresql(Injection):
    def make_home(self):
        home = super().make_home()
        home.env["AUTHCTL_STORE"] = self.database = own_database(self)
        return home

    def tables(self):
        names = psql("SELECT tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1", self.database).split()
        return {name: sorted(psql(f'SELECT * FROM "{name}"', self.database).splitlines()) for name in names}


if __name__ == "__main__":
    unittest.main()
