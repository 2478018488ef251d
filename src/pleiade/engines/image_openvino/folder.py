"""A picture model's folder: its config.json, and its graphs checked before anything of them is used."""

import hashlib
from pathlib import Path

import msgspec

from pleiade.engines.wire.serve import LoadError

CHECKSUMS = "SHA256SUMS"  # "digest  name" per line, beside the graphs
AGAIN = "export the model again, or copy its folder again from where it came from"


class Graphs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """File names of the graphs; those with a default may be missing, and what they do is then not offered."""

    text: str
    picture: str
    encoder: str = ""
    words: str = ""
    enlarger: str = ""


class PixConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What config.json says of a picture model."""

    size: int  # pixels, width and height
    max_text: int  # tokens of a caption
    few_step: bool  # takes steps of a given length, guided in one pass
    files: Graphs
    guidance: float  # 1 = none
    steps: dict[str, int]  # by quality
    best_of: dict[str, int]  # candidates, by quality
    noise_scale: float = 1.0
    guided_until: float = 1.0  # the time after which a base model takes one pass a step, with the caption alone
    clear_below: float = 0.0  # the opacity below which a pixel is clear, and as much below 1 opaque
    styles: dict[str, int] = {}  # those that it was taught, and by which number it knows each; 0 = any
    image_embedding: int = 0  # numbers of the picture control; 0 = none

    def style_id(self, style: str) -> int:
        """The number of a style's name; 0 for none."""
        return self.styles[style] if style else 0


def read_config(folder: Path) -> PixConfig:
    """The config of the model in `folder`. Raises LoadError for one that is missing, damaged or of another kind."""
    path = folder / "config.json"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LoadError(f"{path} cannot be read ({error.strerror}): {AGAIN}") from error
    try:
        kind = msgspec.json.decode(data).get("model_type")
        if kind != "pleiade-pix":
            raise LoadError(f"{folder} is a {kind!r} model; this engine runs picture models (model_type 'pleiade-pix')")
        return msgspec.json.decode(data, type=PixConfig)
    except (msgspec.DecodeError, AttributeError) as error:
        raise LoadError(f"{path} is damaged ({error}): {AGAIN}") from error


def graph_paths(folder: Path, graphs: Graphs) -> list[Path]:
    """The graphs' files, sorted by name. Raises LoadError for one that is missing or outside of the folder."""
    names = sorted(name for name in msgspec.structs.astuple(graphs) if name)
    for name in names:
        if Path(name).name != name:
            raise LoadError(f"{folder / 'config.json'} names the file {name!r}, which is not in the folder: {AGAIN}")
        if not (folder / name).is_file():
            raise LoadError(f"{folder} has no {name}, which its config.json names: {AGAIN}")
    return [folder / name for name in names]


def verify_graphs(folder: Path, paths: list[Path], expected: str) -> None:
    """Compare the graphs with the SHA-256 that was registered, of the listing "digest  name" per line.

    Where the folder keeps SHA256SUMS, each file that differs is named. Raises LoadError; `expected` may be empty.
    """
    digests = {path.name: _sha256(path) for path in paths}
    published = _published(folder / CHECKSUMS)
    changed = [name for name, digest in digests.items() if published.get(name, digest) != digest]
    listing = "".join(f"{digest}  {name}\n" for name, digest in digests.items())
    differs = expected and hashlib.sha256(listing.encode()).hexdigest() != expected
    if changed or differs:
        named = ", ".join(changed) if changed else f"one of {', '.join(digests)}"
        raise LoadError(f"{folder}: {named} was changed or damaged since the model was registered; {AGAIN}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _published(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    pairs = [line.split(maxsplit=1) for line in path.read_text("utf-8").splitlines() if line.strip()]
    return {name.strip().lstrip("*"): digest for digest, name in pairs}
