"""`pleiade version`."""

import platform

from pleiade import __version__
from pleiade.cli.common import JsonOption, print_json


def version(as_json: JsonOption = False) -> None:
    """Print the version of Pleiade and of what it runs on."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    parts = {"pleiade": __version__, "python": platform.python_version(), "platform": platform.platform()}
    for package in ("openvino", "xllamacpp", "starlette", "torch"):
        try:
            parts[package] = installed(package)
        except PackageNotFoundError:
            parts[package] = ""
    if as_json:
        print_json(parts)
        return
    for name, value in parts.items():
        print(f"{name:10} {value or 'not installed'}")
