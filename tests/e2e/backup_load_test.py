"""A backup while the server is under full write load: whatever the server had acknowledged before it began is in it.

AUTHCTL_LOAD_BACKUPS: how many (3)."""
import os
import threading
import time
import unittest

from backup_test import BackupTest

BACKUPS = int(os.environ.get("AUTHCTL_LOAD_BACKUPS", "3"))
CLIENTS = 3


class UnderLoad(BackupTest):
    def refresh(self, server, name):
        """Refreshes as fast as it is answered; each answer is counted when it is there."""
        client = server.client()
        client.timeout = 120
        token = self.tokens[name]
        while not self.over.is_set():
            answer = server.ask("POST", "/auth/refresh", {"refresh_token": token}, client=client)
            if answer.status != 200:
                self.failures.append(answer)
                return
            token = answer.json["refresh_token"]
            self.acknowledged[name] += 1
        client.close()

    def sign_in(self, server, name):
        self.ok("user", "create", name, "--password-stdin", stdin=self.PASSWORD)
        while name not in self.tokens:
            answer = server.ask("POST", "/auth/login?mode=token", {"username": name, "password": self.PASSWORD})
            if answer.status == 200:
                self.tokens[name] = answer.json["refresh_token"]

    def logged(self, env):
        """How many refreshes of each session are in the log."""
        counts = {}
        rows = self.ok("audit", "query", "--action", "session.refresh", "--limit", "1000000", "--json", env=env).json
        for row in rows:
            counts[row["actor"]] = counts.get(row["actor"], 0) + 1
        return counts

    def test_what_the_server_acknowledged_before_it_began_is_in_it(self):
        server = self.serve(env={"AUTHCTL_LIMIT_REFRESH": "1000000/1m"})
        names = [f"load{i}" for i in range(CLIENTS)]
        self.tokens, self.acknowledged, self.failures = {}, dict.fromkeys(names, 0), []
        self.over = threading.Event()
        for name in names:
            self.sign_in(server, name)
        ids = {self.ok("user", "show", name, "-q").out.strip(): name for name in names}
        threads = [threading.Thread(target=self.refresh, args=(server, name)) for name in names]
        for thread in threads:
            thread.start()
        try:
            for i in range(BACKUPS):
                goal = sum(self.acknowledged.values()) + 60
                while sum(self.acknowledged.values()) < goal and not self.failures:
                    time.sleep(0.005)
                before = dict(self.acknowledged)
                self.file = self.home.path(f"{i}.backup")
                self.ok("backup", "create", self.file)
                env = self.place(f"copy{i}")
                self.restore(env=env)
                self.sound(env)
                logged = {ids.get(actor.removeprefix("user:"), actor): n for actor, n in self.logged(env).items()}
                for name in names:
                    self.assertGreaterEqual(logged.get(name, 0), before[name], (logged, before))
        finally:
            self.over.set()
            for thread in threads:
                thread.join()
        self.assertEqual(self.failures, [])
        print(f"  {BACKUPS} backups beside {sum(self.acknowledged.values())} acknowledged refreshes: none lost")
        self.sound()


if __name__ == "__main__":
    unittest.main(verbosity=2)
