"""The runtime leaves the signals of this process alone."""

import subprocess
import sys

# The main thread opens the core, another drops the last model, then the main thread gets a signal. The process dies of
# it (on CPUs with AMX) if the runtime has left its signal stack there.
DROPPED_ELSEWHERE = """
import os, signal, threading
import numpy as np, openvino as ov, openvino.opset13 as op
from pleiade.engines.openvino_core import open_core
x = op.parameter([1, 4], np.float32)
models = [open_core().compile_model(ov.Model([op.relu(x)], [x], "toy"), "CPU")]
dropping = threading.Thread(target=models.clear)
dropping.start()
dropping.join()
signal.signal(signal.SIGTERM, lambda *_: print("asked to stop"))
os.kill(os.getpid(), signal.SIGTERM)
"""


def test_a_signal_after_the_last_model_was_dropped_elsewhere_is_handled() -> None:
    ran = subprocess.run([sys.executable, "-c", DROPPED_ELSEWHERE], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "asked to stop\n"), ran.stderr
