"""Who writes and reads which channels; what equalisation and pruning make of it. NumPy only."""

from __future__ import annotations

import numpy as np
import pytest

from mlforge.records.architecture import (
    Activation,
    Architecture,
    Conv,
    Dense,
    DepthwiseConv,
    Dropout,
    GlobalAveragePool,
    Head,
    Layer,
    MaxPool,
    Residual,
    SeparableConv,
    validate,
)
from mlforge.training.equalise import equalised
from mlforge.training.shrink_plan import kept_sizes, pruned
from mlforge.training.topology import Kind, topology


def signal(*layers: Layer, channels: int = 6) -> Architecture:
    return Architecture((32, 1, channels), layers, 5, Head.SOFTMAX)


def names(architecture: Architecture) -> list[tuple[str, str]]:
    return [(earlier.name, later.name) for earlier, later in topology(architecture).pairs()]


def test_pairs_see_through_pools_and_dropout_and_flattening() -> None:
    network = signal(Conv(8, (3, 1)), MaxPool((2, 1), (2, 1)), Dropout(0.1), SeparableConv(12, (3, 1)), Dense(7))
    assert names(network) == [
        ("l0_conv", "l3_depthwise"),
        ("l3_depthwise", "l3_pointwise"),
        ("l3_pointwise", "l4_dense"),
        ("l4_dense", "outputs"),
    ]
    dense = topology(network).linears[3]
    assert dense.inputs == 16 * 12
    assert dense.source_units.tolist() == list(range(12)) * 16


def test_what_an_addition_reads_is_in_no_pair() -> None:
    network = signal(
        Conv(8, (3, 1)),
        Residual((DepthwiseConv((3, 1)), Conv(8, (1, 1), activation=Activation.NONE))),
        GlobalAveragePool(),
    )
    assert names(network) == [("l1_0_depthwise", "l1_1_conv")]


def test_an_addition_ties_the_channels_that_it_adds() -> None:
    body = (SeparableConv(8, (3, 1)), Conv(8, (3, 1), activation=Activation.NONE))
    network = topology(signal(Conv(8, (3, 1)), Residual(body), Residual((Conv(8, (1, 1)),)), GlobalAveragePool()))
    stem, _, inner, last, second, outputs = network.linears
    assert stem.target.units == last.target.units == second.target.units == outputs.source.units
    assert inner.target.units != stem.target.units
    assert network.fixed == {0, outputs.target.units}


def test_inputs_and_outputs_and_what_is_added_to_them_stay() -> None:
    network = topology(signal(Residual((Conv(6, (3, 1)),)), GlobalAveragePool()))
    assert kept_sizes(network, 0.9) == network.sizes


def test_the_multiplier_of_a_depthwise_layer_follows_its_channels() -> None:
    network = topology(signal(Conv(8, (3, 1)), DepthwiseConv((3, 1), multiplier=3), Conv(5, (1, 1))))
    _, depthwise, pointwise, _ = network.linears
    assert depthwise.kind is Kind.DEPTHWISE
    assert depthwise.target_units.tolist() == np.repeat(np.arange(8), 3).tolist() == pointwise.source_units.tolist()


@pytest.mark.parametrize(
    ("size", "share", "kept"),
    [(32, 0.3, 24), (16, 0.3, 12), (8, 0.3, 4), (4, 0.9, 4), (57, 0.3, 40), (3, 0.5, 2), (1, 0.9, 1), (16, 0.0, 16)],
)
def test_whole_fours_stay_whole_fours(size: int, share: float, kept: int) -> None:
    network = signal(Conv(size, (3, 1)), GlobalAveragePool())
    smaller = pruned(network, share).layers[0]
    assert isinstance(smaller, Conv) and smaller.filters == kept


def test_a_pruned_architecture_can_be_built() -> None:
    network = signal(
        Conv(16, (3, 1)),
        Residual((DepthwiseConv((3, 1)), Conv(16, (1, 1), activation=Activation.NONE))),
        SeparableConv(24, (3, 1)),
        Residual((SeparableConv(24, (3, 1)), Conv(24, (1, 1)))),
        GlobalAveragePool(),
        Dense(10),
    )
    smaller = pruned(network, 0.5)
    validate(smaller)
    assert smaller.id != network.id
    assert smaller.layers[0] == Conv(8, (3, 1))
    assert smaller.layers[-1] == Dense(5)
    assert (smaller.input_shape, smaller.outputs) == (network.input_shape, network.outputs)


def weights_of(architecture: Architecture) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    random = np.random.default_rng(1)
    shapes = {Kind.CONV: (3, 1), Kind.DEPTHWISE: (3, 1), Kind.DENSE: ()}
    found = {}
    for one in topology(architecture).linears:
        last = (one.inputs, one.target.channels // (one.inputs if one.kind is Kind.DEPTHWISE else 1))
        spread = random.permutation(np.geomspace(1e-2, 1e2, one.target.channels))
        kernel = random.standard_normal((*shapes[one.kind], *last))
        kernel = kernel * (spread.reshape(last) if one.kind is Kind.DEPTHWISE else spread)
        found[one.name] = kernel, random.standard_normal(one.target.channels) * spread
    return found


def test_equalised_layers_agree_on_the_range_of_each_channel() -> None:
    network = signal(SeparableConv(8, (3, 1), batch_norm=False), DepthwiseConv((3, 1), batch_norm=False), Dense(9))
    shape = topology(network)
    done = equalised(shape, weights_of(network))
    for earlier, later in shape.pairs():
        out = np.abs(done[earlier.name][0]).reshape(-1, earlier.target.channels).max(axis=0)
        reading = done[later.name][0]
        rows = np.abs(np.moveaxis(reading, -2, 0).reshape(later.inputs, -1)).max(axis=1)
        into = rows.reshape(-1, earlier.target.channels).max(axis=0)
        np.testing.assert_allclose(out, into, rtol=0.01)


def test_a_bound_that_does_not_scale_is_left_alone() -> None:
    network = signal(Conv(8, (3, 1), activation=Activation.RELU6, batch_norm=False), GlobalAveragePool())
    before = weights_of(network)
    for name, (kernel, bias) in equalised(topology(network), before).items():
        np.testing.assert_array_equal(kernel, before[name][0].astype(np.float32))
        np.testing.assert_array_equal(bias, before[name][1].astype(np.float32))


def test_dead_channels_are_no_problem() -> None:
    network = signal(Conv(4, (3, 1), batch_norm=False), Dense(3))
    weights = weights_of(network)
    weights["l0_conv"][0][..., 1] = 0.0
    assert all(np.isfinite(part).all() for pair in equalised(topology(network), weights).values() for part in pair)
