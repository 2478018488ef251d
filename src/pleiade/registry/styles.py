"""The styles that a model of pictures can be asked for."""

import json
from pathlib import Path

from pleiade.domain import Model
from pleiade.registry.folder import PICTURES


def styles_of(model: Model) -> tuple[str, ...]:
    """Words that `style` may be for it, in the model's own order; none where it tells none, or its folder is gone."""
    if model.architecture != PICTURES:
        return ()
    try:
        told = json.loads((Path(model.path) / "config.json").read_text("utf-8")).get("styles")
    except (OSError, ValueError, AttributeError):
        return ()  # its engine says what is wrong with such a folder when it is loaded
    return tuple(told) if isinstance(told, dict) else ()
