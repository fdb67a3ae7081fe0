"""A real server process that starts within a fraction of a second: forked from one that has everything loaded.

It is `foryou serve` in all but that: its own process, its own files, a socket, and nothing left of it after a kill.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from foryou.client import Client, connect
from foryou.core.errors import BackendError

PATIENCE_S = 120

NURSERY = """
import os, signal, sys
from foryou import cli
from foryou.app import Engine
from foryou.client import in_process
from foryou.settings import DataSettings, Settings

engine = Engine.open(Settings(data=DataSettings(url="memory:")))  # whatever is compiled on first use is there
client = in_process(engine)
client.events([{"id": f"v{n}", "kind": "video", "video": f"v{n}", "author": "a", "duration": 9.0} for n in range(20)])
slate = client.feed("u", n=5)
client.events([
    {"id": f"{kind}{n}", "kind": kind, "viewer": "u", "video": f"v{n}", "request": slate.request, **more}
    for n in range(5) for kind, more in (("impression", {}), ("watch", {"seconds": 9.0}), ("like", {}))
])
while engine.work(): pass
engine.close()
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("ready", flush=True)
for line in sys.stdin:
    stderr, *arguments = line.rstrip("\\n").split("\\t")
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(os.open(stderr, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), 2)
        sys.stdin.close()
        sys.argv = ["foryou", *arguments]
        try:
            cli.main()
        except SystemExit as end:
            os._exit(int(end.code or 0))
        os._exit(0)
    print(child, flush=True)
"""


@dataclass
class Nursery:
    """The process that the servers are forked from."""

    process: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("FORYOU_")}
        clean |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", NURSERY],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=clean,
        )  # fmt: skip
        assert self._line() == "ready"

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def fork(self, stderr: Path, *arguments: str) -> int:
        """The id of a new process that runs `foryou` with these arguments."""
        assert self.process.stdin is not None
        self.process.stdin.write("\t".join([str(stderr), *arguments]) + "\n")
        self.process.stdin.flush()
        return int(self._line())

    def close(self) -> None:
        self.process.kill()
        self.process.wait(30)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


@dataclass
class Server:
    """`foryou serve` on a directory, as often as it is started."""

    nursery: Nursery
    data: Path
    said: Path
    pid: int = 0
    url: str = ""

    def start(self) -> Client:
        """Start it; a client once it answers."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.pid = self.nursery.fork(self.said, "serve", "--data", str(self.data), "--port", str(port))
        client, until = connect(self.url, timeout_s=20), time.monotonic() + PATIENCE_S
        while True:
            try:
                client.viewer("nobody")
                return client
            except BackendError:
                if not self.runs or time.monotonic() > until:
                    raise AssertionError("the server did not start:\n" + self.said.read_text("utf-8")) from None
                time.sleep(0.01)

    @property
    def runs(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Signal it, and wait until it is gone."""
        os.kill(self.pid, how)
        until = time.monotonic() + PATIENCE_S
        while self.runs:
            assert time.monotonic() < until, "the server does not end"
            time.sleep(0.005)
