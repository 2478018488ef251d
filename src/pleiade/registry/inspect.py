"""A path on disk, read as a Model: which kind of thing it is, whether it is whole, and its checksum."""

import hashlib
from pathlib import Path

import msgspec

from pleiade.domain import Model, ModelFormat
from pleiade.registry.diffusers_folder import INDEX, part_files
from pleiade.registry.errors import RegistryError
from pleiade.registry.folder import graph_files, inspect_folder, weight_files
from pleiade.registry.gguf_file import inspect_gguf


def inspect_model(path: Path | str, *, checksum: bool = True) -> Model:
    """The model at `path`: a Hugging Face, diffusers or PEFT adapter folder, or a GGUF file.

    `checksum`: also read the weights once for their SHA-256 (about a second per gigabyte).
    Raises RegistryError that says what is wrong with the files and what to do.
    """
    path = Path(path).expanduser().resolve()
    if not path.exists():
        raise RegistryError(f"{path} does not exist. Give a folder, a .gguf file, or hf:org/name for the hub.")
    try:
        model = _inspect(path)
        if checksum:
            model = msgspec.structs.replace(model, sha256=weights_sha256(model))
    except OSError as error:
        raise RegistryError(f"{error.filename or path} cannot be read: {error.strerror or error}") from error
    return model


def weights_sha256(model: Model) -> str:
    """SHA-256 of the weights file, in hex; of several files, that of the listing "digest  name" per line."""
    path = Path(model.path)
    match model.format:
        case ModelFormat.GGUF:
            files = [path]
        case ModelFormat.ADAPTER:
            files = [path / "adapter_model.safetensors"]
        case ModelFormat.ONNX:
            files = graph_files(path)
        case _:
            files = part_files(path) if (path / INDEX).is_file() else weight_files(path)
    digests = [file_sha256(file) for file in files]
    if len(digests) == 1:
        return digests[0]
    listing = "".join(f"{digest}  {file.name}\n" for digest, file in zip(digests, files, strict=True))
    return hashlib.sha256(listing.encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of one file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _inspect(path: Path) -> Model:
    if path.is_dir():
        return inspect_folder(path)
    if path.suffix == ".gguf":
        return inspect_gguf(path)
    if path.suffix == ".safetensors":
        raise RegistryError(f"{path} is weights alone: give its folder, with config.json and tokenizer.json")
    raise RegistryError(f"{path} is neither a model folder nor a .gguf file")
