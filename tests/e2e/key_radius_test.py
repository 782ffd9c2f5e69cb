"""What hangs on a key, before it goes: tokens, clients, and who has not fetched its successor."""
import time
import unittest

from server_harness import ServerTest


class Radius(ServerTest):
    def test_what_ends_with_a_key_is_said_before_and_after(self):
        self.ok("token", "issue", "ann")
        kid = self.ok("key", "list", "--use", "jwt", "-q").lines[0]
        in_use = self.ok("key", "plan", "--use", "jwt", "--json").json["in_use"]
        self.assertEqual([(key["live_tokens"], key["live_sessions"], key["clients"]) for key in in_use], [(1, 0, [])])
        self.ok("key", "rotate", "--use", "jwt", "-q")
        question = self.home.run("key", "revoke", kid)
        self.assertEqual(question.code, 2)
        self.assertIn("1 live token, 0 sessions and 0 clients", question.err)
        looked = self.home.run("key", "revoke", kid, "--dry-run")
        self.assertIn("ended with it: 1 live token", looked.err)
        self.assertIn("ended with it: 1 live token", self.home.run("key", "revoke", kid, "--yes").err)

    def test_who_has_not_fetched_the_successor_is_named_until_they_have(self):
        def behind():
            return [row["network"] for row in self.ok("key", "plan", "--use", "jwt", "--json").json["jwks_readers_behind"]]
        server = self.serve()
        server.ask("GET", "/.well-known/jwks.json")
        time.sleep(3)
        self.assertEqual(behind(), [])  # there is no successor
        self.ok("key", "generate", "--use", "jwt", "-q")
        self.assertEqual(behind(), ["127.0.0.1"])
        self.assertIn("127.0.0.1", self.ok("key", "plan", "--use", "jwt").out)
        time.sleep(0.2)
        server.ask("GET", "/.well-known/jwks.json")
        end = time.monotonic() + 20
        while behind() and time.monotonic() < end:
            time.sleep(0.2)
        self.assertEqual(behind(), [])
        self.ok("audit", "verify")


if __name__ == "__main__":
    unittest.main(verbosity=2)
