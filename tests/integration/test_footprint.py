"""Bytes against what the GNU tools say of the same images, and whose they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlforge.errors import BuildError
from mlforge.measure.cost import Rhythm, measure_cost
from mlforge.measure.footprint import added_by_model, footprint
from mlforge.records.categories import Category
from mlforge.records.program import Program
from mlforge.targets.baremetal import BaremetalTarget
from mlforge.targets.boards import BOARDS
from mlforge.targets.target import Profile
from mlforge.toolchain.process import run
from tests import programs
from tests.programs.require import inapplicable, require


@pytest.fixture(params=BOARDS.values(), ids=lambda board: board.name)
def target(request: pytest.FixtureRequest) -> BaremetalTarget:
    target = BaremetalTarget(request.param)
    require(target)
    return target


def _size(target: BaremetalTarget, elf: Path) -> tuple[int, int]:
    """Flash and RAM by the tool `size`: text + data, data + bss."""
    output = run([f"{target.board.core.prefix}size", elf], timeout_s=20).output
    text, data, bss = (int(word) for word in output.splitlines()[1].split()[:3])
    return text + data, data + bss


@pytest.mark.parametrize("program", [programs.tiny(), programs.windowed(), programs.wide()], ids=lambda p: p.name)
def test_totals_are_those_of_size(target: BaremetalTarget, program: Program) -> None:
    if program.name == "wide" and target.name == "bbc_microbit":
        inapplicable("covered by the smaller ones")
    firmware = target.build(program)
    flash, ram = added_by_model(firmware)
    assert firmware.baseline_elf is not None
    image, baseline = _size(target, firmware.elf), _size(target, firmware.baseline_elf)
    assert flash.total == image[0] - baseline[0]
    assert ram.total == image[1] - baseline[1]
    whole = footprint(firmware.elf)
    assert (whole.flash_bytes, whole.ram_bytes) == image


def test_shares_add_up_and_are_whose_they_are(target: BaremetalTarget) -> None:
    flash, ram = added_by_model(target.build(programs.windowed()))
    assert flash.weights + flash.code + flash.kernels + flash.features + flash.other == flash.total
    assert ram.arena + ram.features + ram.other == ram.total
    assert ram.arena == 32
    assert ram.features >= 4 + 2 + 12  # ring, block, collector state
    assert flash.features > 100
    assert flash.code > 100
    assert abs(flash.other) < 400  # the C library's memcpy, 308 bytes on a Cortex-M4, which only the features call
    assert 0 <= ram.other < 32


def test_initialised_data_is_flash_and_ram(target: BaremetalTarget) -> None:
    program = programs.tiny()
    text = program.sources["tiny.c"].replace("static const int8_t tiny_w0[2]", "volatile int32_t tiny_w0[256]")
    plain = added_by_model(target.build(program))
    larger = added_by_model(target.build(replace(program, sources={**program.sources, "tiny.c": text})))
    assert 1000 <= larger[0].total - plain[0].total <= 1100
    assert 1000 <= larger[1].total - plain[1].total <= 1100


def test_any_image_is_accounted_by_owner(target: BaremetalTarget) -> None:
    whole = footprint(target.build(programs.windowed()).elf)
    assert whole.ram[Category.ARENA] == 32
    assert whole.flash[Category.CODE] > 100
    assert whole.flash[Category.FEATURES] > 100
    assert whole.flash[Category.APPLICATION] > whole.flash[Category.CODE]
    assert sum(whole.flash.values()) + whole.unnamed_flash_bytes == whole.flash_bytes
    assert whole.unnamed_ram_bytes >= target.board.stack_bytes


def test_what_is_no_image_is_a_build_error(tmp_path: Path) -> None:
    for name, content in (("empty", b""), ("text", b"hello"), ("cut", b"\x7fELF\x01\x01\x01" + bytes(9))):
        file = tmp_path / name
        file.write_bytes(content)
        with pytest.raises(BuildError):
            footprint(file)
    with pytest.raises(BuildError):
        footprint(tmp_path / "absent")


def test_cost_with_features(target: BaremetalTarget) -> None:
    firmware = target.build(programs.windowed())
    frames = np.arange(12, dtype=np.int32).reshape(6, 2) * 2
    cost = measure_cost(target, firmware, np.zeros((2, 4), np.int8), 50_000_000, frames)
    assert cost.instructions and cost.feature_instructions
    assert cost.cycles is not None and cost.feature_cycles is not None
    assert cost.total_latency_us == pytest.approx((cost.cycles + cost.feature_cycles) / 50)
    assert cost.stack_bytes > 0
    assert [operator.kind for operator in cost.operators] == ["SUM", "DIFFERENCE"]
    assert cost == measure_cost(target, firmware, np.zeros((2, 4), np.int8), 50_000_000, frames)


def test_a_stream_costs_one_hop_of_features_an_inference(target: BaremetalTarget) -> None:
    firmware = target.build(programs.windowed())
    frames = np.arange(12, dtype=np.int32).reshape(6, 2) * 2
    cost = measure_cost(target, firmware, np.zeros((2, 4), np.int8), 50_000_000, frames, Rhythm(1000, 1, 2))
    assert cost.stream is not None and cost.stream.feature_instructions is not None and cost.cpu is not None
    whole = target.profile(firmware, np.zeros((2, 4), np.int8), frames)
    assert isinstance(whole, Profile)
    hops = [window.instructions for window in whole.features[1:]]
    assert min(hops) <= cost.stream.feature_instructions <= max(hops)  # the one of the most cycles
    assert max(hops) < 1.1 * min(hops)  # one hop is like another: nothing else is counted
    assert cost.stream.feature_instructions < whole.features[0].instructions  # which fills the window
    assert cost.cpu == (cost.latency_us + cost.stream.feature_us) * 1e-6 * 1000
    assert cost.period_us == 1000
