"""The README's three snippets are taken from it and run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from serving import ROOT, Server

README = (ROOT / "README.md").read_text()


def snippet(language: str, word: str) -> str:
    """The one code block of the README in `language` that holds `word`."""
    blocks = re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)
    found = [block for block in blocks if word in block]
    assert len(found) == 1, f"README.md must have one {language} block with {word!r}, it has {len(found)}"
    return str(found[0])


def run(server: Server, home: Path, argv: list[str], text: str) -> str:
    """What a snippet prints, in a home folder whose .pleiade is the server's, on the server's port."""
    (home / ".pleiade").symlink_to(server.home)
    text = text.replace("http://127.0.0.1:8000", server.url)
    assert server.url in text
    environment = {**os.environ, "HOME": str(home)}
    done = subprocess.run([*argv, text], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("client", ["import OpenAI", "import AzureOpenAI"])
def test_the_sdk_snippets_print_an_answer(server: Server, tmp_path: Path, client: str) -> None:
    assert run(server, tmp_path, [sys.executable, "-c"], snippet("python", client)).strip()


def test_the_curl_snippet_streams_an_answer(server: Server, tmp_path: Path) -> None:
    printed = run(server, tmp_path, ["bash", "-c"], snippet("bash", "curl"))
    assert printed.startswith("data: {")
    assert printed.rstrip().endswith("data: [DONE]")
