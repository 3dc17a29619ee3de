"""Whole networks, byte for byte: the MLPerf Tiny models, whose outputs TensorFlow Lite Micro computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mlforge.compiler import Isa, compile_graph, read_tflite
from tests.programs import models
from tests.unit.compiler.harness import SANITIZE, run_models

# Name, and the arena that TensorFlow Lite Micro needs on a Cortex-M4.
MODELS = {"ad01_int8": 2580, "kws_ref_model": 22820, "pretrainedResnet_quant": 54996, "vww_96_int8": 100708}


# They do not travel with the repository; tests/networks has the like of them that do.
PRESENT = sorted(name for name in MODELS if (models.MODELS / f"{name}.tflite").is_file())


def model_file(name: str) -> Path:
    return models.MODELS / name


if PRESENT:

    @pytest.mark.parametrize("name", PRESENT)
    @pytest.mark.parametrize("flags", [("-O2",), ("-O1", *SANITIZE)], ids=["plain", "sanitised"])
    def test_golden_vectors(name: str, flags: tuple[str, ...], tmp_path: Path) -> None:
        compiled = compile_graph(read_tflite(model_file(f"{name}.tflite").read_bytes()), "golden")
        with np.load(model_file(f"{name}_golden.npz")) as golden:
            inputs, outputs = golden["input"], golden["output"]
        if len(flags) > 1:
            inputs, outputs = inputs[:2], outputs[:2]
        results = run_models(tmp_path, {"golden": (compiled, [inputs])}, flags)["golden"][0]
        np.testing.assert_array_equal(results.reshape(outputs.shape), outputs)

    @pytest.mark.parametrize("isa", list(Isa))
    @pytest.mark.parametrize("name", PRESENT)
    def test_arena_is_at_most_four_fifths_of_the_peers(name: str, isa: Isa) -> None:
        compiled = compile_graph(read_tflite(model_file(f"{name}.tflite").read_bytes()), "golden", isa)
        assert compiled.program.arena_bytes <= 0.8 * MODELS[name]
        assert compiled.program.arena_bytes <= 1.05 * compiled.lower_bound_bytes
