"""The system calls that write, one by one: which ones a command makes, and the same command hit at any one of them.

strace counts the calls of each name for itself, so a step is a name and its number: the third `pwrite64`, the only
`link`. They are read from a run that nothing disturbs and that begins as the others do.
"""
import re

WRITES = ("write pwrite64 writev fsync fdatasync ftruncate rename renameat renameat2 link linkat unlink unlinkat mkdir "
          "mkdirat").split()
CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)")

# What can go wrong at a call of each name.
FAULTS = {
    "signal=KILL": [*WRITES, "openat"],
    "error=ENOSPC": "openat write pwrite64 writev ftruncate rename link mkdir".split(),
    "error=EIO": "write pwrite64 writev fsync fdatasync ftruncate rename link unlink".split(),
    "error=EROFS": "openat ftruncate rename link unlink mkdir".split(),
    "error=EINTR": "write pwrite64 writev fsync fdatasync".split(),
}


class Step:
    """`inside`: it lies between the first page of a transaction in the log and the moment that makes it durable."""

    def __init__(self, name, number, text, inside):
        self.name, self.number, self.text, self.inside = name, number, text, inside

    def __repr__(self):
        return f"{self.name} {self.number}: {self.text[:100]}"


def strace(trace, *options):
    return ("strace", "-f", "-y", "-qq", "-s", "0", "-o", trace, "-e", "trace=openat," + ",".join(WRITES), *options)


def lines_of(trace):
    with open(trace, encoding="utf-8", errors="replace") as f:
        return f.read().splitlines()


def steps_of(trace):
    """Those of a whole run. Of the calls that open a file, only those that may make one write."""
    counts, steps, first_page, durable = {}, [], None, None
    for line in lines_of(trace):
        found = CALL.match(line)
        if not found or "<unfinished" in line:
            continue
        name, text = found.groups()
        counts[name] = counts.get(name, 0) + 1
        if name == "openat" and "O_CREAT" not in text:
            continue
        if "-wal>" in text and name == "pwrite64" and not text.endswith(", 0) = 32"):
            first_page = len(steps) if first_page is None else first_page
        if "-wal>" in text and name == "fdatasync" and first_page is not None and durable is None:
            durable = len(steps)
        steps.append(Step(name, counts[name], text, False))
    if durable is not None:
        for step in steps[first_page + 1:durable + 1]:
            step.inside = True
    return steps


def wrapper_at(trace, step, fault):
    """The command line in front of a command that is hit at this step."""
    return strace(trace, "-e", f"inject={step.name}:{fault}:when={step.number}")


def was_hit(trace):
    text = "\n".join(lines_of(trace))
    return "(INJECTED)" in text or "killed by SIGKILL" in text
