"""Downloading a model from a hub that speaks Hugging Face's protocol: resumed, verified, no file too many."""

import fcntl
import hashlib
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import msgspec

from pleiade.domain import Model
from pleiade.registry.diffusers_folder import INDEX, VARIANT
from pleiade.registry.download import download
from pleiade.registry.errors import RegistryError
from pleiade.registry.inspect import file_sha256, inspect_model

# hf:org/name, hf:org/name/file.gguf, each with an optional @revision
SPEC = re.compile(r"hf:(?P<repo>[\w.-]+/[\w.-]+)(?:/(?P<file>[\w./-]+\.gguf))?(?:@(?P<revision>[\w./-]+))?", re.ASCII)
# What a model folder needs to be served and understood; never pickles, never other frameworks' weights.
WANTED = re.compile(
    r"[^/]+\.(json|jinja|safetensors|model)|(vocab|merges)\.txt|README\.md|LICEN[SC]E[^/]*|1_Pooling/config\.json"
)
OF_PIPELINE = re.compile(r"model_index\.json|README\.md|LICEN[SC]E[^/]*|\w+/[^/]+\.(json|txt|jinja|model|safetensors)")
PROGRESS_SECONDS = 0.2
STREAMS = 4  # files that arrive at the same time

Progress = Callable[[int, int], None]  # bytes here, bytes in all


class RemoteFile(msgspec.Struct, frozen=True):
    """One file as the hub lists it, with the checksum that it must have."""

    name: str
    size: int
    sha256: str  # of files in large-file storage; "" for small ones, which have a git blob id instead
    blob_id: str


def fetch_from_hub(spec: str, models_folder: Path, *, endpoint: str = "", progress: Progress | None = None) -> Model:
    """Download what `spec` names ("hf:org/name[/file.gguf][@revision]") under `models_folder`, verified.

    A download that was cut goes on where it stopped. `endpoint` "" = the library's default (HF_ENDPOINT);
    a private model needs HF_TOKEN. `progress` is called with (bytes here, bytes in all).
    Raises RegistryError: unknown or gated model, no connection, full disk, wrong checksum, unusable files.
    """
    match = SPEC.fullmatch(spec)
    if match is None:
        raise RegistryError(f"{spec!r} is not hf:org/name, hf:org/name/file.gguf or either with @revision")
    repo = match["repo"]
    with _explained(spec):
        commit, files = _list_files(repo, match["revision"], endpoint)
    wanted = _choose(repo, files, match["file"])
    folder = models_folder / f"{repo.replace('/', '--')}@{commit[:12]}"
    _require_space(folder, wanted)
    with _explained(spec), _watched(folder, wanted, progress):
        _download(repo, commit, wanted, folder, endpoint)
    _verify(folder, wanted)
    gguf = next((file.name for file in wanted if file.name.endswith(".gguf")), None)
    model = inspect_model(folder / gguf if gguf else folder)
    return msgspec.structs.replace(model, id=model.id if gguf else repo.split("/")[1], source=f"hf:{repo}@{commit}")


def _list_files(repo: str, revision: str | None, endpoint: str) -> tuple[str, list[RemoteFile]]:
    from huggingface_hub import HfApi

    info = HfApi(endpoint=endpoint or None).model_info(repo, revision=revision, files_metadata=True, timeout=30)
    if info.sha is None:
        raise RegistryError(f"the hub names no commit for {repo}; is PLEIADE_HF_ENDPOINT a model hub?")
    return info.sha, [
        RemoteFile(
            name=entry.rfilename,
            size=(entry.lfs.size if entry.lfs else entry.size) or 0,
            sha256=entry.lfs.sha256 if entry.lfs else "",
            blob_id=entry.blob_id or "",
        )
        for entry in info.siblings or []
    ]


def _choose(repo: str, files: list[RemoteFile], gguf: str | None) -> list[RemoteFile]:
    """The files to download. Raises RegistryError where there is nothing to serve, or a choice to make."""
    ggufs = [file for file in files if file.name.endswith(".gguf")]
    if gguf is None and len(ggufs) == 1 and not any(file.name.endswith(".safetensors") for file in files):
        gguf = ggufs[0].name
    if gguf is not None:
        parts = re.sub(r"-\d{5}-of-(\d{5})\.gguf$", r"-*-of-\1.gguf", gguf)
        chosen = [file for file in ggufs if file.name == gguf or _is_part(file.name, parts)]
        if not chosen:
            raise RegistryError(f"{repo} has no file {gguf}; it has: {_names(ggufs)}")
        return sorted(chosen, key=lambda file: file.name)
    if any(file.name == INDEX for file in files):
        return [file for file in files if _is_of_pipeline(file.name, {file.name for file in files})]
    wanted = [file for file in files if WANTED.fullmatch(file.name)]
    named_as_usual = [file for file in wanted if re.match(r"(adapter_)?model.*\.safetensors$", file.name)]
    if named_as_usual:  # some repositories carry the same weights a second time, as consolidated.safetensors
        wanted = [file for file in wanted if file in named_as_usual or not file.name.endswith(".safetensors")]
    elif not any(file.name.endswith(".safetensors") for file in wanted):
        if ggufs:
            raise RegistryError(f"{repo} holds several GGUF files; name one: hf:{repo}/FILE with {_names(ggufs)}")
        raise RegistryError(f"{repo} has no safetensors and no GGUF file: nothing that Pleiade can serve")
    return wanted


