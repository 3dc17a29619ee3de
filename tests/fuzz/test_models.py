"""Two thousand mutants of sound models, and the C of a sample of those that were accepted.

The long run is `make fuzz`; see README.md.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlforge.compiler import compile_graph, read_tflite
from mlforge.compiler.graph import DType, Graph, Node, Quantization, Tensor
from mlforge.compiler.ops.fully_connected import FullyConnectedAttributes
from mlforge.errors import ForgeError, ModelError
from tests.fuzz import campaign, execute, originals
from tests.fuzz.fields import STRUCTURE, fields_of
from tests.fuzz.mutate import Original, mutant
from tests.unit.compiler.tflite_writer import write_tflite

INPUTS = 2000
SAMPLE = 60
FIRST = 7_000_000


@pytest.fixture(scope="module")
def files() -> list[Original]:
    return originals.small() + [replace(one, weight=1.0) for one in originals.real()]


@pytest.fixture(scope="module")
def summary(files: list[Original]) -> campaign.Summary:
    return campaign.run(files, FIRST, INPUTS)


def test_every_mutant_is_accepted_or_refused_with_a_sentence(summary: campaign.Summary) -> None:
    assert [(one.seed, one.text) for one in summary.failures] == []
    assert summary.inputs == INPUTS
    assert 0.05 * INPUTS < len(summary.accepted) < 0.6 * INPUTS  # else the mutations are too wild, or too tame
    assert len(summary.refusals) > 300
    assert summary.slowest is not None
    assert summary.slowest.seconds < campaign.TIME_S


def test_accepted_mutants_make_clean_c(files: list[Original], summary: campaign.Summary, tmp_path: Path) -> None:
    small = [seed for seed in summary.accepted if len(mutant(files, seed)[1]) < 50_000]
    batch = [(seed, mutant(files, seed)[1]) for seed in small[:: max(1, len(small) // SAMPLE)]]
    objects = execute.kernels(tmp_path)
    assert [(one.seed, one.text) for one in execute.execute(batch, tmp_path, objects)] == []


def test_same_seed_same_mutant(files: list[Original]) -> None:
    assert [mutant(files, seed) for seed in range(20)] == [mutant(files, seed) for seed in range(20)]


def test_fields_are_where_they_are_said_to_be() -> None:
    graph = originals.small()[0]
    kinds = {field.kind for field in fields_of(graph.data)}
    assert kinds >= {"dimension", "scale", "zero point", "axis", "buffer", "code", "code index", "index", "option"}
    assert kinds >= STRUCTURE


# Each checker, made to fail.


def _hang(_: bytes) -> None:
    time.sleep(60)


def _crash(_: bytes) -> None:
    os._exit(7)


def _hoard(_: bytes) -> None:
    np.ones(3 * campaign.MEMORY_BYTES // 8)


def _mumble(_: bytes) -> None:
    raise ForgeError("?")


@pytest.mark.parametrize(
    ("work", "words"),
    [(_hang, "still busy"), (_crash, "exit status 7"), (_hoard, "Unable to allocate"), (_mumble, "no sentence")],
)
def test_failures_are_seen(
    work: Callable[[bytes], None], words: str, files: list[Original], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign, "TIME_S", 1.0)
    found = campaign.run(files[:1], 5, 2, work)
    assert [one.seed for one in found.failures] == [5, 6]
    assert all(words in one.text for one in found.failures)


def test_dirty_c_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An over-read of one byte behind the arena, and a warning."""
    data = write_tflite(_dense(1, 3, 5))
    objects = execute.kernels(tmp_path)
    arena_bytes = compile_graph(read_tflite(data), "any").program.arena_bytes
    assert execute.execute([(1, data)], tmp_path, objects) == []

    def spoilt(fault: str) -> Callable[..., object]:
        def compile_(_: Graph, name: str, __: object) -> object:
            honest = compile_graph(read_tflite(data), name)
            head = f"static void {name}_invoke(uint8_t *arena)\n{{"
            sources = {
                file: text.replace(head, f'#include "{execute.HERE}/spoilt.h"\n{head} {fault}(arena, {arena_bytes});')
                for file, text in honest.program.sources.items()
            }
            return replace(honest, program=replace(honest.program, sources=sources))

        return compile_

    for fault, expected in (
        ("SPOILT_BEHIND", "heap-buffer-overflow"),
        ("SPOILT_BEFORE", "heap-buffer-overflow"),
        ("SPOILT_NARROW", "Werror=conversion"),
    ):
        monkeypatch.setattr(execute, "compile_graph", spoilt(fault))
        assert any(expected in one.text for one in execute.execute([(1, data)], tmp_path, objects)), expected


# Small files that ask for much.


def _dense(count: int, outputs: int, inputs: int) -> Graph:
    """`count` operators after one another, all with the same weights (a square, where there are several)."""
    quantization = Quantization((0.5,), (0,))
    weights = Tensor("w", (outputs, inputs), DType.INT8, quantization, np.ones((outputs, inputs), np.int8))
    tensors = [weights, Tensor("x", (1, inputs), DType.INT8, quantization)]
    tensors += [Tensor(str(one), (1, outputs), DType.INT8, quantization) for one in range(count)]
    nodes = [Node("FULLY_CONNECTED", (1 + one, 0), (2 + one,), FullyConnectedAttributes()) for one in range(count)]
    return Graph(tuple(tensors), tuple(nodes), (1,), (1 + count,))


def test_shared_weights_do_not_multiply_without_bound() -> None:
    data = write_tflite(_dense(2000, 256, 256))
    start = time.monotonic()
    with pytest.raises(ModelError, match="more than 33554432 bytes of flash"):
        compile_graph(read_tflite(data), "m")
    assert time.monotonic() - start < 20


def test_thousands_of_operators_compile_in_time() -> None:
    start = time.monotonic()
    assert len(compile_graph(read_tflite(write_tflite(_dense(4000, 4, 4))), "m").program.operators) == 4000
    assert time.monotonic() - start < 60
