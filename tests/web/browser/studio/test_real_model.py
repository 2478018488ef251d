"""The whole way with a real picture worker: a tiny model of random weights draws, changes and enlarges."""

from collections.abc import Iterator
from typing import Any

import pytest
from answers import ConversingEngine
from playwright.sync_api import expect
from scripted_gateway import endpoint
from stage import Stage, serve_endpoints

from engines.image_openvino.conftest import write_pix
from engines.worker_process import TOKEN, Worker, run_worker


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """The picture worker as `pleiade up` starts it."""
    folder = tmp_path_factory.mktemp("pix")
    arguments = ["--model", str(write_pix(folder / "model")), "--model-id", "pix", "--threads", "1"]
    with run_worker("pleiade.engines.image_openvino", arguments, folder / "log") as running:
        yield running


@pytest.fixture(scope="module")
def studio(worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The app over that worker."""
    home = tmp_path_factory.mktemp("real") / "home"
    with ConversingEngine() as engine:
        real = endpoint(
            engine,
            deployment="pictures",
            model="pix",
            kind="image",
            url=f"{worker.url}/v1",
            headers={"authorization": f"Bearer {TOKEN}"},
            aliases=(),
            extra_usage=False,
        )
        with serve_endpoints(home, engine, (real,)) as running:
            yield running


def test_a_real_model_draws_changes_and_enlarges(artist: Any) -> None:
    artist.choose("Size", "Another size")
    size = artist.page.get_by_role("dialog", name="Another size")
    size.get_by_label("Width").fill("64")
    size.get_by_label("Height").fill("64")
    size.get_by_role("button", name="Save").click()
    artist.choose("Quality", "Low")
    artist.open_one("a red ball")
    tools = artist.page.get_by_role("toolbar", name="Tools")
    tools.get_by_role("button", name="Mask").click()
    artist.page.get_by_role("button", name="Invert the mask").click()
    artist.page.get_by_role("button", name="Change", exact=True).click()
    artist.finished.nth(3).wait_for()
    artist.finished.first.click()
    artist.page.get_by_role("button", name="Compare").wait_for()
    tools.get_by_role("button", name="Enlarge").click()
    artist.page.get_by_role("button", name="Twice as wide").click()
    artist.page.get_by_role("button", name="Enlarge", exact=True).last.click()
    artist.finished.nth(3).wait_for()
    artist.finished.first.click()
    artist.page.get_by_role("button", name="Details", exact=True).click()
    expect(artist.page.get_by_text("128 × 64 · PNG", exact=False)).to_be_visible()
