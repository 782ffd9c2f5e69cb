"""A failure of the server's own: what the client is told, what the log says, and that it goes on. ASVS 16.5.1 to 16.5.4."""
import sqlite3
import time
import unittest

from server_harness import ServerTest


class Failures(ServerTest):
    def break_store(self, sql):
        with sqlite3.connect(self.home.store) as db:
            db.execute(sql)
        db.close()

    def test_a_failure_tells_the_client_a_number_and_the_log_the_rest(self):
        server = self.serve()
        login = {"username": "ann", "password": self.PASSWORD}
        self.assertEqual(server.ask("POST", "/auth/login", login).status, 200)  # the store is open: nobody looks at its tables again
        self.break_store("ALTER TABLE refresh_token RENAME TO elsewhere")
        answer = server.ask("POST", "/auth/login", login)
        self.assertEqual((answer.status, answer.json), (500, {"error": "Internal error"}))
        self.assertEqual(answer.headers["x-content-type-options"], "nosniff")
        self.assertNotIn("refresh_token", str(answer.all_headers))
        failed = server.wait_for("request.failed")
        self.assertEqual(failed["request"], answer.headers["x-request-id"])
        self.assertEqual((failed["method"], failed["path"], failed["code"]), ("POST", "/auth/login", "internal"))
        self.assertIn("refresh_token", failed["message"])
        self.assertNotIn(self.PASSWORD, "\n".join(server.lines))
        again = server.ask("POST", "/auth/login", login)
        self.assertNotEqual(again.headers["x-request-id"], answer.headers["x-request-id"])

        # Where the feed found the store strange meanwhile, it looks again twice a second.
        self.break_store("ALTER TABLE elsewhere RENAME TO refresh_token")
        end = time.monotonic() + 10
        while (answer := server.ask("POST", "/auth/login", login)).status == 503 and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(answer.status, 200)
        self.assertEqual(server.stop(), 0)

    def test_a_decision_that_cannot_be_made_is_a_refusal(self):
        server = self.serve()
        token = self.token()
        self.break_store("ALTER TABLE role_assignment RENAME TO elsewhere")
        answer = server.ask("GET", "/auth/verify?permission=read:posts", headers=self.bearer(token))
        self.assertIn(answer.status, (500, 503))
        self.assertNotIn("x-authctl-user", answer.headers)
        self.assertEqual(server.wait_for("request.failed")["request"], answer.headers["x-request-id"])


if __name__ == "__main__":
    unittest.main()
