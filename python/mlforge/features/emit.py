"""A fitted pipeline as C tables for the target. The C text itself is in templates/."""

from __future__ import annotations

import re
from typing import Final

from mlforge.errors import DataError
from mlforge.features.chain import each_stage
from mlforge.features.flow import Element
from mlforge.features.layout import lay_out
from mlforge.features.pipeline import Pipeline
from mlforge.features.user import User
from mlforge.templating import environment

CONVERTED_VALUES: Final = 32  # that runtime/features/features.c converts on its stack


def emit(pipeline: Pipeline, name: str) -> dict[str, str]:
    """`<name>_pipeline.h` and `<name>_pipeline.c`, which define `const struct mlforge_pipeline <name>_pipeline`.

    All symbols start with `<name>_pipeline`; the state is static in the .c file. Equal pipelines give equal text.

    Raises:
        DataError: the name is no C identifier, or the pipeline has no quantisation yet.
    """
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise DataError(f"{name!r} cannot name a feature pipeline: it is no C identifier")
    stages = pipeline.all_stages
    flows = (*pipeline.flows, pipeline.quantise_stage().output(pipeline.flows[-1]))
    values = {
        "symbol": f"{name}_pipeline",
        "pipeline": pipeline,
        "stages": stages,
        "flows": flows,
        "layout": lay_out(stages, flows, pipeline.window.length),
        "converted_bytes": _converted_bytes(pipeline),
        "user_files": list(dict.fromkeys((one.file, one.text) for one in each_stage(stages) if isinstance(one, User))),
    }
    return {
        f"{name}_pipeline.{kind}": environment("mlforge.features").get_template(f"pipeline.{kind}.j2").render(values)
        for kind in ("h", "c")
    }


def _converted_bytes(pipeline: Pipeline) -> int:
    """Of the place for an int32 frame as int16, 0 where the stack has room for it; see features.c."""
    if pipeline.channels <= CONVERTED_VALUES or pipeline.samples is Element.INT32:
        return 0
    return pipeline.channels * pipeline.samples.size_bytes
