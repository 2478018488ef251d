"""The real hub download against a hub on this machine: resumed, verified, no file too many."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hub_server import COMMIT, Hub, files_of

from pleiade.domain import ModelFormat
from pleiade.registry import RegistryError, fetch_from_hub

MEGABYTE = 1_000_000


@pytest.fixture
def hub(folder: Callable[..., Path], zeros: Callable[..., bytes]) -> Iterator[Hub]:
    """A repository with 4 MB of weights, their pickled copy, and other things that serving does not need."""
    path = folder("upstream")
    (path / "model.safetensors").write_bytes(zeros({"embed": (1000, 1000)}))
    (path / "pytorch_model.bin").write_bytes(b"\x80\x04 pickle")
    (path / "consolidated.safetensors").write_bytes(zeros({"embed": (10, 10)}))
    (path / "onnx").mkdir()
    (path / "onnx" / "model.json").write_text("{}")
    (path / "training.py").write_text("print('no')")
    server = Hub(files_of(path))
    yield server
    server.close()


def test_a_model_arrives_whole_with_only_what_serving_needs(hub: Hub, tmp_path: Path) -> None:
    model = fetch_from_hub("hf:org/toy", tmp_path / "models", endpoint=hub.url)
    assert (model.id, model.source) == ("toy", f"hf:org/toy@{COMMIT}")
    assert (model.parameters, model.licence) == (1_000_000, "Apache-2.0")
    arrived = sorted(path.name for path in Path(model.path).iterdir() if path.is_file())
    assert arrived == ["README.md", "config.json", "model.safetensors", "tokenizer.json"]
    assert (Path(model.path) / "model.safetensors").read_bytes() == hub.files["model.safetensors"]


def test_progress_counts_up_to_all_bytes(hub: Hub, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    fetch_from_hub(
        "hf:org/toy@main", tmp_path, endpoint=hub.url, progress=lambda here, total: seen.append((here, total))
    )
    assert seen[-1][0] == seen[-1][1] > 4 * MEGABYTE
    assert seen == sorted(seen)


def test_a_line_that_goes_dead_is_taken_up_where_it_stopped(hub: Hub, tmp_path: Path) -> None:
    hub.cut_after, hub.cuts = MEGABYTE, 2
    model = fetch_from_hub("hf:org/toy", tmp_path, endpoint=hub.url)
    asked = hub.ranges_of("model.safetensors")
    assert asked == ["", f"bytes={MEGABYTE}-", f"bytes={2 * MEGABYTE}-"]
    assert (Path(model.path) / "model.safetensors").read_bytes() == hub.files["model.safetensors"]


def test_a_server_that_ignores_the_range_is_read_from_the_beginning(hub: Hub, tmp_path: Path) -> None:
    hub.cut_after, hub.cuts, hub.knows_ranges = MEGABYTE, 1, False
    model = fetch_from_hub("hf:org/toy", tmp_path, endpoint=hub.url)
    assert (Path(model.path) / "model.safetensors").read_bytes() == hub.files["model.safetensors"]


def test_a_second_download_of_the_same_model_is_refused_while_the_first_runs(hub: Hub, tmp_path: Path) -> None:
    hub.cut_after, hub.cuts = MEGABYTE, 1
    hub.stall.set()
    first = subprocess.Popen([sys.executable, "-c", FETCH, str(tmp_path), hub.url])
    try:
        _wait_for_partial(tmp_path)
        with pytest.raises(RegistryError, match="another process is downloading org/toy"):
            fetch_from_hub("hf:org/toy", tmp_path, endpoint=hub.url)
    finally:
        first.kill()
        first.wait()


FETCH = """
import sys
from pathlib import Path
from pleiade.registry import fetch_from_hub
fetch_from_hub("hf:org/toy", Path(sys.argv[1]), endpoint=sys.argv[2])
"""


def test_a_download_whose_process_was_killed_goes_on_where_it_stopped(hub: Hub, tmp_path: Path) -> None:
    hub.cut_after, hub.cuts = 3 * MEGABYTE, 1
    hub.stall.set()
    first = subprocess.Popen([sys.executable, "-c", FETCH, str(tmp_path), hub.url])
    _wait_for_partial(tmp_path)
    first.kill()
    first.wait()
    kept = _largest_partial(tmp_path)
    model = fetch_from_hub("hf:org/toy", tmp_path, endpoint=hub.url)
    assert hub.ranges_of("model.safetensors") == ["", f"bytes={kept}-"]
    assert (Path(model.path) / "model.safetensors").read_bytes() == hub.files["model.safetensors"]


def _wait_for_partial(folder: Path) -> None:
    deadline = time.monotonic() + 60
    while _largest_partial(folder) < MEGABYTE:
        assert time.monotonic() < deadline, "nothing arrived"
        time.sleep(0.02)


def _largest_partial(folder: Path) -> int:
    return max((path.stat().st_size for path in folder.rglob("*.partial")), default=0)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_file_that_arrives_changed_is_removed_and_named(hub: Hub, tmp_path: Path, name: str) -> None:
    hub.damaged.add(name)
    with pytest.raises(RegistryError, match=f"{name} arrived with a wrong checksum"):
        fetch_from_hub("hf:org/toy", tmp_path, endpoint=hub.url)
    hub.damaged.clear()
    assert fetch_from_hub("hf:org/toy", tmp_path, endpoint=hub.url).parameters == 1_000_000


def test_one_gguf_of_several_must_be_named_and_comes_alone(
    hub: Hub, tmp_path: Path, gguf_file: Callable[..., Path]
) -> None:
    content = gguf_file().read_bytes()
    hub.files = {"toy-q4.gguf": content, "toy-q8.gguf": content, "README.md": b"a card"}
    with pytest.raises(RegistryError, match=r"name one: .*toy-q4\.gguf, toy-q8\.gguf"):
        fetch_from_hub("hf:org/toy", tmp_path, endpoint=hub.url)
    with pytest.raises(RegistryError, match=r"no file toy-q2\.gguf; it has: toy-q4\.gguf"):
        fetch_from_hub("hf:org/toy/toy-q2.gguf", tmp_path, endpoint=hub.url)
    model = fetch_from_hub("hf:org/toy/toy-q8.gguf@main", tmp_path, endpoint=hub.url)
    assert (model.id, model.format) == ("toy-q8", ModelFormat.GGUF)
    assert not hub.ranges_of("toy-q4.gguf")


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("hf:org/other", "the hub has no model hf:org/other.*HF_TOKEN"),
        ("hf:org/toy@nowhere", "not that revision"),
        ("hf:toy", "is not hf:org/name"),
        ("hf:org/toy/../../etc", "is not hf:org/name"),
    ],
)
def test_what_the_hub_does_not_have_is_named(hub: Hub, tmp_path: Path, spec: str, says: str) -> None:
    with pytest.raises(RegistryError, match=says):
        fetch_from_hub(spec, tmp_path, endpoint=hub.url)


def test_a_gated_model_says_how_to_get_it(hub: Hub, tmp_path: Path) -> None:
    hub.gated = True
    with pytest.raises(RegistryError, match=r"gated: accept its terms.*HF_TOKEN"):
        fetch_from_hub("hf:org/toy", tmp_path, endpoint=hub.url)


def test_a_repository_without_servable_weights_is_named(hub: Hub, tmp_path: Path) -> None:
    hub.files = {"config.json": b"{}", "pytorch_model.bin": b"\x80"}
    with pytest.raises(RegistryError, match="no safetensors and no GGUF"):
        fetch_from_hub("hf:org/toy", tmp_path, endpoint=hub.url)


def test_a_hub_that_cannot_be_reached_is_named(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"could not be downloaded.*PLEIADE_HF_ENDPOINT"):
        fetch_from_hub("hf:org/toy", tmp_path, endpoint="http://127.0.0.1:1")


def test_a_disk_that_is_too_small_is_told_before_the_download(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: _Usage())
    with pytest.raises(RegistryError, match="are needed in"):
        fetch_from_hub("hf:org/toy", tmp_path, endpoint=hub.url)
    assert not hub.ranges_of("model.safetensors")


class _Usage:
    free = 1000
