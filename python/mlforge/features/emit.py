"""A fitted pipeline as C tables for the target. The C text itself is in templates/."""

from __future__ import annotations

import re

from mlforge.errors import DataError
from mlforge.features.pipeline import EmittedStage, Pipeline
from mlforge.templating import environment


def emit(pipeline: Pipeline, name: str) -> dict[str, str]:
    """`<name>_pipeline.h` and `<name>_pipeline.c`, which define `const struct mlforge_pipeline <name>_pipeline`.

    All symbols start with `<name>_pipeline`; the state is static in the .c file. Equal pipelines give equal text.

    Raises:
        DataError: the name is no C identifier, or the pipeline has no quantisation yet.
    """
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise DataError(f"{name!r} cannot name a feature pipeline: it is no C identifier")
    stages: list[EmittedStage] = [*pipeline.stages, pipeline.quantise_stage()]
    symbol = f"{name}_pipeline"
    return {
        f"{symbol}.{kind}": environment("mlforge.features")
        .get_template(f"pipeline.{kind}.j2")
        .render(symbol=symbol, pipeline=pipeline, stages=stages)
        for kind in ("h", "c")
    }
