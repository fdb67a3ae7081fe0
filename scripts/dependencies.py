"""Checks what is locked: complete, in step, hashed, installed as locked, licensed, and free of known weaknesses.

`python -m scripts.dependencies` needs no network: the last check reads `requirements/advisories.toml`. Where the
vulnerability services answer, pip-audit and `npm audit` are asked too, and what they find fails it.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
LOCKS = ("dev.txt", "node.txt")
"""In `requirements/`; each is made from a file `.in` beside it, `dev.txt` from pyproject.toml with its extra too."""

ALLOWED = {
    "0BSD", "Apache-2.0", "BSD-1-Clause", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0", "BSL-1.0", "CC-BY-3.0",
    "CC-BY-4.0", "CC0-1.0", "CNRI-Python", "HPND", "ISC", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0",
    "Python-2.0", "Unlicense", "Zlib", "Apache-2.0 WITH LLVM-exception",
    # the compiler's run-time library inside some wheels: the exception lets anything use it
    "GPL-3.0-only WITH GCC-exception-3.1", "GPL-3.0-or-later WITH GCC-exception-3.1",
}  # fmt: skip
"""Licences of what may be used to run or build this, by their SPDX names."""
WORDS = (r"apache", r"\bmit\b", r"bsd", r"mpl|mozilla", r"psf|python software foundation", r"\bisc\b", r"hpnd")
"""What packages that do not use SPDX names write."""
SERVICE_S = 120


@dataclass(frozen=True, slots=True)
class Pin:
    """One locked package: its version, where it applies, and how many files of it are known by their hash."""

    name: str
    version: Version
    marker: Marker | None
    hashes: int

    @property
    def here(self) -> bool:
        """Whether it is for this Python and system."""
        return self.marker is None or self.marker.evaluate()


def read_lock(text: str) -> list[Pin]:
    """The pins of a lock file in pip's format. ValueError for a line that pins nothing."""
    pins = []
    for line in re.sub(r"\s*\\\n\s*", " ", text).splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        found = re.fullmatch(r"([\w.-]+)==([\w.+!-]+)(?: ; ([^#]*?))?((?: --hash=sha256:[0-9a-f]{64})*)", line.strip())
        if found is None:
            raise ValueError(f"{line.strip()[:80]!r} is no exact version with its SHA-256 hashes")
        name, version, marker, hashes = found.groups()
        pin = Pin(canonicalize_name(name), Version(version), Marker(marker) if marker else None, hashes.count("--hash"))
        pins.append(pin)
    return pins


def unhashed(pins: Iterable[Pin]) -> Iterator[str]:
    """Pins that any file could stand in for."""
    for pin in pins:
        if pin.hashes == 0:
            yield f"{pin.name} {pin.version} has no hash"


def out_of_step(pins: Iterable[Pin], wanted: Iterable[Requirement]) -> Iterator[str]:
    """What is wanted and not locked, or locked in a version that is not wanted."""
    locked = {pin.name: pin for pin in pins if pin.here}
    for each in wanted:
        if each.marker is not None and not each.marker.evaluate({"extra": ""}):
            continue
        pin = locked.get(canonicalize_name(each.name))
        if pin is None:
            yield f"{each} is not locked: run `make lock`"
        elif not each.specifier.contains(pin.version, prereleases=True):
            yield f"{each} is locked at {pin.version}: run `make lock`"


def wanted_of(project: dict[str, Any], extra: str, more: str = "") -> list[Requirement]:
    """What a project's base and one of its extras need, and what is listed line by line."""
    lines = [*project["dependencies"], *project["optional-dependencies"][extra], *more.split("\n")]
    return [Requirement(line) for line in lines if line.strip()]


def incomplete(pins: Iterable[Pin], found: dict[str, Distribution]) -> Iterator[str]:
    """What the locked packages need in turn, as far as they are installed, and the lock has not."""
    locked = [pin for pin in pins if pin.here]
    for pin in locked:
        if pin.name in found:
            needs = [Requirement(line) for line in found[pin.name].requires or ()]
            yield from (f"{pin.name} needs {problem}" for problem in out_of_step(locked, needs))


def not_as_locked(pins: Iterable[Pin], found: dict[str, Distribution]) -> Iterator[str]:
    """Packages that are installed in another version than the locked one, or not at all."""
    for pin in pins:
        if pin.here and pin.name not in found:
            yield f"{pin.name} {pin.version} is locked, and not installed: run `make setup`"
        elif pin.here and Version(found[pin.name].version) != pin.version:
            yield f"{pin.name} {pin.version} is locked, and {found[pin.name].version} installed: run `make setup`"


def known_bad(versions: Iterable[tuple[str, str]], advisories: Iterable[dict[str, str]]) -> Iterator[str]:
    """Packages in a version with a known weakness."""
    listed = list(advisories)
    for name, version in versions:
        for each in listed:
            if each["package"] == name and SpecifierSet(each["versions"]).contains(version, prereleases=True):
                yield f"{name} {version}: {each['id']}, {each['what']}"


def licence_of(found: Distribution) -> str:
    """What a package says of its licence: an SPDX expression, or else its classifiers and words."""
    told = found.metadata.get_all("License-Expression") or []
    classified = [line for line in found.metadata.get_all("Classifier") or [] if line.startswith("License ::")]
    words = (found.metadata.get_all("License") or [""])[0].strip().split("\n")[0]
    return told[0] if told else "; ".join(filter(None, [*classified, words]))


