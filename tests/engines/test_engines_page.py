"""docs/engines.md tells every engine and every option, and none that does not exist."""

import re
from pathlib import Path

from pleiade.engines import upstream, vllm
from pleiade.engines.catalogue import ENGINES
from pleiade.engines.embed_openvino import plan as embed
from pleiade.engines.image_diffusers import plan as diffusers
from pleiade.engines.image_openvino import plan as image
from pleiade.engines.reward_openvino import plan as reward
from pleiade.engines.text_llamacpp import plan as llamacpp
from pleiade.engines.text_openvino import plan as openvino

PAGE = (Path(__file__).parents[2] / "docs/engines.md").read_text()
OPTIONS = {
    "text_openvino": openvino.OPTIONS,
    "text_llamacpp": llamacpp.OPTIONS,
    "embed_openvino": embed.OPTIONS,
    "reward_openvino": reward.OPTIONS,
    "moderation": {},
    "image_openvino": image.OPTIONS,
    "image_diffusers": diffusers.OPTIONS,
    "upstream": upstream.OPTIONS,
    "vllm": vllm.OPTIONS,
}


def test_every_engine_and_option_is_documented_and_nothing_else_is() -> None:
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S))
    assert set(sections) == set(ENGINES) == set(OPTIONS)
    for name, section in sections.items():
        first_cells = re.findall(r"^\| (`.*?) \|", section, re.M)
        documented = {option for cell in first_cells for option in re.findall(r"`(\w+)`", cell)}
        assert documented == set(OPTIONS[name]), name
