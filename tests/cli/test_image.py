"""`pleiade image` asks a real server over HTTP and writes what it gets; nothing that is there is lost."""

import base64
import functools
import io
import json
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engines.toy_pictures import toy_pictures
from engines.worker_process import TOKEN, Worker
from pleiade.cli.image_preview import Preview, drawn, way_of
from pleiade.provenance import Claim, identity, sign

Shell = Any  # tests/cli/conftest.py


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    with toy_pictures(tmp_path_factory.mktemp("toy")) as worker:
        yield worker


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toy: Worker) -> Path:
    """An empty folder to stand in, and the environment of OpenAI's own clients."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("PLEIADE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("OPENAI_BASE_URL", f"{toy.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", TOKEN)
    return folder


def run(*words: str) -> Any:
    from typer.testing import CliRunner

    from pleiade.cli import app

    return CliRunner().invoke(app, ["image", *words])


def refused(*words: str) -> str:
    result = run(*words)
    assert result.exit_code == 1, result.output
    assert result.stderr.startswith("pleiade: ")
    assert "Traceback" not in result.stderr
    return result.stderr


def photo(path: Path, size: tuple[int, int] = (20, 10)) -> Path:
    Image.new("RGB", size, (9, 200, 40)).save(path)
    return path


def test_a_picture_is_named_by_its_prompt_and_the_next_one_takes_the_next_name(here: Path) -> None:
    assert run("generate", "red").stdout == "red.png (seed 0)\n"
    assert run("generate", "red", "--seed", "5").stdout == "red-2.png (seed 5)\n"
    assert run("generate", "Un château, la nuit").stdout == "un-chateau-la-nuit.png (seed 0)\n"
    assert run("generate", "猫").stdout == "picture.png (seed 0)\n"
    assert Image.open(here / "red.png").getpixel((3, 3)) == (255, 0, 0, 255)


def test_every_option_reaches_the_server(here: Path) -> None:
    said = json.loads(
        run("generate", "blue", "--n", "2", "--size", "64x48", "--seed", "7", "--format", "webp", "--json").stdout
    )
    assert [(item["path"], item["seed"]) for item in said] == [("blue.webp", 7), ("blue-2.webp", 8)]
    with Image.open(here / "blue-2.webp") as made:
        assert (made.format, made.size) == ("WEBP", (64, 48))
    assert "'low', 'medium', 'high'" in refused("generate", "red", "--quality", "fine")
    assert "'transparent', 'opaque' and 'auto'" in refused("generate", "red", "--background", "striped")
    assert "'vivid' and 'natural'" in refused("generate", "red", "--style", "gothic")
    assert "from 16 to 2048" in refused("generate", "red", "--size", "1023x7")
    assert "output_compression" in refused("generate", "red", "--compression", "101")
    assert "'n'" in refused("generate", "red", "--n", "11")
    assert set(os.listdir(here)) == {"blue.webp", "blue-2.webp"}


def test_the_suffix_says_the_format(here: Path) -> None:
    run("generate", "red", "--out", "a.jpg")
    run("generate", "red", "--out", "a.svg")
    with Image.open("a.jpg") as made:
        assert made.format == "JPEG"
    assert Path("a.svg").read_bytes().startswith(b"<svg")
    assert "change one of them" in refused("generate", "red", "--out", "b.png", "--format", "webp")


def test_what_is_there_is_never_written_over_without_force(here: Path) -> None:
    Path("mine.png").write_bytes(b"precious")
    assert "--force" in refused("generate", "red", "--out", "mine.png")
    assert Path("mine.png").read_bytes() == b"precious"
    assert run("generate", "red", "--out", "mine.png", "--force").exit_code == 0
    assert Path("mine.png").read_bytes() != b"precious"
    run("generate", "red", "--n", "2", "--out", "two.png")
    assert "two-1.png, two-2.png" in refused("generate", "red", "--n", "2", "--out", "two.png")


def test_a_folder_and_stdout_are_places_too(here: Path) -> None:
    Path("out").mkdir()
    run("generate", "red", "--out", "out")
    assert Image.open("out/red.png").size == (32, 32)
    assert Image.open(io.BytesIO(run("generate", "red", "--out", "-").stdout_bytes)).size == (32, 32)
    assert "only one" in refused("generate", "red", "--out", "-", "--n", "2")
    assert "make it first" in refused("generate", "red", "--out", "nowhere/a.png")


def test_pictures_are_edited_enlarged_and_varied(here: Path) -> None:
    photo(here / "photo.png")
    Image.new("RGBA", (20, 10), (0, 0, 0, 0)).save("mask.png")
    assert run("edit", "photo.png", "--prompt", "a red hat", "--mask", "mask.png").stdout == "a-red-hat.png (seed 0)\n"
    assert run("edit", "photo.png", "photo.png", "-p", "both").exit_code == 0
    assert run("vary", "photo.png", "--n", "2").stdout == "photo-varied.png (seed 0)\nphoto-varied-2.png (seed 1)\n"
    run("outpaint", "photo.png", "--left", "256", "--prompt", "red", "--out", "wide.png")
    with Image.open("wide.png") as made:
        assert made.size == (276, 10)
        assert made.getpixel((100, 5)) == (255, 0, 0, 255)
        assert made.getpixel((260, 5)) == (9, 200, 40, 255)


@pytest.mark.parametrize(
    ("how", "size", "corner"),
    [(["--left", "12", "--top", "2"], (32, 12), (12, 2)), (["--size", "48x32"], (48, 32), (14, 11))],
)
def test_a_server_without_outpainting_is_asked_to_edit_a_larger_canvas(
    here: Path, how: list[str], size: tuple[int, int], corner: tuple[int, int]
) -> None:
    photo(here / "photo.png")
    assert run("outpaint", "photo.png", *how, "-p", "unheard of", "--out", "a.png").exit_code == 0
    with Image.open("a.png") as made:
        assert made.size == size
        assert made.getpixel(corner) == (9, 200, 40, 255)
        assert made.getpixel((corner[0] - 1, corner[1])) == (0, 128, 0, 255)  # what the server painted
    assert "at least the picture's 20x10" in refused("outpaint", "photo.png", "--size", "16x16", "-p", "unheard of")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["generate", "forbidden"], "This prompt is not allowed."),
        (["generate", ""], "prompt"),
        (["generate", "nonsense"], "no base64"),
        (["generate", "red", "--key", "wrong"], "OPENAI_API_KEY"),
        (["generate", "red", "--url", "http://127.0.0.1:9/v1"], "nobody answers at http://127.0.0.1:9/v1"),
        (["generate", "red", "--url", "ftp://host"], "is no URL"),
        (["edit", "no-such.png", "-p", "x"], "no-such.png: No such file"),
        (["vary", "."], ".: Is a directory"),
        (["outpaint", "photo.png", "-p", "x"], "--left"),
        (["outpaint", "photo.png", "-p", "x", "--left", "8", "--size", "64x64"], "--left"),
        (["outpaint", "photo.png", "-p", "x", "--left", "-8"], "left"),
    ],
)
def test_what_goes_wrong_is_told_in_one_sentence_and_leaves_no_file(here: Path, words: list[str], said: str) -> None:
    photo(here / "photo.png")
    assert said in refused(*words)
    assert os.listdir(here) == ["photo.png"]


def test_a_wrong_url_is_told(here: Path, toy: Worker) -> None:
    assert "Invalid URL" in refused("generate", "red", "--url", toy.url + "/nowhere")


def test_without_a_server_the_way_to_one_is_told(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL")
    assert "pleiade up" in refused("generate", "red")
    assert not (here.parent / ".pleiade").exists()  # asking makes no home


def test_pictures_that_a_server_keeps_behind_urls_are_fetched(here: Path, tmp_path: Path) -> None:
    photo(tmp_path / "kept.png")
    handler = functools.partial(QuietHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as store:
        threading.Thread(target=store.serve_forever, daemon=True).start()
        at = f"at http://127.0.0.1:{store.server_port}"
        assert run("generate", f"{at}/kept.png", "--out", "got.png").exit_code == 0
        assert "answers 404" in refused("generate", f"{at}/gone.png", "--out", "b.png")
        store.shutdown()
    assert Path("got.png").read_bytes() == (tmp_path / "kept.png").read_bytes()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def in_terminal(*words: str, **env: str) -> str:
    """What a person sees on a terminal of their own."""
    ours, theirs = pty.openpty()
    argv = [str(Path(sys.executable).parent / "pleiade"), "image", *words]
    process = subprocess.Popen(argv, stdout=theirs, stderr=theirs, stdin=theirs, env={**os.environ, **env})
    os.close(theirs)
    seen = b""
    try:
        while part := os.read(ours, 65536):
            seen += part
    except OSError:  # Linux's way to say that the other end is closed
        pass
    os.close(ours)
    process.wait()
    return seen.decode()


def test_a_terminal_shows_partial_pictures_and_then_the_whole_one(here: Path) -> None:
    seen = in_terminal("generate", "red", TERM="xterm", COLORTERM="truecolor")
    assert seen.count("\033[16A\r") == 3  # three partials, each overdrawn by the next
    assert "\033[38;2;255;0;0;48;2;255;0;0m▀" in seen
    assert "red.png (seed 0)" in seen


def test_a_stream_that_breaks_is_an_error_and_no_file(here: Path) -> None:
    assert "pleiade: The lamp broke." in in_terminal("generate", "breaks", TERM="xterm", COLORTERM="truecolor")
    assert os.listdir(here) == []


def test_what_came_before_a_stream_broke_is_kept(here: Path) -> None:
    seen = in_terminal("generate", "breaks", "--n", "4", TERM="xterm", COLORTERM="truecolor")
    assert "3 of 4 in" in seen
    assert "pleiade: The lamp broke." in seen
    assert set(os.listdir(here)) == {"breaks.png", "breaks-2.png", "breaks-3.png"}


@contextmanager
def server_that(makes: list[Any], meanwhile: Callable[[], object] = lambda: None) -> Iterator[str]:
    """The address of a server that answers with these items, and does something while it makes them."""

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            meanwhile()
            body = json.dumps({"created": 1, "data": makes}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


def coded(text: str) -> dict[str, str]:
    return {"b64_json": base64.b64encode(text.encode()).decode()}


def test_a_name_that_is_taken_while_pictures_are_made_is_passed_over(here: Path) -> None:
    with server_that([coded("one"), coded("two")], lambda: Path("red.png").write_text("of another run")) as url:
        assert run("generate", "red", "--n", "2", "--url", url).stdout == "red-2.png\nred-3.png\n"
    assert [Path(f"red{k}.png").read_text() for k in ("", "-2", "-3")] == ["of another run", "one", "two"]


def test_a_picture_that_cannot_be_written_costs_no_other_one(here: Path) -> None:
    with server_that([coded("one"), coded("two"), coded("three")], lambda: Path("a-2.png").mkdir()) as url:
        result = run("generate", "red", "--n", "3", "--out", "a.png", "--url", url)
    assert (result.exit_code, result.stdout) == (1, "a-1.png\na-3.png\n")
    assert "pleiade: a-2.png: File exists; the picture is not kept" in result.stderr
    assert (Path("a-1.png").read_text(), Path("a-3.png").read_text()) == ("one", "three")


@pytest.mark.parametrize("lost", [{"url": "http://127.0.0.1:9/gone.png"}, {"b64_json": "~~~"}])
def test_a_picture_that_cannot_be_had_costs_no_other_one(here: Path, lost: dict[str, str]) -> None:
    with server_that([coded("one"), lost, coded("three")]) as url:
        result = run("generate", "red", "--n", "3", "--url", url)
    assert (result.exit_code, result.stdout) == (1, "red.png\nred-2.png\n")
    assert "pleiade: " in result.stderr
    assert (Path("red.png").read_text(), Path("red-2.png").read_text()) == ("one", "three")


def test_fewer_pictures_than_were_asked_for_are_kept_and_told(here: Path) -> None:
    with server_that([coded("one")]) as url:
        assert "made 1 of 2 pictures" in run("generate", "red", "--n", "2", "--url", url).stderr
    assert os.listdir(here) == ["red.png"]


def test_no_terminal_gets_no_picture(here: Path) -> None:
    assert "\033" not in run("generate", "red").output


@pytest.mark.parametrize(
    ("environ", "way"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "ghostty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iterm2"),
        ({"TERM": "screen-256color", "TERM_PROGRAM": "iTerm.app", "TMUX": "x"}, "blocks256"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "blocks"),
        ({"TERM": "xterm-kitty", "NO_COLOR": ""}, ""),
        ({"TERM": "dumb"}, ""),
        ({}, ""),
    ],
)
def test_the_terminal_tells_how_it_draws(environ: dict[str, str], way: str) -> None:
    assert way_of(environ) == way


def test_half_blocks_are_two_pixels_a_cell_and_nothing_where_it_is_clear() -> None:
    picture = Image.new("RGBA", (2, 4), (0, 0, 255, 255))
    picture.putpixel((0, 0), (0, 0, 0, 0))
    picture.putpixel((1, 2), (0, 0, 0, 0))
    picture.putpixel((1, 3), (0, 0, 0, 0))
    blue, first = "2;0;0;255", "\033[0;38;2;0;0;255m▄"
    assert drawn(picture, 2, 2, "blocks") == (
        f"{first}\033[38;{blue};48;{blue}m▀\033[0m\033[K\n\033[38;{blue};48;{blue}m▀\033[0m \033[0m\033[K\n"
    )
    assert "\033[38;5;21;48;5;21m▀" in drawn(picture, 2, 2, "blocks256")


def test_graphics_are_sent_as_their_terminals_read_them() -> None:
    import re

    picture = Image.effect_noise((128, 128), 90).convert("RGBA")
    kitty = drawn(picture, 8, 4, "kitty")
    pieces = re.findall(r"\033_G([^;]*);([^\033]*)\033\\", kitty)
    assert [head for head, _ in pieces[:2]] == ["a=T,f=100,i=1,q=2,c=8,r=4,m=1", "m=1"]
    assert pieces[-1][0] == "m=0"
    assert all(len(piece) <= 4096 for _, piece in pieces)
    sent = Image.open(io.BytesIO(base64.b64decode("".join(piece for _, piece in pieces))))
    assert sent.tobytes() == picture.tobytes()
    found = re.search(
        r"\033]1337;File=inline=1;width=8;height=4;preserveAspectRatio=0:(.*)\a", drawn(picture, 8, 4, "iterm2")
    )
    assert found
    assert Image.open(io.BytesIO(base64.b64decode(found[1]))).size == (128, 128)


@pytest.mark.parametrize("data", [b"", b"<svg/>", b"\x89PNG\r\n\x1a\nbroken"])
def test_what_cannot_be_drawn_is_no_fault(data: bytes) -> None:
    stream = io.StringIO()
    Preview(stream, "blocks").show(data)
    assert stream.getvalue() == ""


def test_verify_says_where_a_picture_comes_from(here: Path, shell: Shell) -> None:
    plain = photo(here / "plain.png")
    claim = Claim(
        model="pleiade-image", prompt="a \033[2Jcat", seed=3, created=1_790_000_000, organisation_name="Lumière"
    )
    signed = here / "signed.png"
    signed.write_bytes(sign(plain.read_bytes(), "png", claim, identity(shell.home)))
    said = shell.ok("image", "verify", str(signed))
    assert "signed by this Pleiade, and unchanged since" in said
    assert "model         pleiade-image" in said
    assert "seed          3" in said
    assert "prompt        a  [2Jcat" in said  # and not the escape that clears the screen
    (told,) = shell.json("image", "verify", str(signed))
    assert (told["good"], told["ours"], told["claim"]["prompt"]) == (True, True, "a \033[2Jcat")
    assert "does not know" in run("verify", str(signed), "--home", str(here / "other")).stdout
    assert not (here / "other").exists()

    changed = bytearray(signed.read_bytes())
    changed[-30] ^= 1
    (here / "changed.png").write_bytes(changed)
    for file, verdict in (("changed.png", "CHANGED"), ("plain.png", "not signed"), ("note.txt", "not a picture")):
        (here / "note.txt").write_text("hello")
        result = shell("image", "verify", str(here / file))
        assert result.exit_code == 1
        assert verdict in result.stdout
    assert "no-such" in shell.fails("image", "verify", str(here / "no-such.png"))
