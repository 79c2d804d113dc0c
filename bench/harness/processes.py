"""What the kernel knows of processes: CPU time, memory, their children."""

import os
import threading
import time

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def _stat(pid):
    """The fields of /proc/PID/stat after the command's name; the first is the state."""
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()


def _children():
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                children.setdefault(int(_stat(name)[1]), []).append(int(name))
            except OSError:
                pass  # It ended while we looked.
    return children


def tree(root):
    """The process and all it started."""
    children, found, todo = _children(), set(), [root]
    while todo:
        pid = todo.pop()
        if pid not in found:
            found.add(pid)
            todo += children.get(pid, [])
    return found


def cpu_seconds(pids):
    """User and system time of the processes so far, ended threads included."""
    ticks = 0
    for pid in pids:
        try:
            fields = _stat(pid)
            ticks += int(fields[11]) + int(fields[12])
        except OSError:
            pass
    return ticks / TICKS_PER_SECOND


def rss_mib(pids):
    """Resident memory of the processes."""
    pages = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/statm") as file:
                pages += int(file.read().split()[1])
        except OSError:
            pass
    return pages * PAGE_BYTES / 2**20


def wait_until_calm(pids, limit=30.0):
    """Waits until the processes have stopped working, at most `limit` seconds.

    What a gateway puts off during a burst (rows to store, logs to write) is part of the burst's price,
    and must not run into the next target's measurement.
    """
    end = time.monotonic() + limit
    while time.monotonic() < end:
        before = cpu_seconds(pids)
        time.sleep(0.3)
        if cpu_seconds(pids) - before <= 1.5 / TICKS_PER_SECOND:
            return True
    return False


class PeakMemory:
    """The most memory the processes had while the block ran, sampled each 100 ms."""

    def __init__(self, pids):
        self.mib = 0.0
        self._pids = pids
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self):
        while not self._done.wait(0.1):
            self.mib = max(self.mib, rss_mib(self._pids))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()
