"""A picture model's graphs on the OpenVINO runtime. One thread owns them.

Every shape is compiled by itself and kept: with an open batch axis the runtime takes up to twice as long, and rounds
otherwise. Within one shape, and between batches of 1, 2 and 4, a row's numbers do not depend on its neighbours.
"""

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from pleiade.engines.image_openvino.folder import PixConfig
from pleiade.engines.image_openvino.sampler import Caption, Floats, Row
from pleiade.engines.openvino_core import open_core

SHAPES_KEPT = 12  # per graph
PLACES = 16  # of a caption at a time: few shapes, little padding


class Graph:
    """One graph, compiled for each shape of its inputs that it meets."""

    def __init__(self, core: ov.Core, path: Path, *, precision: str, threads: int) -> None:
        """Raises RuntimeError for a file that is no ONNX graph."""
        self._core = core
        self._path = path
        self._properties: dict[str, object] = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision}
        if threads:
            self._properties["INFERENCE_NUM_THREADS"] = threads
        self._compiled: OrderedDict[tuple[tuple[int, ...], ...], ov.InferRequest] = OrderedDict()
        ports = core.read_model(path).inputs
        self.inputs = tuple(port.any_name for port in ports)
        self.open_axes = {port.any_name: [axis.is_dynamic for axis in port.partial_shape] for port in ports}

    def __call__(self, **values: NDArray[np.generic]) -> list[Floats]:
        """The outputs for inputs given by name; what the graph does not ask for is left out."""
        arrays = [values[name] for name in self.inputs]
        return [np.array(output, np.float32) for output in self._request(arrays).infer(arrays).values()]

    def _request(self, arrays: Sequence[NDArray[np.generic]]) -> ov.InferRequest:
        shapes = tuple(array.shape for array in arrays)
        found = self._compiled.get(shapes)
        if found is None:
            model = self._core.read_model(self._path)
            model.reshape(dict(zip(self.inputs, map(ov.PartialShape, map(list, shapes)), strict=True)))
            found = self._core.compile_model(model, "CPU", self._properties).create_infer_request()
            self._compiled[shapes] = found
            if len(self._compiled) > SHAPES_KEPT:
                self._compiled.popitem(last=False)
        self._compiled.move_to_end(shapes)
        return found


class Networks:
    """All graphs of one model. Not thread-safe: one thread owns it."""

    def __init__(self, folder: Path, config: PixConfig, *, precision: str, max_batch: int, threads: int = 0) -> None:
        """Read and compile. Raises RuntimeError for a file that is no ONNX graph."""
        core = open_core()
        if "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            precision = "f32"

        def graph(name: str, precision: str) -> Graph | None:
            return Graph(core, folder / name, precision=precision, threads=threads) if name else None

        self.config = config
        self._text = Graph(core, folder / config.files.text, precision="f32", threads=threads)
        self._picture = Graph(core, folder / config.files.picture, precision=precision, threads=threads)
        # What ranks candidates decides between near numbers, and is small.
        self._encoder = graph(config.files.encoder, "f32")
        self._words = graph(config.files.words, "f32")
        self._enlarger = graph(config.files.enlarger, precision)
        self.batches = tuple(1 << power for power in range(max_batch.bit_length()) if 1 << power <= max_batch)
        self.nothing = self.read_caption(np.zeros(config.max_text, np.int64))
        self._warm()

    @property
    def can_rank(self) -> bool:
        """Whether pictures can be compared with words."""
        return self._encoder is not None and self._words is not None

    @property
    def can_resemble(self) -> bool:
        """Whether pictures can be made after another one."""
        return self._encoder is not None and self.config.image_embedding > 0

    def read_caption(self, ids_T: NDArray[np.int64]) -> Caption:
        """Token ids, 0 = padding, of a prompt -> what the picture network reads."""
        text_BTC, mask_BT = self._text(ids_BT=ids_T[None])
        return Caption(text_BTC[0], mask_BT[0])

    def places(self, tokens: int) -> int:
        """How many places the picture network reads of a caption of so many tokens."""
        if not self._picture.open_axes["text_BTC"][1]:  # a folder that was exported with captions of one length
            return self.config.max_text
        return min(max(-(-tokens // PLACES), 1) * PLACES, self.config.max_text)

    def predict(self, rows: Sequence[Row]) -> Floats:
        """Clean pictures [B, H, W, C], one for each row; as many as one of `batches`, their captions of one length."""
        (clean_BHWC,) = self._picture(
            x_BHWC=np.stack([row.x_HWC for row in rows]),
            level_BHW=np.stack([row.level_HW for row in rows]),
            t_B=np.array([row.t for row in rows], np.float32),
            h_B=np.array([row.h for row in rows], np.float32),
            guidance_B=np.array([row.guidance for row in rows], np.float32),
            style_B=np.array([row.style for row in rows], np.int64),
            picture_BE=np.stack([row.embedding_E for row in rows]),
            text_BTC=np.stack([row.caption.text_TC for row in rows]),
            mask_BT=np.stack([row.caption.mask_T for row in rows]),
        )
        return clean_BHWC

    def embed_picture(self, x_HWC: Floats) -> Floats:
        """The unit vector [E] of a picture of the model's size. Asked only where the folder has an encoder."""
        assert self._encoder is not None
        (embedding_BE,) = self._encoder(x_BHWC=x_HWC[None])
        embedding_E: Floats = embedding_BE[0]
        return embedding_E

    def embed_words(self, ids_T: NDArray[np.int64]) -> Floats:
        """The unit vector [E] of a prompt, in the space of pictures. Asked only where `can_rank`."""
        assert self._words is not None
        (embedding_BE,) = self._words(ids_BT=ids_T[None])
        embedding_E: Floats = embedding_BE[0]
        return embedding_E

    def enlarge(self, x_HWC: Floats) -> Floats:
        """The picture four times as large; unchanged where the folder has no enlarger."""
        if self._enlarger is None:
            return x_HWC
        (large_BHWC,) = self._enlarger(x_BHWC=x_HWC[None])
        large_HWC: Floats = large_BHWC[0]
        return large_HWC

    def _warm(self) -> None:
        """Compile what every request needs, so that the first one waits no longer than the others."""
        size, channels = self.config.size, 4
        x_HWC = np.zeros((size, size, channels), np.float32)
        embedding_E = np.zeros(max(self.config.image_embedding, 1), np.float32)
        shortest = self.nothing.first(self.places(1))  # longer captions compile theirs when the first one comes
        row = Row(x_HWC, x_HWC[..., 0], 0.0, 0.0, 1.0, 0, embedding_E, shortest)
        for batch in self.batches:
            self.predict([row] * batch)
        self.enlarge(x_HWC)
        if self.can_rank:
            self.embed_words(np.zeros(self.config.max_text, np.int64))
        if self._encoder is not None:
            self.embed_picture(x_HWC)
