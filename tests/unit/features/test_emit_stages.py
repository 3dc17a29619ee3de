"""Emitted chains: the host's bytes, frame by frame, over the whole range of samples, under sanitizers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mlforge.contract.stages import SignalSpec, StageSpec, StandardiseSpec, WindowSpec
from mlforge.features import fit
from mlforge.features.native import run_native
from mlforge.toolchain.process import run
from mlforge.toolchain.sources import runtime_includes, runtime_sources

from .chains import CHAINS
from .test_emit import STRICT, build_driver, feed, write

FLAGS = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """Objects of the runtime, built once."""
    directory = tmp_path_factory.mktemp("runtime")
    includes = [f"-I{place}" for place in runtime_includes()]
    done = run(
        ["cc", *STRICT, *FLAGS, *includes, "-c", *runtime_sources("features", "decision")], cwd=directory, timeout_s=300
    )
    assert done.status == 0, done.output
    return tuple(sorted(directory.glob("*.o")))


@pytest.mark.parametrize("samples", ["int16", "int32"])
@pytest.mark.parametrize("name", CHAINS)
def test_same_bytes_and_no_overflow(tmp_path: Path, name: str, samples: str, runtime: tuple[Path, ...]) -> None:
    random = np.random.default_rng(4)
    signal = random.normal(0, 0.2, (1500, 3)).clip(-0.99, 0.99)
    stages: list[StageSpec] = [*CHAINS[name], StandardiseSpec(), WindowSpec(4, 3)]
    what = SignalSpec(1000, ("x", "y", "z"), "", samples, 15 if samples == "int16" else None)
    pipeline = fit(stages, [signal], what).with_quantisation(0.05, 3)
    low, high = pipeline.samples.range
    frames = random.integers(low, high, size=(1500, 3), endpoint=True, dtype=np.int64).astype(np.int32)
    frames[:400] = np.where(np.arange(400)[:, None] % 2, low, high)
    frames[400:800] = low
    frames[800:1000] = high
    frames[1200:1300] = random.choice([low, high], (100, 3))
    write(tmp_path, "chain", pipeline)
    got, output = feed(build_driver(tmp_path, "chain", *FLAGS, runtime=runtime), tmp_path, frames)
    assert output == ""
    assert len(got) > 0
    np.testing.assert_array_equal(got, run_native(pipeline, pipeline.all_stages, frames).ravel())
