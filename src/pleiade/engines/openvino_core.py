"""How engines open OpenVINO: in a thread of its own, so that its signal stack stays nobody's.

On CPUs with AMX the runtime's CPU plugin gives an alternate signal stack to the thread that loads it, and takes it back
in the thread that drops the last model. Where these are two threads, the first keeps a stack whose memory is gone, and
the next signal that Python handles there (SIGTERM, Ctrl-C) ends the process with a segmentation fault.
"""

from concurrent.futures import ThreadPoolExecutor

import openvino as ov


def open_core() -> ov.Core:
    """A core with the CPU plugin loaded. Raises RuntimeError where the runtime cannot load it."""
    with ThreadPoolExecutor(1, "openvino") as thread:
        return thread.submit(_with_cpu).result()


def _with_cpu() -> ov.Core:
    core = ov.Core()
    core.get_property("CPU", "FULL_DEVICE_NAME")  # what loads the plugin
    return core
