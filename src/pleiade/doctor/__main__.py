"""`python -m pleiade.doctor [--bundle FILE]`: the report as JSON, for programs; settings come from PLEIADE_*.

A process of its own, since some checks load what an engine loads: whoever asks stays as small as they were.
"""

import argparse
import sys
from pathlib import Path

import msgspec

from pleiade.doctor.bundle import make_bundle
from pleiade.doctor.examine import examine
from pleiade.doctor.findings import report


def main(arguments: list[str] | None = None) -> int:
    """Examine, print, and write the bundle where one is asked for; always 0: what is wrong is in the report."""
    parser = argparse.ArgumentParser(prog="python -m pleiade.doctor", description="Examine an installation.")
    parser.add_argument("--bundle", type=Path, help="write a bundle for whoever helps to this file")
    options = parser.parse_args(arguments)
    findings = examine(None, None)
    if options.bundle is not None:
        options.bundle.write_bytes(make_bundle(findings, None))
    sys.stdout.write(msgspec.json.encode(report(findings)).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
