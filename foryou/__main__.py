"""`python -m foryou` is `foryou`."""

from __future__ import annotations

from foryou.cli import main

if __name__ == "__main__":
    main()
