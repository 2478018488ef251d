"""Objects: what was put is read until it expires, wherever it is kept."""

import stat
from pathlib import Path

import pytest

from pleiade.store.object_storage import Objects, ObjectsError


@pytest.fixture(params=["folder", "fsspec"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    """A store in a folder, and one of fsspec's."""
    return Objects(str(tmp_path / "kept") if request.param == "folder" else f"memory://{tmp_path}/kept")


def test_what_was_put_is_read_until_it_is_deleted(objects: Objects) -> None:
    assert objects.sweep(0) == 0
    name = objects.put(b"\x00picture", "png", 2_000_000_000)
    other = objects.put(b"another", "webp", 2_000_000_000)
    assert objects.get(name) == b"\x00picture"
    objects.delete(name)
    objects.delete(name)
    assert objects.get(name) is None
    assert objects.get(other) == b"another"


def test_sweeping_removes_what_has_expired_and_nothing_else(objects: Objects) -> None:
    old, young = objects.put(b"old", "png", 1_000_000_000), objects.put(b"young", "png", 1_000_000_060)
    assert objects.sweep(1_000_000_000) == 1
    assert objects.get(old) is None
    assert objects.get(young) == b"young"


@pytest.mark.parametrize("name", ["", "..", "../secret", "/etc/passwd", "2000000000-x.png", "a\0b", "."])
def test_a_name_that_is_not_ours_opens_nothing(objects: Objects, name: str) -> None:
    assert objects.get(name) is None
    objects.delete(name)


def test_a_folder_is_its_owners_alone_and_other_files_stay(tmp_path: Path) -> None:
    objects = Objects(str(tmp_path / "kept"))
    name = objects.put(b"x", "png", 1_000_000_000)
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "kept" / name).stat().st_mode) == 0o600
    (tmp_path / "kept" / "notes.txt").write_text("mine")
    assert objects.sweep(3e9) == 1
    assert (tmp_path / "kept" / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("root", ["{file}/kept", "nosuchthing://bucket"])
def test_a_store_that_cannot_be_used_says_what_to_do(tmp_path: Path, root: str) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ObjectsError, match=r"Make room|cannot be opened"):
        Objects(root.format(file=tmp_path / "file")).put(b"x", "png", 1)
