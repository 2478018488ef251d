"""Somebody who asks for fine-tunes, at a gateway over a registered model; nothing is trained here."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from scripted_files import Owner, two_projects
from scripted_gateway import Serve, endpoint

from pleiade.domain import Model, ModelFormat, ModelKind
from pleiade.gateway.files.room import FilesRoom
from pleiade.gateway.fine_tuning.room import FineTuningRoom
from pleiade.gateway.organization.administration import Administration
from pleiade.gateway.stored.archive import Archive
from pleiade.registry import add_model, deploy
from pleiade.settings import Settings


@pytest.fixture
async def owner(db: sa.Engine, serve: Serve, engine: Any, tmp_path: Path) -> Owner:
    """On SQLite, then on PostgreSQL: `chat` serves safetensors, `quick` a GGUF file, `vectors` embeddings."""
    url = db.url.render_as_string(hide_password=False)
    wanted: dict[str, Any] = {"home": str(tmp_path), "database_url": url}
    for name, kind, form in (
        ("pico-1", ModelKind.TEXT, ModelFormat.SAFETENSORS),
        ("quick-1", ModelKind.TEXT, ModelFormat.GGUF),
        ("vectors-1", ModelKind.EMBEDDING, ModelFormat.SAFETENSORS),
    ):
        add_model(db, Model(id=name, kind=kind, format=form, path="/nowhere", context_length=128))
    endpoints = [endpoint(engine)]
    for name in ("quick", "vectors"):
        endpoints.append(endpoint(engine, deployment=name, model=f"{name}-1", aliases=()))
    mine = "ft:pico-1:default:mine:1"
    add_model(db, Model(id=mine, kind=ModelKind.TEXT, format=ModelFormat.ADAPTER, path="/nowhere", base="pico-1"))
    deploy(db, mine, model=mine, engine="text_openvino", project="default")
    endpoints.append(
        endpoint(engine, deployment=mine, model=mine, aliases=(), projects=("default",), priced_as="pico-1")
    )
    settings, archive = Settings(**wanted), Archive(url)
    rooms = FilesRoom(settings, archive), FineTuningRoom(settings, archive, Administration(url))
    served = await serve(rooms=rooms, keys=two_projects(), endpoints=endpoints, **wanted)
    return Owner(served, served.headers, tmp_path)
