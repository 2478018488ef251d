"""`pleiade export`: a run's newest checkpoint as a model that any engine serves."""

from pathlib import Path
from typing import Annotated

import typer

from pleiade.cli.common import fail


def export(
    run: Annotated[Path, typer.Argument(help="A folder that `pleiade train --run` wrote.", exists=True)],
    out: Annotated[Path, typer.Option(help="New folder for the model.")],
    stage: Annotated[
        str, typer.Option(help="base, code, chat, reward, dpo or rloo; base or few for pix. [default: the last model]")
    ] = "",
    form: Annotated[str, typer.Option("--format", help="hf (safetensors, the default) or gguf; pix: onnx.")] = "",
    quantize: Annotated[
        str,
        typer.Option(help="hf: bfloat16, float16, float32; gguf: q8_0, f16; pix: fp16, int8. [default: the first]"),
    ] = "",
) -> None:
    """Export what a run has trained so far, finished or not, from any stage and any number of ranks."""
    from pleiade.lab.export.from_run import export_run
    from pleiade.lab.faults import EXPECTED, told

    try:
        written = export_run(run, out, stage, form, quantize, typer.echo)
    except EXPECTED as error:
        fail(told(error))
    except KeyboardInterrupt:
        fail("stopped: nothing was written")
    typer.echo(f"next: pleiade model add {written}")
