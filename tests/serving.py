"""A real `foryou serve` in a process of its own, and sockets that talk to it as no client would."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from foryou.client import Client, connect
from foryou.core.errors import BackendError

PATIENCE_S = 90
"""A first start compiles kernels."""


@dataclass
class Server:
    """`foryou serve` on a directory, as often as it is started; `settings` as in the environment."""

    data: str
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    said: list[str] = field(default_factory=list)

    def launch(self) -> None:
        """Start it, and wait for nothing."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = "import sys; from foryou.cli import main; sys.argv[0] = 'foryou'; main()"
        arguments = ["serve", "--data", self.data, "--port", str(self.port)]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("FORYOU_")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", command, *arguments], stderr=subprocess.PIPE, env={**clean, **self.settings}
        )
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()

    def start(self) -> Client:
        """Start it; a client once it answers."""
        self.launch()
        assert self.process is not None
        client = connect(self.url)
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                client.viewer("nobody")
                return client
            except BackendError:
                if self.process.poll() is not None or time.monotonic() > until:
                    raise AssertionError("the server did not start:\n" + "".join(self.said)) from None
                time.sleep(0.05)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr is not None
        with process.stderr as said:
            self.said.extend(line.decode() for line in said)

    def stop(self, how: signal.Signals) -> int:
        """The exit status, as `subprocess` has it."""
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(30)

    def end(self) -> None:
        """Whatever it does."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)

    def socket(self, timeout_s: float = 20.0) -> socket.socket:
        """A connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout_s)

    def memory(self) -> int:
        """What it has of the machine's memory, bytes."""
        assert self.process is not None
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{self.process.pid}/status").read_text())
        assert found is not None
        return 1024 * int(found[1])


@dataclass(frozen=True)
class Answer:
    """An answer as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> str:
        """What is wrong, in an answer of the shape that all errors have."""
        error = json.loads(self.body)["error"]
        assert set(error) == {"field", "problem", "expected"}
        return f"{error['field']} {error['problem']}"


def everything(connection: socket.socket) -> bytes:
    """What comes until the other side hangs up, or resets."""
    parts: list[bytes] = []
    try:
        while part := connection.recv(1 << 16):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def answers(said: bytes) -> list[Answer]:
    """The answers in it, each with a length."""
    found: list[Answer] = []
    while said:
        head, _, rest = said.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        status, length = int(lines[0].split()[1]), int(headers.get("content-length", "0"))
        if status != 100:
            found.append(Answer(status, headers, rest[:length]))
        said = rest[length:] if status != 100 else rest
    return found


def exchange(connection: socket.socket, *parts: bytes) -> Answer:
    """Send, and read the one answer until the connection ends; what cannot be sent any more is not."""
    with connection:
        try:
            for part in parts:
                connection.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            pass
        (answer,) = answers(everything(connection))
    return answer
