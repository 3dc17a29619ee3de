"""Weights in few bits: the same bytes come out, on every instruction set, and flash is saved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mlforge.compiler import Isa, compile_graph, preference, read_tflite
from mlforge.compiler.clustering import cluster, cluster_graph, cluster_tflite
from mlforge.compiler.compression import Pattern, code_of, unpacked
from mlforge.compiler.graph import Graph
from mlforge.errors import ModelError
from mlforge.records.program import Prefer
from tests.networks.make import HERE
from tests.unit.compiler.cases import inputs_for
from tests.unit.compiler.harness import SANITIZE, run_models

NETWORKS = ("autoencoder", "ds_cnn", "resnet")


def network(name: str) -> Graph:
    return read_tflite((HERE / f"{name}.tflite").read_bytes())


def flash(graph: Graph, isa: Isa, prefer: Prefer) -> int:
    return sum(one.weight_bytes for one in compile_graph(graph, "m", isa, prefer=prefer).program.operators)


def test_the_same_bytes_come_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preference, "_FLASH_FOR_RAM", 0)  # whatever it takes
    monkeypatch.setattr(preference, "_UNPACKING_BYTES", 0)
    models = {}
    for name in NETWORKS:
        for at, isa in enumerate(Isa):
            graph = cluster_graph(network(name), 2 + at)  # 2 to 5 bits
            inputs = inputs_for(graph, 3, at)
            for prefer in (Prefer.SPEED, Prefer.FLASH):
                key = f"{name}_{isa}_{prefer}"
                models[key] = compile_graph(graph, key, isa, prefer=prefer), inputs
    results = run_models(tmp_path, models, ("-O1", *SANITIZE))
    packed = [key for key, (compiled, _) in models.items() if "mlforge_unpack" in str(compiled.program.sources)]
    assert len(packed) >= 5
    for key in packed:
        for got, want in zip(results[key], results[key.replace("_flash", "_speed")], strict=True):
            np.testing.assert_array_equal(got, want, err_msg=key)


@pytest.mark.parametrize("isa", [Isa.GENERIC, Isa.DSP])
def test_flash_is_saved_and_ram_spent_for_it_alone(isa: Isa) -> None:
    graph = cluster_graph(network("autoencoder"), 3)
    plain = compile_graph(graph, "m", isa)
    packed = compile_graph(graph, "m", isa, prefer=Prefer.FLASH)
    saved = flash(graph, isa, Prefer.SPEED) - flash(graph, isa, Prefer.FLASH)
    assert saved > 8000
    assert 0 < packed.program.arena_bytes - plain.program.arena_bytes <= saved // 2


def test_many_values_stay_as_they_are() -> None:
    graph = network("resnet")
    same = [compile_graph(graph, "m", Isa.DSP, prefer=prefer).program.sources for prefer in Prefer if prefer != "ram"]
    assert same[0] == same[1]


@pytest.mark.parametrize("bits", range(1, 8))
@pytest.mark.parametrize("layout", ["one", "channels", "last", "pairs", "words"])
def test_tables_come_back(bits: int, layout: str) -> None:
    numbers = np.random.default_rng(bits)
    channels, size = 8, 2048
    values = np.stack([numbers.choice(np.arange(-127, 128), 1 << bits, replace=False) for _ in range(channels)])
    rows = np.take_along_axis(values, numbers.integers(0, 1 << bits, (channels, size)), axis=1)
    if layout == "one":
        rows = values[0][numbers.integers(0, 1 << bits, (channels, size))]
    table = {
        "one": rows.astype(np.int8),
        "channels": rows.astype(np.int8),
        "last": rows.T.astype(np.int8),
        "pairs": (256 * rows[1::2] + rows[0::2]).astype(np.int16).reshape(-1).view(np.int32),
        "words": (256 * rows[1::2] + rows[0::2])
        .astype(np.int16)
        .view(np.int32)
        .reshape(2, 2, -1)
        .transpose(0, 2, 1)
        .reshape(-1),
    }[layout]
    code = code_of(table, channels)
    assert code is not None and code.bits == bits
    np.testing.assert_array_equal(unpacked(code).tobytes(), np.ascontiguousarray(table).tobytes())
    assert code.pattern.count * (code.units // code.pattern.block) in (1, channels)


def test_patterns_that_do_not_divide_are_none() -> None:
    assert not Pattern(7, 7).fits(20)
    assert not Pattern(8, 3, 2, 2).fits(16)
    assert Pattern(8, 4, 4, 2).fits(16)


def test_clustering_moves_little_and_keeps_zero() -> None:
    weights = np.random.default_rng(1).normal(0, 40, (4, 3, 3, 16)).clip(-127, 127).astype(np.int8)
    weights[:, 0] = 0
    moved = cluster(weights, 0, 3)
    assert all(len(np.unique(one)) <= 8 for one in moved)
    assert not moved[:, 0].any()
    assert np.abs(moved.astype(int) - weights).max() < 50
    assert (np.abs(cluster(weights, 0, 6).astype(int) - weights) ** 2).mean() < 6
    few = cluster(weights[..., :1], 0, 4)
    assert len(np.unique(few)) <= 16  # too few weights in a channel: one set for all


def test_a_file_keeps_everything_but_its_weights() -> None:
    data = (HERE / "resnet.tflite").read_bytes()
    moved, facts = cluster_tflite(data, 4)
    assert len(moved) == len(data) and moved != data
    assert facts.weights > 4000 and facts.largest > 0 and facts.mean_square < 40
    again, nothing = cluster_tflite(moved, 4)
    assert again == moved and nothing.largest == 0
    assert flash(read_tflite(moved), Isa.DSP, Prefer.FLASH) < flash(read_tflite(data), Isa.DSP, Prefer.FLASH)


@pytest.mark.parametrize("bits", [0, 8])
def test_bits_out_of_range(bits: int) -> None:
    with pytest.raises(ModelError, match="expected 1 to 7"):
        cluster_tflite(b"", bits)


def test_a_damaged_file() -> None:
    with pytest.raises(ModelError):
        cluster_tflite(b"\x1c\0\0\0TFL3" + b"\xff" * 40, 4)
