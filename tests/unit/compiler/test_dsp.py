"""The kernels for Isa.DSP, in their portable form: bit for bit against the same reference as the generic ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from mlforge.compiler import Graph, Isa, compile_graph, read_tflite
from mlforge.compiler.fixed_point import Multiplier, apply_multiplier, float32, quantize_multiplier
from mlforge.compiler.graph import Tensor
from mlforge.compiler.ops.add import AddAttributes
from mlforge.compiler.ops.by_isa.dsp import Channels, factor_and_power, without_dead
from mlforge.compiler.ops.by_isa.dsp_channels import channel_fields, product
from mlforge.compiler.ops.operator import Constant, Field
from tests.networks import NAMES, golden_of, model_of
from tests.unit.compiler.cases import CASES, Maker, inputs_for
from tests.unit.compiler.harness import SANITIZE, run_models
from tests.unit.compiler.reference import Interpreter
from tests.unit.compiler.test_golden import PRESENT, model_file

PER_KIND = 40
VECTORS = 3


def sane(graph: Graph) -> Graph:
    """The same graph with scales and biases as a trained model has them: results span int8, sums are far from 2^23."""
    node = graph.nodes[0]
    weights = graph.tensors[node.inputs[1]]
    assert weights.data is not None
    assert weights.quantization is not None
    tensors = list(graph.tensors)
    values = weights.data.size // max(weights.shape[0], 1)
    step = max(weights.quantization.scales) * _scale(graph.tensors[node.inputs[0]])
    output = graph.tensors[node.outputs[0]]
    assert output.quantization is not None
    scale = float32(step * 127 * 6 * max(values, 1) ** 0.5)
    tensors[node.outputs[0]] = replace(output, quantization=replace(output.quantization, scales=(scale,)))
    tensors[node.inputs[1]] = replace(weights, data=np.maximum(weights.data, -127).astype(np.int8))
    if len(node.inputs) > 2:
        bias = graph.tensors[node.inputs[2]]
        assert bias.data is not None
        tensors[node.inputs[2]] = replace(bias, data=(bias.data % 20000 - 10000).astype(bias.data.dtype))
    return replace(graph, tensors=tuple(tensors))


def _scale(tensor: Tensor) -> float:
    assert tensor.quantization is not None
    return tensor.quantization.scale


def large_add(m: Maker) -> Graph:
    shape = (1, m.random.randint(1, 5), 8, m.random.randint(64, 80))
    first, second = m.activation(shape), m.activation(shape)
    inputs = [first, first] if m.random.random() < 0.1 else [first, second]
    return m.graph("ADD", inputs, m.activation(shape), AddAttributes(m.fused()))


def graphs_of(kind: str) -> dict[str, Graph]:
    """Of one operator each: numbers as trained models have them, numbers as they come, and ADDs."""
    if kind == "ADD":
        return {f"add_{seed}": large_add(Maker(seed)) for seed in range(PER_KIND // 2)}
    graphs = [CASES[kind](Maker(seed + 1000)) for seed in range(PER_KIND)]
    sane_ones = {f"{kind.lower()}_sane_{seed}": sane(graph) for seed, graph in enumerate(graphs)}
    return sane_ones | {f"{kind.lower()}_wild_{seed}": graph for seed, graph in enumerate(graphs[: PER_KIND // 2])}


def test_bit_exact_and_clean_under_sanitisers(tmp_path: Path) -> None:
    graphs = graphs_of("CONV_2D") | graphs_of("FULLY_CONNECTED") | graphs_of("ADD")
    models = {
        name: (compile_graph(graph, name, Isa.DSP), inputs_for(graph, VECTORS, seed))
        for seed, (name, graph) in enumerate(graphs.items())
    }
    suited = [name for name, (model, _) in models.items() if "_dsp_" in model.program.sources[f"{name}_model.c"]]
    assert sum("sane" in name or "add" in name for name in suited) > 2.5 * PER_KIND * 0.75  # the others have groups
    results = run_models(tmp_path, models, ("-O1", *SANITIZE))
    for name, graph in graphs.items():
        for vector in range(VECTORS):
            expected = Interpreter(graph).run([array[vector] for array in models[name][1]])
            for got, want in zip(results[name], expected, strict=True):
                np.testing.assert_array_equal(got[vector], want, err_msg=f"{name}: {graph.nodes}")


def test_golden_vectors(tmp_path: Path) -> None:
    models, outputs = {}, {}
    for name in NAMES:
        inputs, outputs[name] = golden_of(name)
        models[name] = (compile_graph(read_tflite(model_of(name)), name, Isa.DSP), [inputs[:1]])
        outputs[name] = outputs[name][:1]
    for name in PRESENT:
        with np.load(model_file(f"{name}_golden.npz")) as golden:
            inputs, outputs[name] = golden["input"][:1], golden["output"][:1]
        graph = read_tflite(model_file(f"{name}.tflite").read_bytes())
        models[name] = (compile_graph(graph, name, Isa.DSP), [inputs])
    results = run_models(tmp_path, models, ("-O1", *SANITIZE))
    for name, expected in outputs.items():
        np.testing.assert_array_equal(results[name][0].reshape(expected.shape), expected, err_msg=name)


def smmlar(a: np.ndarray, b: int, c: np.ndarray | int) -> np.ndarray:
    """Armv7-M Architecture Reference Manual: ((c << 32) + a * b + 0x80000000) >> 32."""
    result: np.ndarray = ((np.asarray(c) << 32) + a * b + (1 << 31)) >> 32
    return result


def test_requantisation_in_two_multiplications_is_the_references() -> None:
    numbers = np.random.default_rng(3)
    edges = np.array([-(1 << 23), -(1 << 22), -3, -2, -1, 0, 1, 2, 3, (1 << 22), (1 << 23) - 1])
    values = [1 << 30, (1 << 30) + 1, (1 << 31) - 1, 3 << 29, *numbers.integers(1 << 30, 1 << 31, 200).tolist()]
    for value in values:
        for right in (*range(2, 12), 20, 30, 31):
            multiplier = Multiplier(value, -right)
            factor, power = factor_and_power(multiplier)
            sums = np.concatenate([edges, numbers.integers(-(1 << 23), 1 << 23, 300), np.arange(-600, 600)])
            got = smmlar(smmlar(sums, factor, sums + (sums >> 31)), power, 7)
            np.testing.assert_array_equal(got, apply_multiplier(sums, multiplier) + 7, err_msg=f"{value} {right}")


def test_a_factor_of_zero_gives_the_zero_point() -> None:
    factor, power = factor_and_power(Multiplier(0, 0))
    sums = np.arange(-(1 << 23), 1 << 23, 997)
    np.testing.assert_array_equal(smmlar(smmlar(sums, factor, sums + (sums >> 31)), power, -5), -5)


def test_channels_that_are_dead_get_small_numbers_and_keep_their_value() -> None:
    weights = np.array([[3, -4], [5, 6], [7, 8]], np.int64)
    bias = np.array([1 << 30, -(1 << 30), 100], np.int64)
    multipliers = (Multiplier(1 << 30, -27), Multiplier(1 << 30, -26), Multiplier(1 << 30, -3))
    before = Channels(weights, bias, multipliers)
    after = without_dead(before, -3, -128, 127)
    assert not before.suit_pairs
    assert after.suit_pairs
    for index in (0, 1):
        wanted = apply_multiplier(bias[index : index + 1], multipliers[index]).clip(-125, 130)
        assert apply_multiplier(after.bias[index : index + 1], after.multipliers[index]).tolist() == wanted.tolist()
    assert after.weights[2].tolist() == [7, 8]


def test_weights_of_minus_128_or_large_sums_take_the_generic_kernel() -> None:
    one = Multiplier(1 << 30, -8)
    assert Channels(np.array([[1, -127]], np.int64), np.array([0]), (one,)).suit_pairs
    assert not Channels(np.array([[1, -128]], np.int64), np.array([0]), (one,)).suit_pairs
    assert not Channels(np.array([[1, 1]], np.int64), np.array([1 << 23]), (one,)).suit_pairs
    assert not Channels(np.array([[1, 1]], np.int64), np.array([0]), (Multiplier(1 << 30, -1),)).suit_pairs


def test_the_isa_changes_code_alone() -> None:
    graph = sane(CASES["CONV_2D"](Maker(1)))
    generic, dsp = (compile_graph(graph, "m", isa) for isa in (Isa.GENERIC, Isa.DSP))
    assert "mlforge_dsp_" not in generic.program.sources["m_model.c"]
    assert "mlforge_dsp_conv_2d_s8(" in dsp.program.sources["m_model.c"]
    assert generic.inputs[0].shape == dsp.inputs[0].shape
    assert generic.program.operators[0].macs == dsp.program.operators[0].macs


def test_packed_channels_give_back_every_multiplier() -> None:
    numbers = np.random.default_rng(5)
    forms = []
    for _ in range(200):
        ratio = float32(10 ** numbers.uniform(-3, 0)) / float32(10 ** numbers.uniform(-1, 0))
        scales = [float32(scale) for scale in 10 ** numbers.uniform(-3.5, -2, 64)]
        multipliers = tuple(quantize_multiplier(scale * ratio) for scale in scales)
        bias = numbers.integers(-(1 << 20), 1 << 20, 64)
        channels = Channels(numbers.integers(1, 127, (64, 4)), bias, multipliers)
        fields = channel_fields(channels, scales, ratio)
        forms.append(fields["right"] != 0)
        assert decoded(fields) == [(int(b), *factor_and_power(m)) for b, m in zip(bias, multipliers, strict=True)]
    assert sum(forms) > 190  # the others take the wide form


def decoded(fields: Mapping[str, Field]) -> list[tuple[int, int, int]]:
    """As mlforge_dsp_channel in runtime/kernels/dsp/dsp_channels.h does it."""
    packed, low, high, smallest = (fields[name] for name in ("packed", "ratio_low", "ratio_high", "right"))
    assert isinstance(packed, Constant)
    assert packed.data.dtype == np.uint16
    assert isinstance(low, int)
    assert isinstance(high, int)
    assert isinstance(smallest, int)
    table = np.asarray(packed.data).astype(np.int64)
    if smallest == 0:
        return [decoded_wide(sum(int(half) << 16 * i for i, half in enumerate(row))) for row in table]
    rows = []
    for first, second, third in table.tolist():
        value = product((1 << 23) + (second % 128 << 16) + first, low + (high << 32))
        bias = (third - (1 << 16 if third >> 15 else 0)) * 32 + (second >> 11)
        rows.append((bias, *factor_and_power(Multiplier(value, -smallest - (second >> 7) % 16))))
    return rows


def decoded_wide(number: int) -> tuple[int, int, int]:
    bias = number >> 35
    factor = ((1 << 31) + (number % (1 << 30) << 1)) - (1 << 32)
    return bias - (1 << 29 if bias >> 28 else 0), factor, 1 << (number >> 30) % 32


def test_channels_too_far_apart_take_the_wide_form() -> None:
    scales = [0.5, 2.0**-20]
    multipliers = tuple(quantize_multiplier(scale * 0.25) for scale in scales)
    channels = Channels(np.array([[1], [2]], np.int64), np.array([-5, 1 << 22]), multipliers)
    fields = channel_fields(channels, scales, 0.25)
    assert fields["right"] == 0
    assert decoded(fields) == [(-5, *factor_and_power(multipliers[0])), (1 << 22, *factor_and_power(multipliers[1]))]
