"""Peers to measure beside: each in its own environment under .venv-peers/, installed on first use."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def install(name: str, *requirements: str) -> Path:
    """The bin folder of .venv-peers/`name` with `requirements` installed. Raises SystemExit if pip cannot."""
    folder = ROOT / ".venv-peers" / name
    done = folder / ".installed"
    wanted = "\n".join(requirements)
    if done.exists() and done.read_text() == wanted:
        return folder / "bin"
    print(f"installing {', '.join(requirements)} into {folder.relative_to(ROOT)} …", flush=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    answer = subprocess.run([*pip, "install", "-q", *requirements], capture_output=True, text=True)
    if answer.returncode:
        raise SystemExit(
            f"{name} could not be installed, and a claim about a peer is measured beside it or not at all.\n"
            f"pip said: {answer.stderr.strip()[-600:]}\n"
            f"Mend the network or the index of pip, or fill {folder} by hand; then run this again."
        )
    done.write_text(wanted)
    return folder / "bin"


def has_module(bin_folder: Path, module: str) -> bool:
    """Whether an environment can import `module` (found, not imported)."""
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    return subprocess.run([str(bin_folder / "python"), "-c", code]).returncode == 0
