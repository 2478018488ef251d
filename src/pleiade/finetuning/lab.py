"""Where the lab is: the Python that trains, and what to type where there is none."""

import importlib.util
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

from pleiade.finetuning.errors import RefusedError

NEEDED = ("torch", "trl", "peft")
BESIDE = (".venv-lab", ".venv-dev")  # environments beside the server's own, as the Makefile makes them
_CHECK = f"import importlib.util as u, sys; sys.exit(not all(u.find_spec(n) for n in {(*NEEDED, 'pleiade.lab')!r}))"
ADD = (
    "add the lab with `make install-lab` (or `pip install 'pleiade[lab]'`), or name a Python that has it in "
    "PLEIADE_LAB_PYTHON"
)


def lab_python(setting: str) -> str:
    """The Python that has the lab: the one that is set, else this one, else one beside it. Raises RefusedError."""
    if setting:
        if not _has_lab(setting):
            raise RefusedError(
                f"PLEIADE_LAB_PYTHON={setting} has no lab (torch, trl, peft): {ADD}.", status=503, code="lab_missing"
            )
        return setting
    if all(importlib.util.find_spec(name) for name in NEEDED):
        return sys.executable
    for folder in BESIDE:
        python = Path(sys.prefix).parent / folder / "bin" / "python"
        if python.is_file() and _has_lab(str(python)):
            return str(python)
    raise RefusedError(
        f"Nothing can be trained here, for the lab is not installed: {ADD}.", status=503, code="lab_missing"
    )


@lru_cache(maxsize=8)
def _has_lab(python: str) -> bool:
    """Looked at once in the life of a process: somebody who adds a lab restarts the server."""
    try:
        return subprocess.run([python, "-c", _CHECK], capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
