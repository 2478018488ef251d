"""Asking an engine on this machine whether it can answer: one GET, in plain asyncio."""

import asyncio
from collections.abc import Mapping


async def status_of(port: int, path: str, headers: Mapping[str, str], timeout_s: float) -> int:
    """HTTP status of GET http://127.0.0.1:`port``path`; 0 where nobody answers in time or not in HTTP."""
    try:
        async with asyncio.timeout(timeout_s):
            return await _get(port, path, headers)
    except (OSError, TimeoutError, ValueError, IndexError, asyncio.LimitOverrunError):
        return 0


async def _get(port: int, path: str, headers: Mapping[str, str]) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        lines = [f"GET {path} HTTP/1.1", f"host: 127.0.0.1:{port}", "connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        status_line = await reader.readline()
        return int(status_line.split()[1])
    finally:
        writer.close()
