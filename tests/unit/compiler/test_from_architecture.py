"""Architectures as graphs: every valid one compiles, runs as the reference says, and keeps off the corners."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random

import numpy as np
import pytest

from mlforge.compiler import compile_graph
from mlforge.compiler.from_architecture import lower_architecture
from mlforge.errors import ArchitectureError
from mlforge.records.architecture import (
    Activation,
    Architecture,
    AveragePool,
    Conv,
    Dense,
    DepthwiseConv,
    Dropout,
    GlobalAveragePool,
    Head,
    Layer,
    MaxPool,
    Padding,
    Residual,
    SeparableConv,
    output_shape,
    validate,
)
from tests.unit.compiler.cases import inputs_for
from tests.unit.compiler.harness import SANITIZE, run_models
from tests.unit.compiler.reference import Interpreter
from tests.unit.compiler.test_reader import ARCHITECTURE


def random_architecture(seed: int) -> Architecture:
    chance = Random(seed)
    shape = chance.choice([(chance.randint(8, 30), 1, 3), (9, 7, 2), (12, 12, 1), (20,)])
    while True:
        layers = tuple(random_layer(chance, len(shape)) for _ in range(chance.randint(0, 5)))
        architecture = Architecture(shape, layers, chance.randint(2, 5), chance.choice(list(Head)))
        try:
            validate(architecture)
        except ArchitectureError:
            continue
        return architecture


def random_layer(chance: Random, rank: int) -> Layer:
    activation, padding = chance.choice(list(Activation)), chance.choice(list(Padding))
    filters = chance.randint(1, 6)
    kernel, stride = (chance.randint(1, 4), chance.choice([1, 3])), (chance.randint(1, 2), 1)
    kinds: list[Layer] = [Dense(chance.randint(1, 9), activation), Dropout(0.2)]
    if rank == 3:
        body = (Conv(3, (3, 1)), SeparableConv(2, (3, 3), activation=Activation.NONE))
        kinds += [
            Conv(filters, kernel, stride, padding, activation),
            DepthwiseConv(kernel, stride, padding, activation, multiplier=chance.choice([1, 1, 2])),
            SeparableConv(filters, kernel, stride, padding, activation),
            MaxPool((2, 1), (2, 1), padding),
            AveragePool((2, 2), (1, 1), padding),
            GlobalAveragePool(),
            Residual(body, activation),
        ]
    return chance.choice(kinds)


def test_random_architectures_run_as_the_reference_says(tmp_path: Path) -> None:
    graphs = {f"n{seed:03d}": lower_architecture(random_architecture(seed), seed) for seed in range(40)}
    models = {name: (compile_graph(graph, name), inputs_for(graph, 2, 7)) for name, graph in graphs.items()}
    results = run_models(tmp_path, models, ("-O1", *SANITIZE))
    for name, graph in graphs.items():
        for vector in range(2):
            expected = Interpreter(graph).run([array[vector] for array in models[name][1]])
            np.testing.assert_array_equal(results[name][0][vector], expected[0], err_msg=name)


def test_shapes_are_those_of_the_architecture() -> None:
    for seed in range(40):
        architecture = random_architecture(seed)
        graph = lower_architecture(architecture, 1)
        shape, outputs = architecture.input_shape, [tensor.shape for tensor in graph.tensors]
        assert outputs[graph.inputs[0]] == (1, *shape)
        for layer in architecture.layers:
            shape = output_shape(layer, shape)
            kept = (1, 1, 1, *shape) if isinstance(layer, GlobalAveragePool) else (1, *shape)
            assert kept in outputs or (1, *shape) in outputs
        assert outputs[graph.outputs[0]] == (1, architecture.outputs)


def test_the_same_seed_gives_the_same_text_and_another_the_same_cost() -> None:
    first, again, other = (compile_graph(lower_architecture(ARCHITECTURE, seed), "n").program for seed in (1, 1, 2))
    assert first == again
    assert first.sources != other.sources
    assert (first.arena_bytes, first.operators) == (other.arena_bytes, other.operators)


def test_activations_stay_off_the_corners() -> None:
    graph = lower_architecture(ARCHITECTURE, 3)
    interpreter = Interpreter(graph)
    interpreter.run([np.random.default_rng(1).integers(-100, 100, graph.tensors[0].shape, np.int8)])
    for node in graph.nodes[:-1]:
        values = interpreter.values[node.outputs[0]]
        assert np.mean(values == 127) < 0.2, node.kind
        assert values.std() > 1, node.kind


def test_refuses_what_cannot_be_built() -> None:
    with pytest.raises(ArchitectureError):
        lower_architecture(Architecture((8,), (Conv(4, (3, 1)),), 2, Head.SOFTMAX), 1)


def test_takes_milliseconds() -> None:
    compile_graph(lower_architecture(ARCHITECTURE, 1), "warm")
    best = min(timed() for _ in range(5))
    assert best < 0.1


def timed() -> float:
    start = time.perf_counter()
    compile_graph(lower_architecture(ARCHITECTURE, 1), "n")
    return time.perf_counter() - start
