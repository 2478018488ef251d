"""One file over HTTP, taken up where it stopped.

The hub library lists, authenticates and explains, but its present version downloads into a new temporary file
each time and removes it on failure: 15 GB that were cut would begin again. Hence these lines of ours.
"""

import os
import time
from pathlib import Path

ATTEMPTS = 6  # in a row without a byte; the waits between them add up to half a minute
FIRST_WAIT_S = 0.5
CONNECT_S = 15.0
SILENCE_S = 30.0  # a line without a byte for this long is dead


def download(url: str, target: Path, size: int) -> None:
    """Fetch `url` (`size` bytes) into `target`, by way of `target`.partial, which a later call goes on with.

    Raises huggingface_hub's HfHubHTTPError, httpx2.TransportError or OSError where it cannot.
    """
    if target.is_file() and target.stat().st_size == size:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    failures = 0
    while (here := _size(partial)) != size:
        if here > size:  # not this file's beginning
            partial.unlink()
            here = 0
        failure = _attempt(url, partial, here)
        failures = 0 if _size(partial) > here else failures + 1
        if failures >= ATTEMPTS:
            raise failure or ConnectionError(f"{url} ends before its {size:,} bytes")
        if failures:
            time.sleep(FIRST_WAIT_S * 2 ** (failures - 1))
    os.replace(partial, target)


def _size(path: Path) -> int:
    """Bytes in a file; -1 = there is none (an empty file must arrive too)."""
    return path.stat().st_size if path.exists() else -1


def _attempt(url: str, partial: Path, here: int) -> Exception | None:
    """Append what comes to `partial`; None if the body ended well, else the failure worth another attempt."""
    import httpx2
    from huggingface_hub import get_session
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status  # type: ignore[attr-defined]

    headers = {**build_hf_headers(), "accept-encoding": "identity"}
    if here > 0:
        headers["range"] = f"bytes={here}-"
    timeout = httpx2.Timeout(SILENCE_S, connect=CONNECT_S)
    try:
        with get_session().stream("GET", url, headers=headers, timeout=timeout, follow_redirects=True) as response:
            hf_raise_for_status(response)
            whole = response.status_code == 200  # the server gives all of it, whatever we asked for
            with partial.open("wb" if whole else "ab") as file:
                for chunk in response.iter_raw():
                    file.write(chunk)
    except httpx2.TransportError as error:
        return error
    except HfHubHTTPError as error:
        if error.response.status_code == 429 or error.response.status_code >= 500:
            return error
        raise
    return None
