"""A program at the other end of a pseudo-terminal of 80 by 24."""
import codecs
import fcntl
import os
import pty
import re
import select
import struct
import termios
import time


class Terminal:
    def __init__(self, argv, env, folder, rows=24, columns=80):
        self.decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")  # a read may end within a character
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.chdir(folder)
            os.execvpe(argv[0], argv, env)

    def read_until(self, pattern, seconds=20):
        """What came until the pattern fits it; a program that says nothing more is a failure."""
        seen, end = "", time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    seen += self.decoder.decode(os.read(self.fd, 65536))
                except OSError:
                    break
            if re.search(pattern, seen):
                return seen
        raise AssertionError(f"no {pattern!r} in {seen!r}")

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self, seconds=20):
        """Everything until the program ends, and its exit status."""
        seen, end = "", time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    data = os.read(self.fd, 65536)
                except OSError:
                    data = b""
                if not data:
                    os.close(self.fd)
                    return seen, os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
                seen += self.decoder.decode(data)
        raise AssertionError(f"it goes on after {seen!r}")

    def close(self):
        os.close(self.fd)
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
