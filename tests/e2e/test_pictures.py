"""The bundled picture model, asked as README and docs/images.md say: by OpenAI's packages and the command line."""

import base64
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from openai import AzureOpenAI
from PIL import Image

from serving import PLEIADE, ROOT, Server

HALF = 128


@pytest.fixture(scope="module")
def pictures(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What examples/pictures.py writes."""
    folder = tmp_path_factory.mktemp("pictures")
    asked = {"OPENAI_BASE_URL": f"{server.url}/v1", "OPENAI_API_KEY": server.key}
    command = [sys.executable, ROOT / "examples" / "pictures.py", folder]
    done = subprocess.run(command, env=os.environ | asked, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGBA"))


def test_a_picture_is_made_and_is_not_blank(pictures: Path) -> None:
    made = pixels(pictures / "made.png")
    assert made.shape == (256, 256, 4)
    assert made[made[..., 3] > 200][:, :3].std() > 10


def test_a_change_and_an_enlargement_leave_every_other_pixel_alone(pictures: Path) -> None:
    made, changed, enlarged = (pixels(pictures / f"{name}.png") for name in ("made", "changed", "enlarged"))
    assert (changed[:, :HALF] == made[:, :HALF]).all()
    assert (changed[:, HALF:] != made[:, HALF:]).any()
    solid = made[..., 3] == 255  # what is clear may be painted
    assert (enlarged[:, :256][solid] == made[solid]).all()
    assert enlarged.shape == (256, 512, 4)


def test_a_variation_is_another_picture(pictures: Path) -> None:
    assert (pixels(pictures / "varied.png") != pixels(pictures / "made.png")).any()
    assert (pictures / "all.png").is_file()


def test_azures_client_makes_a_picture(server: Server) -> None:
    client = AzureOpenAI(azure_endpoint=server.url, api_version="2024-10-21", api_key=server.key)
    made = client.images.generate(model="pleiade-image", prompt="une étoile jaune", size="256x256")
    assert Image.open(io.BytesIO(base64.b64decode(made.data[0].b64_json or ""))).size == (256, 256)


def test_the_command_line_enlarges_and_verifies(server: Server, pictures: Path, tmp_path: Path) -> None:
    def pleiade(*argv: str | Path) -> str:
        done = subprocess.run([PLEIADE, *argv], cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    where = ["--url", f"{server.url}/v1", "--key", server.key, "--no-preview"]
    pleiade(
        "image", "outpaint", pictures / "made.png", "--left", "128", "--prompt", "apples", "--out", "wide.png", *where
    )
    assert Image.open(tmp_path / "wide.png").size == (384, 256)
    told = pleiade("image", "verify", tmp_path / "wide.png", "--home", server.home)
    assert "signed by this Pleiade, and unchanged since" in told
    assert "apples" in told
