"""Depthwise kernels for Isa.DSP, in their portable form: bit for bit against the same reference as the generic ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlforge.compiler import Graph, Isa, compile_graph
from mlforge.compiler.fixed_point import INT8_MAX, INT8_MIN, Multiplier, apply_multiplier
from mlforge.compiler.graph import Quantization
from mlforge.compiler.ops.by_isa import dsp_depthwise
from mlforge.compiler.ops.by_isa.dsp import factor_and_power
from mlforge.compiler.ops.by_isa.dsp_depthwise import Planes
from mlforge.compiler.ops.shared.window import Axis, Window
from tests.unit.compiler.cases import Maker, inputs_for
from tests.unit.compiler.cases_depthwise import depthwise, graph
from tests.unit.compiler.harness import SANITIZE, run_models
from tests.unit.compiler.registry import Reference

COUNT = 120
VECTORS = 2
KERNELS = ("", "_stride_1", "_3x3", "_3x3_relu", "_3x3_stride_2", "_3x3_stride_2_relu")


def test_bit_exact_and_clean_under_sanitisers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dsp_depthwise, "_GENERIC_TAP_COST", 1 << 20)  # also where the generic kernel would be as fast
    graphs = {f"d{seed:03d}": depthwise(Maker(seed + 5000)) for seed in range(COUNT)}
    models = {
        name: (compile_graph(graph, name, Isa.DSP), inputs_for(graph, VECTORS, seed))
        for seed, (name, graph) in enumerate(graphs.items())
    }
    texts = [model.program.sources[f"{name}_model.c"] for name, (model, _) in models.items()]
    for kernel in KERNELS:
        assert sum(f"mlforge_dsp_depthwise{kernel}_s8(" in text for text in texts) > 3, kernel
    assert sum("mlforge_dsp_" in text for text in texts) > COUNT * 0.95
    assert sum(".is_transposed = 1" in text for text in texts) > 20
    results = run_models(tmp_path, models, ("-O1", *SANITIZE))
    for name, case in graphs.items():
        for vector in range(VECTORS):
            expected = Reference(case).run([array[vector] for array in models[name][1]])
            for got, want in zip(results[name], expected, strict=True):
                np.testing.assert_array_equal(got[vector], want, err_msg=f"{name}: {case.nodes}")


def test_several_outputs_of_each_input_channel(tmp_path: Path) -> None:
    """A call for each, whose outputs lie between those of the others, for each picture."""
    graphs = {}
    for seed in range(18):
        m = Maker(seed + 700)
        kernel, stride = m.random.choice([((3, 3), (1, 1)), ((3, 3), (2, 2)), ((5, 2), (1, 1)), ((4, 3), (2, 1))])
        channels, multiplier = m.random.choice([2, 4, 5, 8]), m.random.choice([2, 3, 8])
        pictures = m.random.choice([1, 1, 2])
        graphs[f"m{seed}"] = graph(m, (9, 8), kernel, stride, (1, 1), channels, multiplier, pictures)
    models = {name: (compile_graph(case, name, Isa.DSP), inputs_for(case, VECTORS, 1)) for name, case in graphs.items()}
    texts = [model.program.sources[f"{name}_model.c"] for name, (model, _) in models.items()]
    assert sum("mlforge_dsp_depthwise" in text for text in texts) > 12
    results = run_models(tmp_path, models, ("-O1", *SANITIZE))
    for name, case in graphs.items():
        for vector in range(VECTORS):
            (expected,) = Reference(case).run([array[vector] for array in models[name][1]])
            np.testing.assert_array_equal(results[name][0][vector], expected, err_msg=f"{name}: {case.nodes}")


def lowered(case: Graph) -> str:
    return compile_graph(case, "m", Isa.DSP).program.sources["m_model.c"]


def test_the_output_takes_the_place_of_an_input_of_its_size() -> None:
    same = compile_graph(graph(Maker(1), (20, 20), (3, 3), (1, 1), channels=8), "m", Isa.DSP)
    assert same.inputs[0].size_bytes <= same.program.arena_bytes < 2 * same.inputs[0].size_bytes


def test_numbers_beyond_exactness_take_the_generic_kernel() -> None:
    case = graph(Maker(1), (6, 6), (3, 3), (1, 1), channels=4)
    assert "mlforge_dsp_depthwise_3x3" in lowered(case)
    output = case.nodes[0].outputs[0]
    tensors = list(case.tensors)
    tensors[output] = replace(tensors[output], quantization=Quantization((1e-6,), (0,)))  # factors above a half
    assert "mlforge_depthwise_conv_2d_s8(" in lowered(replace(case, tensors=tuple(tensors)))


def test_negative_sums_need_no_correction_below_a_zero_point_of_minus_128() -> None:
    sums = np.concatenate([np.arange(-3000, 3000), np.random.default_rng(1).integers(-(1 << 29), 1 << 29, 3000)])
    for value in (1 << 30, (1 << 30) + 1, 3 << 29, (1 << 31) - 1):
        for right in (2, 3, 7, 12, 31):
            factor, power = factor_and_power(Multiplier(value, -right))
            first = ((sums << 32) + sums * factor + (1 << 31)) >> 32
            got = ((-128 << 32) + first * power + (1 << 31)) >> 32
            want = apply_multiplier(sums, Multiplier(value, -right)) - 128
            np.testing.assert_array_equal(got.clip(INT8_MIN, INT8_MAX), want.clip(INT8_MIN, INT8_MAX))


@pytest.mark.parametrize(("rows", "columns", "transposed"), [(25, 5, True), (5, 25, False), (48, 48, False)])
def test_the_longer_side_is_walked(rows: int, columns: int, transposed: bool) -> None:
    text = lowered(graph(Maker(2), (rows, columns), (3, 3), (1, 1), channels=64))
    assert f".is_transposed = {int(transposed)}," in text


def test_scratch_is_a_moderate_share() -> None:
    axis = Axis(96, 96, 3, 1, 1, 1)
    planes = Planes(Window(axis, axis), 8, False)
    assert 1 < planes.band_rows() < 96
    assert planes.scratch_bytes(planes.band_rows()) <= 2 * 96 * 96 * 8 // 8


def test_shapes_that_planes_do_not_suit_take_another_kernel() -> None:
    long = graph(Maker(1), (1, 20000), (1, 3), (2, 2), channels=2)
    assert "mlforge_depthwise_conv_2d_s8(" in lowered(long)
    assert "mlforge_depthwise_conv_2d_s8(" in lowered(graph(Maker(1), (2, 1), (1, 1), (1, 1), channels=2))
    spread = graph(Maker(1), (1, 20000), (1, 3), (1, 1), (1, 32767), channels=64)  # 85,534 elements in a row
    assert "mlforge_dsp_depthwise_pixel_s8(" in lowered(spread)
    moderate = graph(Maker(1), (1, 20000), (1, 3), (1, 1), channels=16)
    assert "mlforge_dsp_depthwise_stride_1_s8(" in lowered(moderate)


@pytest.mark.parametrize(
    ("sizes", "kernel", "channels"), [((9, 1), (9, 1), 4), ((9, 1), (9, 1), 7), ((3, 5), (3, 3), 64)]
)
def test_a_hop_of_a_stream_is_made_pixel_by_pixel(
    sizes: tuple[int, int], kernel: tuple[int, int], channels: int
) -> None:
    assert "mlforge_dsp_depthwise_pixel_s8(" in lowered(graph(Maker(3), sizes, kernel, (3, 1), channels=channels))