def allowed(licence: str) -> bool:
    """Whether a licence may be used. Of several joined by OR one has to be allowed, of AND all.

    >>> allowed("MIT OR GPL-3.0-only"), allowed("MIT AND GPL-3.0-only"), allowed("OSI Approved :: MIT License")
    (True, False, True)
    """
    try:
        spdx = canonicalize_license_expression(licence)
    except InvalidLicenseExpression:
        return "GPL" not in licence and any(re.search(pattern, licence, re.IGNORECASE) for pattern in WORDS)
    words = re.findall(r"[()]|[^\s()]+(?: WITH [^\s()]+)?", spdx)
    meant = " ".join(word.lower() if word in ("AND", "OR", "(", ")") else str(word in ALLOWED) for word in words)
    return _holds(ast.parse(meant, mode="eval").body)


def _holds(node: ast.expr) -> bool:
    if isinstance(node, ast.BoolOp):
        return (all if isinstance(node.op, ast.And) else any)(map(_holds, node.values))
    return isinstance(node, ast.Constant) and node.value is True


def npm_problems(lock: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the page's package-lock.json."""
    for path, each in lock["packages"].items():
        name = path.rpartition("node_modules/")[2]
        if not path or each.get("link"):
            continue
        if not str(each.get("integrity", "")).startswith("sha512-"):
            yield f"{name} has no SHA-512 integrity: run `npm install` in web/"
        if not allowed(str(each.get("license", ""))):
            yield f"{name} has the licence {each.get('license')!r}, which is not allowed"


def npm_versions(lock: dict[str, Any]) -> list[tuple[str, str]]:
    """The page's packages with their versions."""
    return [(path.rpartition("node_modules/")[2], each["version"]) for path, each in lock["packages"].items() if path]


# --- the services -----------------------------------------------------------------------------------------------------


def ask_pip_audit(lock: Path, probe: str) -> list[str] | None:
    """What pip-audit finds in a lock; None where its service does not answer. `probe` is one line that PyPI knows."""
    asked = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--progress-spinner=off", "-f", "json"]
    try:
        first = subprocess.run([*asked, "-r", "/dev/stdin"], input=probe, check=False, **_QUIET)
        if not first.stdout or any("skip_reason" in each for each in json.loads(first.stdout)["dependencies"]):
            return None
        done = subprocess.run([*asked, "-r", str(lock)], check=False, **_QUIET)
        told = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return None
    return [f"{each['name']} {each['version']}: {bad['id']}" for each in told for bad in each.get("vulns", ())]


def ask_npm(web: Path) -> list[str] | None:
    """What `npm audit` finds; None where there is no npm, or its service does not answer."""
    npm = shutil.which("npm")
    if npm is None:
        return None
    try:
        done = subprocess.run([npm, "audit", "--json", "--package-lock-only"], cwd=web, check=False, **_QUIET)
        told = json.loads(done.stdout)["vulnerabilities"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return None
    return [f"{name}: {each['severity']}" for name, each in told.items()]


_QUIET: dict[str, Any] = {"capture_output": True, "text": True, "timeout": SERVICE_S}


def installed(pins: Iterable[Pin]) -> dict[str, Distribution]:
    """Those of the locked packages that are installed."""
    found = {}
    for pin in pins:
        try:
            found[pin.name] = distribution(pin.name)
        except PackageNotFoundError:
            continue
    return found


def problems() -> Iterator[str]:
    """Everything that can be told without a network."""
    where = ROOT / "requirements"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    advisories = tomllib.loads((where / "advisories.toml").read_text("utf-8"))
    dev, node = (read_lock((where / name).read_text("utf-8")) for name in LOCKS)
    found = installed(dev)
    yield from unhashed([*dev, *node])
    yield from out_of_step(dev, wanted_of(project, "dev", (where / "dev.in").read_text("utf-8")))
    yield from out_of_step(node, [Requirement((where / "node.in").read_text("utf-8").strip())])
    yield from incomplete(dev, found)
    yield from not_as_locked(dev, found)
    yield from known_bad([(pin.name, str(pin.version)) for pin in [*dev, *node]], advisories["python"])
    for name, each in found.items():
        if not allowed(licence_of(each)):
            yield f"{name} has the licence {licence_of(each)!r}, which is not allowed"
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text("utf-8"))
    yield from npm_problems(lock)
    yield from known_bad(npm_versions(lock), advisories["npm"])


def main() -> int:
    """Print what is wrong, and which services were asked; the exit status."""
    wrong = list(problems())
    lock = ROOT / "requirements" / "dev.txt"
    services = {
        "pip-audit": lambda: ask_pip_audit(lock, "pyjwt==2.3.0\n"),
        "npm audit": lambda: ask_npm(ROOT / "web"),
    }
    for name, ask in services.items():
        told = ask()
        if told is None:
            print(f"{name}: its service does not answer here; requirements/advisories.toml has to do")
        else:
            print(f"{name}: {len(told)} known weaknesses")
            wrong += told
    for line in wrong:
        print(line, file=sys.stderr)
    print("Dependencies: " + (f"{len(wrong)} problems" if wrong else "locked, hashed, licensed, none known to be weak"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