def _is_of_pipeline(name: str, names: set[str]) -> bool:
    """Whether diffusers needs the file: of parts in several precisions the plain one, and no weights in one file."""
    if VARIANT.search(name) and VARIANT.sub("", name) in names:
        return False
    return OF_PIPELINE.fullmatch(name) is not None


def _is_part(name: str, pattern: str) -> bool:
    return "*" in pattern and re.fullmatch(re.escape(pattern).replace(r"\*", r"\d{5}"), name) is not None


def _names(files: list[RemoteFile]) -> str:
    return ", ".join(file.name for file in files) or "none"


def _require_space(folder: Path, files: list[RemoteFile]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    missing = sum(file.size for file in files) - _bytes_in(folder)
    free = shutil.disk_usage(folder).free
    if missing > free:
        raise RegistryError(
            f"{missing / 1e9:.1f} GB are needed in {folder}, {free / 1e9:.1f} GB are free: make room, "
            "or choose another --home"
        )


def _download(repo: str, commit: str, files: list[RemoteFile], folder: Path, endpoint: str) -> None:
    """Bring every file here, a few at a time; one that is here already is left alone."""
    from huggingface_hub import hf_hub_url

    with _claimed(folder, repo), ThreadPoolExecutor(STREAMS, "download") as pool:

        def fetch(file: RemoteFile) -> None:
            url = hf_hub_url(repo, file.name, revision=commit, endpoint=endpoint or None)
            download(url, folder / file.name, file.size)

        for outcome in [pool.submit(fetch, file) for file in files]:
            outcome.result()


@contextmanager
def _claimed(folder: Path, repo: str) -> Iterator[None]:
    """Two processes must not write the same partial files. Raises RegistryError for the second one."""
    descriptor = os.open(folder.with_name(f"{folder.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise RegistryError(f"another process is downloading {repo} already: wait for it") from None
    finally:
        os.close(descriptor)


def _verify(folder: Path, files: list[RemoteFile]) -> None:
    """Compare each file with the checksum that the hub lists; remove a wrong one. Raises RegistryError."""
    for file in files:
        path = folder / file.name
        if not path.is_file():
            raise RegistryError(f"{file.name} did not arrive: try again, the download goes on where it stopped")
        right = file_sha256(path) == file.sha256 if file.sha256 else _blob_id(path) == file.blob_id
        if not right and (file.sha256 or file.blob_id):
            path.unlink()
            raise RegistryError(
                f"{file.name} arrived with a wrong checksum and was removed: try again; "
                "if it happens twice, the hub or something on the way changes files"
            )


def _blob_id(path: Path) -> str:
    """Git's SHA-1 of a file (the hub's identity of small files; a checksum here, not a protection)."""
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue  # the downloader renamed it meanwhile
    return total


@contextmanager
def _watched(folder: Path, files: list[RemoteFile], progress: Progress | None) -> Iterator[None]:
    """Report progress from what is on disk: the same for one stream or many, fresh or resumed."""
    if progress is None:
        yield
        return
    total = sum(file.size for file in files)
    done = threading.Event()

    def watch() -> None:
        while not done.wait(PROGRESS_SECONDS):
            progress(min(_bytes_in(folder), total), total)

    watcher = threading.Thread(target=watch, name="download progress", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
    progress(total, total)


@contextmanager
def _explained(spec: str) -> Iterator[None]:
    """Turn the hub library's failures into sentences."""
    import httpx2
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError as error:
        raise RegistryError(
            f"{spec} is gated: accept its terms on the hub, then set HF_TOKEN to a token of yours"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise RegistryError(
            f"the hub has no model {spec} (or it is private: then set HF_TOKEN). Check the spelling."
        ) from error
    except errors.RevisionNotFoundError as error:
        raise RegistryError(f"{spec}: the hub knows the model, but not that revision") from error
    except (errors.HfHubHTTPError, errors.LocalEntryNotFoundError, httpx2.HTTPError) as error:
        reason = str(error).strip().splitlines()[0]
        raise RegistryError(
            f"{spec} could not be downloaded: {reason}. Check the connection (PLEIADE_HF_ENDPOINT names "
            "another hub) and try again: it goes on where it stopped."
        ) from error
    except OSError as error:
        raise RegistryError(f"{spec} could not be written: {error}") from error
