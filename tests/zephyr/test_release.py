"""A release on the device: its check at boot, its decisions, statistics and calibration, against the host's numbers.

Each board's image is built once; what is to go wrong is written into a copy of it.
"""

from __future__ import annotations

import re
import shutil
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cbor2
import numpy as np
import pytest
from elftools.elf.elffile import ELFFile

from mlforge.app.model import Model
from mlforge.bundle.block import HEADER_BYTES, Block, decode, encode
from mlforge.bundle.sections import SelfTest, Vector
from mlforge.cli.main import main
from mlforge.toolchain.sources import root
from tests.programs.bundled_app import BUNDLE, VECTORS, answers, bundled_app, model_of, stream
from tests.zephyr.workspace import Workspace, boards, require_toolchain, run_image

pytestmark = pytest.mark.zephyr

HERE = Path(__file__).parent
MAGIC = b"MLFB" + struct.pack("<HH", 1, HEADER_BYTES)
WINDOWS = 514


@dataclass(frozen=True)
class Image:
    """An image that tests spoil copies of."""

    board: str
    build: Path
    app: Path

    @property
    def path(self) -> Path:
        return self.build / "zephyr" / ("zephyr.exe" if self.board == "native_sim" else "zephyr.elf")

    @property
    def data(self) -> bytes:
        return self.path.read_bytes()

    def block(self) -> tuple[int, bytes]:
        """Where the block lies in the file, and its bytes."""
        data = self.data
        at = data.index(MAGIC)
        assert data.find(MAGIC, at + 1) < 0
        return at, data[at : at + struct.unpack_from("<I", data, at + 8)[0]]

    def symbol(self, name: str) -> int:
        """Where a constant lies in the file."""
        with self.path.open("rb") as file:
            elf = ELFFile(file)
            (found,) = elf.get_section_by_name(".symtab").get_symbol_by_name(name)
            section = elf.get_section(found["st_shndx"])
            return int(found["st_value"] - section["sh_addr"] + section["sh_offset"])

    def run(self, place: Path, data: bytes | None = None, last_line: str = "done") -> list[str]:
        copy = place / self.path.name
        copy.write_bytes(self.data if data is None else data)
        copy.chmod(0o755)
        arguments = (f"--flash={place / 'flash.bin'}", "--stop_at=60") if self.board == "native_sim" else ()
        return run_image(self.build, self.board, last_line, image=copy, arguments=arguments)

    def patched(self, offset: int, what: bytes) -> bytes:
        data = self.data
        return data[:offset] + what + data[offset + len(what) :]

    def with_block(self, change: Callable[[Block], Block]) -> bytes:
        """With another block of the same size, whose sums fit."""
        at, block = self.block()
        changed = encode(change(decode(block)))
        assert len(changed) == len(block)
        return self.patched(at, changed)


