"""Engines report to nobody: OpenVINO's own telemetry leaves an identity in the home of whoever it reports on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

GRAPHS = "import pleiade.engines.text_openvino.network, pleiade.engines.embed_openvino.encoder"


def left_behind(program: str, home: Path) -> list[str]:
    """Files in an empty home after a program; the variables by which telemetry knows a CI service are not set."""
    home.mkdir()
    plain = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH") if name in os.environ}
    subprocess.run([sys.executable, "-c", program], env={**plain, "HOME": str(home)}, check=True)
    return sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())


@pytest.mark.parametrize("program", [GRAPHS, "import pleiade.doctor.examine, openvino"])
def test_importing_the_runtime_reports_nothing(tmp_path: Path, program: str) -> None:
    assert left_behind(program, tmp_path / "home") == []
