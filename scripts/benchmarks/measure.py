"""What the benchmarks share: running a program and asking what it took, medians, and goals."""
import os
import statistics
import subprocess
import sys
import time


def run(command, environment={}, accepted=(0,)):
    """Seconds, peak memory in bytes, CPU seconds. wait4 gives the resources of this one child: the peak is that of the
    largest process, itself or one that it waited for. (Less than this Python's own 15 to 20 MB cannot be seen: a
    child begins as a copy of it.)"""
    start = time.monotonic()
    process = subprocess.Popen(command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in accepted:
        sys.exit("bench: %s: exit code %d\n%s" % (" ".join(command), process.returncode, said.decode(errors="replace")))
    return seconds, usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime


class Contender:
    def __init__(self, name, command, environment={}, accepted=(0,)):
        self.name, self.command, self.environment, self.accepted = name, command, environment, accepted
        self.runs = []

    def go(self):
        self.runs.append(run(self.command, self.environment, self.accepted))

    seconds = property(lambda self: statistics.median(r[0] for r in self.runs))
    spread = property(lambda self: "%.3f..%.3f" % (min(r[0] for r in self.runs), max(r[0] for r in self.runs)))
    cpu = property(lambda self: statistics.median(r[2] for r in self.runs))
    peak = property(lambda self: max(r[1] for r in self.runs))
    line = property(lambda self: " ".join(["%s=%s" % item for item in self.environment.items()] + self.command))

    def figures(self):
        return {"runs": len(self.runs), "seconds": self.seconds, "cpu_seconds": self.cpu, "peak_bytes": self.peak,
                "command": self.line}


class Goals:
    def __init__(self):
        self.all = []

    def add(self, text, value, good):
        self.all.append({"goal": text, "value": value, "reached": bool(good)})

    def show(self):
        print("\ngoals:")
        for goal in self.all:
            print("  %-76s %10s  %s" % (goal["goal"], goal["value"], "reached" if goal["reached"] else "MISSED"))

    missed = property(lambda self: [goal for goal in self.all if not goal["reached"]])
