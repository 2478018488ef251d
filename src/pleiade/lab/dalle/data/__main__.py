"""`python -m pleiade.lab.dalle.data --source PACK_FOLDER --out FOLDER [--size 64]`: render drawings for training."""

import argparse
import sys
from pathlib import Path

from pleiade.lab.dalle.data.build import build_large, build_pictures
from pleiade.lab.faults import EXPECTED, told


def main() -> int:
    """Parse the command line and build; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m pleiade.lab.dalle.data", description=__doc__)
    parser.add_argument("--source", type=Path, required=True, help="pack folder, or a folder of SVG and picture files")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("--size", type=int, default=64, help="width and height in pixels (default 64)")
    parser.add_argument(
        "--large",
        type=float,
        default=0.03,
        help="share of them to render four times as large too, for the enlarger; 0 for none (default 0.03)",
    )
    given = parser.parse_args()
    try:
        done = build_pictures(given.source, given.out, size=given.size)
        if given.large:
            build_large(given.source, given.out, size=given.size, share=given.large)
    except EXPECTED as error:
        print(f"error: {told(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped: the same command goes on from here", file=sys.stderr)
        return 130
    print(f"{done.drawings:,} pictures of {done.size} px in {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
