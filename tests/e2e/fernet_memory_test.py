"""Memory stays flat however long a stream of tokens is: it is bound by the longest token, not by how many there are."""
import os
import subprocess
import sys
import threading
import unittest

from harness import BINARY, HomeTest

try:
    from cryptography.fernet import Fernet
except ImportError:
    Fernet = None

STREAM = int(os.environ.get("AUTHCTL_STREAM_MIB", "96"))   # the promise is for 1024
TOKEN = int(os.environ.get("AUTHCTL_STREAM_TOKEN_MIB", "2"))  # and for 64
MAKE = ("import os, sys\nfrom cryptography.fernet import Fernet\n"
        "open(sys.argv[3], 'wb').write(Fernet(sys.argv[1]).encrypt(os.urandom(int(sys.argv[2]))) + b'\\n')")


@unittest.skipIf(os.environ.get("ASAN_OPTIONS"), "a sanitizer keeps what was freed")
@unittest.skipIf(Fernet is None, "SKIPPED: python3-cryptography is not installed")
class FlatMemory(HomeTest):
    initialise = False

    def peak(self, argv, line, times):
        """MiB of the process at its largest, and how many bytes came out. This process must stay small: the kernel counts
        what a child was before it became another program."""
        child = subprocess.Popen([BINARY, *argv], env=self.home.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL)
        out = 0

        def feed():
            for _ in range(times):
                with open(line, "rb") as f:
                    while chunk := f.read(1 << 18):
                        child.stdin.write(chunk)
            child.stdin.close()
        feeder = threading.Thread(target=feed)
        feeder.start()
        while chunk := child.stdout.read(1 << 18):
            out += len(chunk)
        feeder.join()
        child.stdout.close()
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(child.returncode, 0)
        return used.ru_maxrss / 1024, out

    def test_a_longer_stream_takes_no_more(self):
        old, new = Fernet.generate_key(), Fernet.generate_key()
        keys = self.home.write("keys", new + b"\n" + old + b"\n")
        rotate = ("fernet", "rotate", "--key-file", keys, "--jobs", "2")
        for size in (TOKEN << 20, 1 << 10):
            line = self.home.path("line")
            subprocess.run([sys.executable, "-c", MAKE, old, str(size * 3 // 4 - 100), line], check=True)
            length = os.path.getsize(line)
            whole = (STREAM << 20) // length
            short, _ = self.peak(rotate, line, whole // 4)
            full, out = self.peak(rotate, line, whole)
            self.assertEqual(out, whole * length)
            print(f"  tokens of {length} bytes: {short:.0f} MiB for {STREAM // 4} MiB, {full:.0f} MiB for {STREAM} MiB")
            self.assertLess(full, short * 1.25 + 4 * length / 2**20 + 8)


if __name__ == "__main__":
    unittest.main(verbosity=2)
