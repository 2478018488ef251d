"""Pleiade: your own OpenAI, on machines you control.

Importing the package costs nothing and knows nothing: every room is imported where it is needed. What those import in
turn reports to nobody.
"""

import sys

# Without this, importing OpenVINO tells Google Analytics so, from a forked process. Where the network does not answer,
# that is ended by a signal, which the engine takes for its own (docs/decisions/2026-11-22-no-telemetry.md).
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

__version__ = "0.1.0"
