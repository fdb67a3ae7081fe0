"""`python -m foryou.media DIRECTORY` renders scripts that come in as JSON lines, and says the name of each when it is
there, and how many bytes it has: a process of its own, so that rendering takes no time from serving."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec

from foryou.media.render import render
from foryou.media.script import Script

GENTLE = 5
"""How far (nice) everything else goes first."""


def main(directory: Path) -> None:
    """Until there are no more lines."""
    os.nice(GENTLE)
    for line in sys.stdin:
        script = msgspec.json.decode(line, type=Script)
        size = 0 if script.is_in(directory) else render(directory, script)
        print(f"{script.name} {size}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
