"""What is measured: the mock alone, the floor, wayleave. Started, asked, stopped."""

import http.client
import os
import signal
import subprocess
import time

from . import processes

PATH = "/v1/chat/completions"
START_TIMEOUT = 60


class Target:
    """A process that answers chat requests on a port of the loopback interface."""

    def __init__(self, name, port, command, *, key=None, env=None, cpu=None, log=None):
        self.name = name
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.pids = set()
        self.key = key
        self.command = command
        self._env = {**os.environ, **(env or {})}
        self._cpu = cpu
        self._log = log
        self._process = None

    def headers(self):
        """The request headers beside the content type, as `name: value` lines."""
        return [f"authorization: Bearer {self.key}"] if self.key else []

    def post(self, body, timeout=30):
        """One request on a connection of its own: (status, body)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        headers = {"content-type": "application/json"}
        headers.update(line.split(": ", 1) for line in self.headers())
        try:
            connection.request("POST", PATH, body.encode(), headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def start(self, body, extra_arguments=()):
        """Starts the process; the seconds from there to its first good answer."""
        begin = time.monotonic()
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                [*self.command, *extra_arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._env,
                start_new_session=True,
                preexec_fn=pinned_to(self._cpu),
            )
        problem = self._first_answer(begin + START_TIMEOUT, body)
        took = time.monotonic() - begin
        if problem:
            self.stop()
            raise RuntimeError(
                f"{self.name} gave no answer: {problem}\n{self.log_tail()}"
            )
        self.pids = processes.tree(self._process.pid)
        return took

    def _first_answer(self, deadline, body):
        problem = "not asked"
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                return f"exited with {self._process.returncode}"
            try:
                status, answer = self.post(body, timeout=5)
                if status == 200:
                    return None
                problem = f"status {status}: {answer[:300]!r}"
            except (OSError, http.client.HTTPException) as error:
                problem = repr(error)
            time.sleep(0.002)
        return problem

    def log_tail(self):
        """The last lines the process wrote."""
        with open(self._log, "rb") as log:
            return log.read()[-2000:].decode("utf8", "replace")

    def stop(self):
        """Ends the process politely, then not."""
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(15)
        except ProcessLookupError:
            self._process.wait()
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None


def pinned_to(cpu):
    """A function for the child, before it becomes its command."""
    return None if cpu is None else lambda: os.sched_setaffinity(0, {cpu})