@pytest.fixture(scope="module", params=boards("native_sim", "qemu_cortex_m3"))
def image(request: pytest.FixtureRequest, zephyr: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Image:
    require_toolchain(request.param)
    place = tmp_path_factory.mktemp("release")
    app = place / "app"
    shutil.copytree(HERE / "release", app)
    shutil.copytree(HERE / "sensor" / "dts", app / "dts")
    for name in ("scripted.c", "scripted.h"):
        shutil.copy(HERE / "sensor" / "src" / name, app / "src" / name)
    bundled_app(app)
    zephyr.build(app, place / "build", request.param)
    return Image(request.param, place / "build", app)


ON_THE_HOST = pytest.mark.parametrize("image", ["native_sim"], indirect=True)
EMULATED = pytest.mark.parametrize("image", ["qemu_cortex_m3"], indirect=True)


def record_of(lines: Sequence[str], phase: str) -> dict[int, Any]:
    """The telemetry record that the application prints in a phase."""
    start = next(at for at, line in enumerate(lines) if line.startswith(f"{phase}: "))
    data, total = b"", -1
    for line in lines[start:]:
        if found := re.match(r"mlforge-telemetry (\d+)/(\d+) ([0-9a-f]+)$", line):
            assert int(found[1]) == len(data)
            data, total = data + bytes.fromhex(found[3]), int(found[2])
            if len(data) == total:
                break
    assert len(data) == total, lines
    return dict(cbor2.loads(data))


def state_of(lines: Sequence[str], when: str) -> str:
    return next(line for line in lines if line.startswith(f"{when}: state")).partition(": ")[2]


def test_a_sound_release_is_watched(image: Image, tmp_path: Path) -> None:
    lines = image.run(tmp_path)
    model, text = model_of(image.app), "\n".join(lines)
    assert state_of(lines, "boot") == "state 3, reason none (0), confirmed 1, allowed 1"
    assert state_of(lines, "end") == "state 3, reason none (0), confirmed 1, allowed 1"
    assert (
        f"release 1.2.3, bundle {struct.unpack_from('<I', image.block()[1], 12)[0]:08x}: sound; {VECTORS} vec" in text
    )
    assert "firmware 1.2.3+4" in text
    assert "walk: from -25, until below -51" in text
    assert "run: from 0, until below -51" in text
    _as_trained(record_of(lines, "as trained"), model, struct.unpack_from("<I", image.block()[1], 12)[0])
    _shifted(record_of(lines, "shifted"), model)
    _calibrated(record_of(lines, "calibrated"), model)
    if image.board != "native_sim":
        _served(record_of(lines, "served"), record_of(lines, "as trained"), text)
    else:
        _calibration_outlives_a_reset_and_not_a_release(image, tmp_path)


def _as_trained(record: dict[int, Any], model: Model, crc: int) -> None:
    inputs, outputs = answers(model, stream(model))
    channels = inputs.reshape(-1, model.pipeline.channels)
    assert list(record) == [*range(10), *range(10, 22)]
    assert [record[key] for key in (0, 1, 2, 4, 5, 6, 10)] == [1, crc, [1, 2, 3, 4], 3, WINDOWS, WINDOWS, 0]
    assert len(inputs) == WINDOWS
    assert record[11] == np.bincount(outputs.argmax(axis=1), minlength=3).tolist()
    assert record[12] == np.bincount((outputs.max(axis=1).astype(int) + 128) // 16, minlength=16).tolist()
    np.testing.assert_allclose(record[13], channels.mean(axis=0) * 256, atol=0.51)
    np.testing.assert_allclose(record[14], channels.std(axis=0) * 256, atol=0.51)
    assert record[15] < 7
    assert record[16] < 7
    assert max(record[17]) < 7
    assert (record[18], record[19], record[20], record[21]) == ([0] * 6, [0] * 6, 0, 256)


def _shifted(record: dict[int, Any], model: Model) -> None:
    """By half a deviation of the training data, which is two of these narrow channels, and more: all have drifted."""
    inputs, outputs = answers(model, stream(model, shift=1))
    channels = inputs.reshape(-1, model.pipeline.channels)
    np.testing.assert_allclose(record[13], channels.mean(axis=0) * 256, atol=1.0 * 256)
    assert record[10] == 7
    assert min(record[17]) > 65536
    assert np.abs(np.array(record[11]) - np.bincount(outputs.argmax(axis=1), minlength=3)).max() < 30


def _calibrated(record: dict[int, Any], model: Model) -> None:
    """Half of the sensor's unit, less what the first calibration corrected, which was next to nothing. One channel was
    clipped while it was shifted, which looked like another gain."""
    half = 1 << model.pipeline.input_frac_bits - 1
    np.testing.assert_allclose(record[18], [half] * 6, rtol=0.02)
    np.testing.assert_allclose(record[19], [0] * 6, atol=0.05 * 65536)
    assert record[20] == 2
    assert record[10] == 0
    assert max(record[17]) < 500


def _served(record: dict[int, Any], pushed: dict[int, Any], text: str) -> None:
    """The service's windows are the same, and there is one inference more, of zeros."""
    assert "served: submit 0, infer 0" in text
    assert (record[5], record[6]) == (WINDOWS + 1, WINDOWS + 1)
    assert sum(abs(one - other) for one, other in zip(record[11], pushed[11], strict=True)) == 1
    np.testing.assert_allclose(record[13], pushed[13], atol=0.01 * 128 * 256)
    assert "inferences 514, late 0, skipped 0, direct 1, gaps 0" in text


def _calibration_outlives_a_reset_and_not_a_release(image: Image, place: Path) -> None:
    again = image.run(place, last_line="boot: state")
    assert any(line.endswith("calibrated 2 times") for line in map(_plain, again)), again
    newer = image.with_block(_newer)
    assert not any(line.endswith(" times") for line in map(_plain, image.run(place, newer, last_line="boot: state")))


def _newer(block: Block) -> Block:
    return replace(block, versions=replace(block.versions, calibration=replace(block.versions.calibration, build=5)))


def _plain(line: str) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", line)


def _wrong_output(block: Block) -> Block:
    test = block.section(SelfTest)
    assert test is not None
    output = bytes([test.vectors[1].output[0] ^ 1]) + test.vectors[1].output[1:]
    vectors = (test.vectors[0], Vector(test.vectors[1].input, output), *test.vectors[2:])
    return replace(block, sections=tuple(SelfTest(vectors) if one is test else one for one in block.sections))


def _two_outputs(block: Block) -> Block:
    """A self-test for a model of other sizes."""
    test = block.section(SelfTest)
    assert test is not None
    other = tuple(Vector(one.input[:-1], one.output + b"x") for one in test.vectors)
    return replace(block, sections=tuple(SelfTest(other) if one is test else one for one in block.sections))


SPOILT: dict[str, tuple[Callable[[Block], Block], str]] = {
    "contract": (lambda block: replace(block, contract=bytes(32)), "contract (0)"),
    "model": (lambda block: replace(block, model=bytes(32)), "model (0)"),
    "board": (lambda block: replace(block, board="mps2/an385"), "board (0)"),
    "name": (lambda block: replace(block, name="activit"), "name (0)"),
    "sizes": (_two_outputs, "format (0)"),
}


def test_a_wrong_answer_is_refused(image: Image, tmp_path: Path) -> None:
    _refused(image.run(tmp_path, image.with_block(_wrong_output)), "self-test (1)")


@ON_THE_HOST
@pytest.mark.parametrize("what", SPOILT)
def test_a_bundle_of_something_else_is_refused(image: Image, tmp_path: Path, what: str) -> None:
    change, reason = SPOILT[what]
    _refused(image.run(tmp_path, image.with_block(change)), reason)


def _refused(lines: Sequence[str], reason: str) -> None:
    expected = f"state 1, reason {reason}, confirmed 1, allowed 0"
    assert (state_of(lines, "boot"), state_of(lines, "end")) == (expected, expected)
    assert "refused: 0 inferences" in lines
    assert [line for line in lines if line.startswith("served")] in ([], ["served: submit -13, infer -13"])
    assert any("boot check failed: " + reason in line for line in lines)


@ON_THE_HOST
def test_a_damaged_bundle_is_refused(image: Image, tmp_path: Path) -> None:
    at, block = image.block()
    for offset in (12, 100, len(block) - 30):
        lines = image.run(tmp_path, image.patched(at + offset, bytes([block[offset] ^ 0x10])))
        assert "state 1, reason crc (" in state_of(lines, "boot")
        assert "refused: 0 inferences" in lines
    _refused(image.run(tmp_path, image.patched(at, b"X")), "format (0)")
    _refused(image.run(tmp_path, image.patched(at + 8, struct.pack("<I", 1 << 19))), "format (8)")


@EMULATED  # native_sim's time stands still while code computes
def test_a_missed_deadline_is_refused(image: Image, tmp_path: Path) -> None:
    """The contract's 5 ms at 25 MHz are 125,000 cycles: as many instructions of 64 ns (CONFIG_QEMU_ICOUNT_SHIFT=6)."""
    at = image.symbol("activity_instance") + 20  # deadline_us
    assert image.data[at : at + 4] == struct.pack("<I", 8000)
    lines = image.run(tmp_path, image.patched(at, struct.pack("<I", 2)))
    found = re.search(r"state 1, reason deadline \((\d+)\)", state_of(lines, "boot"))
    assert found
    assert 2 < int(found[1]) < 5000
    assert any(f"an inference takes {found[1]} us, and the deadline is 2 us" in line for line in lines)
    assert any("CONFIG_MLFORGE_DEADLINE_US" in line for line in lines)


@EMULATED
def test_feeds_begin_after_the_check_whatever_the_applications_priority(image: Image) -> None:
    """prj.conf sets CONFIG_APPLICATION_INIT_PRIORITY below the check's; Zephyr calls in the order of these entries."""
    assert image.symbol("__init_supervisor_begin") < image.symbol("__init_feeds_begin")


@ON_THE_HOST
@pytest.mark.parametrize(("health", "reason"), [(-5, "application (5)"), (-11, "timeout (6)")])
def test_what_the_application_has_to_say_counts(image: Image, tmp_path: Path, health: int, reason: str) -> None:
    """A release that is confirmed stays, and infers: MCUboot cannot take it back."""
    lines = image.run(tmp_path, image.patched(image.symbol("test_health"), struct.pack("<i", health)))
    assert state_of(lines, "boot") == "state 3, reason none (0), confirmed 1, allowed 1"
    assert state_of(lines, "end") == f"state 4, reason {reason}, confirmed 1, allowed 1"
    assert any("health check failed: " + reason in line for line in lines)


@EMULATED
def test_a_sensor_that_does_not_deliver_is_no_good_health(image: Image, tmp_path: Path) -> None:
    lines = image.run(tmp_path, image.patched(image.symbol("test_sensor"), struct.pack("<i", -5)))
    assert state_of(lines, "boot") == "state 3, reason none (0), confirmed 1, allowed 1"
    assert state_of(lines, "end") == "state 4, reason sensor (5), confirmed 1, allowed 1"


@pytest.mark.parametrize("board", boards("qemu_cortex_m3"))
@pytest.mark.usefixtures("need_toolchain")
def test_a_release_of_a_streamed_model(zephyr: Workspace, board: str, tmp_path: Path) -> None:
    """Its self-test takes windows hop by hop; it decides as the model on whole windows does, whose inputs it sees once
    and not once for each window that has them."""
    app = tmp_path / "app"
    shutil.copytree(HERE / "release", app)
    shutil.copytree(HERE / "sensor" / "dts", app / "dts")
    for name in ("scripted.c", "scripted.h"):
        shutil.copy(HERE / "sensor" / "src" / name, app / "src" / name)
    bundled_app(app, BUNDLE + "execution: stream\n")
    zephyr.build(app, tmp_path / "build", board)
    image = Image(board, tmp_path / "build", app)
    lines = image.run(tmp_path)
    assert state_of(lines, "boot") == "state 3, reason none (0), confirmed 1, allowed 1"
    record = record_of(lines, "as trained")
    _, outputs = answers(model_of(app), stream(model_of(app)))
    assert [record[key] for key in (5, 6, 10)] == [WINDOWS, WINDOWS, 0]
    assert record[11] == np.bincount(outputs.argmax(axis=1), minlength=3).tolist()
    assert record[12] == np.bincount((outputs.max(axis=1).astype(int) + 128) // 16, minlength=16).tolist()
    _refused(image.run(tmp_path, image.with_block(_wrong_output)), "self-test (1)")


@pytest.mark.parametrize("board", boards("qemu_cortex_m3"))
@pytest.mark.usefixtures("need_toolchain")
def test_alarms_need_no_floats(zephyr: Workspace, board: str, tmp_path: Path) -> None:
    """The sample of anomalies: the monitor's whole numbers against the doubles that the sample itself computes."""
    app = tmp_path / "app"
    shutil.copytree(root() / "samples" / "anomaly", app)
    shutil.copy(HERE / "release" / "src" / "anomaly.c", app / "src" / "main.c")
    with (app / "prj.conf").open("a") as file:
        file.write("CONFIG_MLFORGE_BUNDLE=y\n")
    zephyr.build(app, tmp_path / "build", board)
    lines = run_image(tmp_path / "build", board, "state ")
    found = [re.fullmatch(r"error (\d+) (\d+), alarm (\d) (\d)", line) for line in lines]
    windows = [tuple(map(int, each.groups())) for each in found if each]
    assert len(windows) == 21
    assert all(abs(exact - whole) <= 1 for exact, whole, _, _ in windows)
    assert all(alarm == decision for _, _, alarm, decision in windows)
    assert f"alarms {sum(decision for *_, decision in windows)} of 21" in lines
    assert lines[-1] == "state 3"


@pytest.mark.parametrize("board", boards("native_sim"))
@pytest.mark.usefixtures("need_toolchain")
def test_candidates_are_measured_in_an_application_with_a_bundle(
    zephyr: Workspace, board: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no block then, and no check; nor is the application's other model taken for the one that is measured."""
    app = tmp_path / "app"
    shutil.copytree(HERE / "release", app)
    bundled_app(app)
    model = app / "model" / "activity.tflite"
    shutil.copy(model, app / "model" / "other.tflite")
    with (app / "CMakeLists.txt").open("a") as file:
        file.write("mlforge_model(TARGET app MODEL model/other.tflite)\n")
    monkeypatch.chdir(tmp_path)  # where native_sim keeps its flash
    assert main(["run", str(model), "--target", f"zephyr:{board}", "--app", str(app)]) == 0
