"""The kinds of engines that exist. Light to import: no engine's own libraries are loaded here."""

from collections.abc import Mapping
from types import MappingProxyType

from pleiade.engines.base import Engine
from pleiade.engines.embed_openvino.plan import EmbedOpenvino
from pleiade.engines.image_diffusers.plan import ImageDiffusers
from pleiade.engines.image_openvino.plan import ImageOpenvino
from pleiade.engines.moderation.plan import Moderation
from pleiade.engines.reward_openvino.plan import RewardOpenvino
from pleiade.engines.text_llamacpp.plan import TextLlamacpp
from pleiade.engines.text_openvino.plan import TextOpenvino
from pleiade.engines.upstream import Upstream
from pleiade.engines.vllm import Vllm

_ALL: tuple[Engine, ...] = (
    TextOpenvino(),
    TextLlamacpp(),
    EmbedOpenvino(),
    RewardOpenvino(),
    Moderation(),
    ImageOpenvino(),
    ImageDiffusers(),
    Upstream(),
    Vllm(),
)

ENGINES: Mapping[str, Engine] = MappingProxyType({engine.name: engine for engine in _ALL})
"""By the name that a deployment gives in `engine`."""
