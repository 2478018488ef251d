"""One reader for every place and format; what is broken is counted or named, and never loaded whole."""

import bz2
import gzip
import io
import json
import lzma
import tracemalloc
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from fsspec.implementations.local import LocalFileSystem
from s3_server import s3_bucket

from pleiade.lab.data.python_sources import list_packages, permissive, read_package
from pleiade.lab.data.reader import Reader, list_inputs

TEXTS = ["Un été à la mer.", "A winter at sea.", "Encore un.", "And one more."]
LINES = "".join(json.dumps({"id": str(number), "text": text}) + "\n" for number, text in enumerate(TEXTS)).encode()


def read(address: str, root: Path = Path(), field: str = "text", limit: int = 1 << 20) -> list[str]:
    return [d.text for file in list_inputs(address, root) for d in Reader(file, field, limit)]


def parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"id": ["0", "1", "2", "3"], "text": TEXTS}), out, row_group_size=2)
    return out.getvalue()


FORMATS = {
    "a.jsonl": LINES,
    "a.jsonl.xz": lzma.compress(LINES),
    "a.jsonl.gz": gzip.compress(LINES),
    "a.jsonl.bz2": bz2.compress(LINES),
    "a.jsonl.zst": zstandard.compress(LINES[:60]) + zstandard.compress(LINES[60:]),  # frames end to end
    "a.parquet": parquet(),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_texts(tmp_path: Path, name: str) -> None:
    (tmp_path / "set" / "deep").mkdir(parents=True)
    (tmp_path / "set" / "deep" / name).write_bytes(FORMATS[name])
    (tmp_path / "set" / "SOURCE.txt").write_text("licence: none")
    (tmp_path / "set" / ".hidden.jsonl").write_text("no")
    (tmp_path / "linked").symlink_to(tmp_path / "set")
    assert read("set", tmp_path) == read("linked", tmp_path) == TEXTS
    assert read(str(tmp_path / "set" / "deep" / name)) == TEXTS


@pytest.mark.parametrize("error", [KeyboardInterrupt, PermissionError])
def test_what_ends_the_look_for_a_place_is_no_absence(monkeypatch: pytest.MonkeyPatch, error: type) -> None:
    def look(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(LocalFileSystem, "info", look)
    with pytest.raises(error):
        list_inputs("anywhere", Path())


def test_a_plain_text_is_a_document_and_a_long_one_is_cut_at_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\n\nthree", "utf-8")
    (tmp_path / "b.md").write_text("# four", "utf-8")
    assert read(".", tmp_path) == ["one\ntwo\n\nthree", "# four"]
    monkeypatch.setattr("pleiade.lab.data.reader.TEXT_PIECE_BYTES", 6)
    assert read("a.txt", tmp_path) == ["one\ntwo\n", "\nthree"]


def test_addresses_go_through_fsspec() -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe("/corpus/a.jsonl.gz", FORMATS["a.jsonl.gz"])
    try:
        assert read("memory://corpus") == TEXTS
        assert read("memory://corpus/a.jsonl.gz") == TEXTS
        with pytest.raises(FileNotFoundError, match="memory://nowhere does not exist"):
            read("memory://nowhere")
    finally:
        memory.rm("/corpus", recursive=True)
    with pytest.raises(ValueError, match="nosuch://x cannot be read"):
        read("nosuch://x")


def test_a_bucket_is_read_over_the_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ACCESS_KEY_ID": "k", "SECRET_ACCESS_KEY": "s", "EC2_METADATA_DISABLED": "true"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    with s3_bucket("bucket", {f"set/{name}": body for name, body in FORMATS.items()}) as address:
        query = f"?endpoint_override={address}&scheme=http&region=us-east-1"
        assert read(f"s3://bucket/set{query}") == TEXTS * len(FORMATS)
        assert read(f"s3://bucket/set/a.jsonl.xz{query}") == TEXTS
        with pytest.raises(FileNotFoundError, match="does not exist: mend its path"):
            read(f"s3://bucket/other{query}")


def test_a_hugging_face_data_set_is_read_from_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "train.parquet").write_bytes(parquet())
    (tmp_path / "set" / "test.parquet").write_bytes(parquet())
    assert read("hf:set", tmp_path) == TEXTS
    assert read("hf:set?split=test", tmp_path) == TEXTS
    with pytest.raises(ValueError, match="no text in field 'body': its fields are id, text"):
        read("hf:set", tmp_path, "body")


def test_bytes_that_are_no_utf8_are_mended_and_counted(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "caf\xe9 noir"}\n{"text": "fine"}\n{"text": " "}\n\n')
    (file,) = list_inputs("a.jsonl", tmp_path)
    reader = Reader(file, "text")
    assert [document.text for document in reader] == ["caf\ufffd noir", "fine"]
    assert reader.counts == {"invalid_utf8": 1, "empty": 1}
    assert reader.position == file.size


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.zst", "a.txt"])
def test_a_line_longer_than_the_limit_is_left_out_without_being_loaded(tmp_path: Path, name: str) -> None:
    limit, long = 1 << 16, 64 << 20
    good = "a fine line\n" if name == "a.txt" else '{"text": "a fine line"}\n'
    compressor = zstandard.ZstdCompressor().compressobj()
    with (tmp_path / name).open("wb") as out:
        for piece in [good.encode(), *[b"x" * (1 << 20)] * (long >> 20), b"\n", good.encode()]:
            out.write(compressor.compress(piece) if name.endswith("zst") else piece)
        out.write(compressor.flush() if name.endswith("zst") else b"")
    (file,) = list_inputs(name, tmp_path)
    reader = Reader(file, "text", limit)
    tracemalloc.start()
    try:
        texts = [document.text for document in reader]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "".join(texts).count("a fine line") == 2
    assert reader.counts == {"long_line": 1}
    assert peak < long / 8


def test_what_cannot_be_read_is_said_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "fine"}\n{"text": \n')
    with pytest.raises(ValueError, match=r"a\.jsonl line 2 is not JSON"):
        read("a.jsonl", tmp_path)
    (tmp_path / "a.jsonl").write_text("[1]\n")
    with pytest.raises(ValueError, match="line 1 is not a JSON object"):
        read("a.jsonl", tmp_path)
    (tmp_path / "b.parquet").write_bytes(parquet())
    with pytest.raises(ValueError, match="no text in field 'body': its fields are id, text"):
        read("b.parquet", tmp_path, "body")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"no data in empty below .*: it needs \.jsonl"):
        read("empty", tmp_path)


@pytest.mark.parametrize(
    ("stated", "name"),
    [
        ("MIT License", "MIT"),
        ("BSD-3-Clause", "BSD-3-Clause"),
        ("Apache Software License", "Apache-2.0"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("ISC License (ISCL)", "ISC"),
        ("Python Software Foundation License", "PSF-2.0"),
        ("Apache-2.0 OR GPL-3.0-only", "Apache-2.0"),
        ("MIT AND BSD-2-Clause", "MIT AND BSD-2-Clause"),
        ("MIT AND MPL-2.0", None),
        ("GNU General Public License v3 (GPLv3)", None),
        ("MIT-like, ask me", None),
        ("unknown", None),
    ],
)
def test_only_permissive_licences_are_taken(stated: str, name: str | None) -> None:
    assert permissive(stated) == name


def write_package(site: Path, name: str, licence: str, files: dict[str, str]) -> None:
    info = site / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\nLicense-Expression: {licence}\n"
    )
    for path, text in files.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text)
    (info / "RECORD").write_text("".join(f"{path},,\n" for path in files))


def test_a_code_corpus_is_made_of_what_people_wrote_under_permissive_licences(tmp_path: Path) -> None:
    code = "def double(number):\n    return 2 * number\n" * 5
    write_package(
        tmp_path,
        "good",
        "MIT",
        {
            "good/__init__.py": code,
            "good/tests/test_it.py": code,
            "good/_vendor/other.py": code,
            "good/made_pb2.py": code,
            "good/tables.py": "# Generated by a program\n" + code,
            "good/wide.py": "x = '" + "y" * 2000 + "'\n",
            "good/tiny.py": "\n",
            "good/data.txt": code,
        },
    )
    write_package(tmp_path, "bad", "GPL-3.0-only", {"bad.py": code})
    (file,) = list_inputs(f"python:{tmp_path}", Path())
    documents = list(Reader(file, "text"))
    assert [(d.origin, d.licence) for d in documents] == [
        ("good/good/__init__.py", "MIT"),
        ("good/good/tests/test_it.py", "MIT"),
    ]
    assert [(p.name, p.stated) for p in list_packages(str(tmp_path)) if p.licence is None] == [("bad", "GPL-3.0-only")]
    with pytest.raises(ValueError, match="no permissively licensed package"):
        list_inputs(f"python:{tmp_path / 'nowhere'}", Path())


def test_the_standard_library_and_known_packages_are_found_in_this_installation() -> None:
    names = [file.address.partition("#")[2] for file in list_inputs("python:installed", Path())]
    assert names[0] == "standard-library"
    assert {"pytest", "tokenizers"} <= set(names)
    first = next(iter(read_package("installed#standard-library")))
    assert (first.name, first.licence) == ("standard-library/__future__.py", "PSF-2.0")
