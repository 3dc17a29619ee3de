"""Applications in a real Zephyr workspace: the build step inside `west build`, and images in QEMU."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from mlforge.app.lockfile import locked_model, read_lock
from mlforge.app.model import read_model
from mlforge.features.pipeline import Pipeline
from mlforge.measure.elf_image import read_image
from mlforge.targets.host import HostTarget
from mlforge.toolchain.sources import root
from mlforge.toolchain.zephyr import ZephyrBuild
from tests.programs.locked_app import lock_model, locked_app, tiny_tflite
from tests.zephyr.counted import instructions_between
from tests.zephyr.workspace import Workspace, boards, run_image

pytestmark = pytest.mark.zephyr

HERE = Path(__file__).parent
FRAMES = 64
LINE_BYTES = 64


def _app(directory: Path) -> Path:
    """The parity application with a locked model of random weights."""
    app = directory / "app"
    shutil.copytree(HERE / "parity", app)
    return locked_app(app)


def _frames(channels: int) -> np.ndarray:
    """What src/main.c of the parity application pushes: int32 [FRAMES, channels]."""
    values, state = [], 1
    for _ in range(FRAMES * channels):
        state = (state * 1664525 + 1013904223) % 2**32
        values.append((state - 2**32 if state >= 2**31 else state) >> 13)
    return np.array(values, np.int32).reshape(FRAMES, channels)


def on_host(app: Path) -> list[str]:
    """What the application must print, from the same C on the host."""
    lock = read_lock(app)
    model = read_model(locked_model(app, lock), lock.name, Pipeline.from_json(json.dumps(lock.features)))
    host = HostTarget()
    firmware = host.build(model.program)
    inputs = host.extract(firmware, _frames(model.pipeline.channels))
    outputs = host.infer(firmware, inputs).outputs
    lines = []
    for given, found in zip(inputs, outputs, strict=True):
        for what, values in (("input", given.tobytes()), ("output", found.tobytes())):
            lines += [what, *(values[at : at + LINE_BYTES].hex() for at in range(0, len(values), LINE_BYTES))]
    return [*lines, "done"]


@pytest.mark.parametrize("board", boards("native_sim", "qemu_cortex_m3", "mps2/an386", "qemu_riscv32"))
@pytest.mark.usefixtures("need_toolchain")
def test_an_image_computes_what_the_host_does(zephyr: Workspace, board: str, tmp_path: Path) -> None:
    app, build = _app(tmp_path), tmp_path / "build"
    before = _tree(app)
    module = tmp_path / "a module"  # Zephyr takes spaces in the paths of modules, not in those of applications
    module.symlink_to(root())
    printed = zephyr.build(app, build, board, module=module)
    assert run_image(build, board, "done") == on_host(app)
    assert _tree(app) == before, "the build wrote into the source tree"
    if board != "native_sim":
        assert "limits.flash: 32 KiB; model and runtime take" in printed
        _no_heap(build)
    again = zephyr.ninja(build).stdout
    if board == "native_sim":  # whose runner Zephyr links each time
        assert "Compiling the model" not in again
        assert "Building C object" not in again
        _another_model(zephyr, app, build)
    else:
        assert "no work to do" in again
    if board == "qemu_cortex_m3":
        _a_broken_limit(zephyr, app, build)


def _tree(directory: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def _no_heap(build: Path) -> None:
    symbols = {symbol.name for symbol in read_image(build / "zephyr" / "zephyr.elf").symbols}
    assert "mlforge_features_push" in symbols
    assert not symbols & {"malloc", "calloc", "k_malloc", "k_heap_alloc", "sys_heap_alloc"}


def _another_model(zephyr: Workspace, app: Path, build: Path) -> None:
    """A model that is not the locked one is refused; once locked, it is built in, and nothing else is compiled."""
    (app / "model/activity.tflite").write_bytes(tiny_tflite(seed=7))
    refused = zephyr.ninja(build)
    assert refused.returncode != 0
    assert "is not the model that mlforge.lock.yaml names" in refused.stdout
    lock_model(app, tiny_tflite(seed=7))
    compiled = re.findall(r"Building C object (\S+)", zephyr.ninja(build).stdout)
    assert "mlforge/activity/activity_model.c" in " ".join(compiled)
    assert not [path for path in compiled if "mlforge_kernels.dir" in path or path.startswith("zephyr/kernel")], (
        compiled
    )
    assert run_image(build, "native_sim", "done") == on_host(app)


def _a_broken_limit(zephyr: Workspace, app: Path, build: Path) -> None:
    contract = app / "mlforge.yaml"
    contract.write_text(contract.read_text().replace("flash: 32 KiB", "flash: 1 KiB"))
    done = zephyr.ninja(build)
    assert done.returncode != 0
    line = contract.read_text().splitlines().index("  flash: 1 KiB") + 1
    assert re.search(rf"error: .*mlforge\.yaml:{line}: limits\.flash: 1 KiB; .* too many", done.stdout)


@pytest.mark.parametrize("board", boards("qemu_cortex_m3", "qemu_riscv32")[:1])
@pytest.mark.usefixtures("need_toolchain")
def test_the_activity_sample(zephyr: Workspace, board: str, tmp_path: Path) -> None:
    zephyr.build(root() / "samples" / "activity", tmp_path / "build", board)
    lines = run_image(tmp_path / "build", board, "windows recognised")
    assert len(lines) == 9
    assert int(lines[-1].split()[0]) >= 5


@pytest.mark.parametrize("board", boards("qemu_cortex_m3", "qemu_riscv32")[:1])
@pytest.mark.usefixtures("need_toolchain")
def test_the_sample_of_the_service(zephyr: Workspace, board: str, tmp_path: Path) -> None:
    printed = zephyr.build(root() / "samples" / "hello_model", tmp_path / "build", board)
    assert re.search(r"limits\.ram: 512 B; .* to spare", printed)
    found = re.fullmatch(
        r"17 answers, at most (\d+) thousandths off", run_image(tmp_path / "build", board, "thousandths off")[-1]
    )
    assert found and int(found[1]) < 50


@pytest.mark.parametrize("board", boards("native_sim", "qemu_cortex_m3"))
@pytest.mark.parametrize("suite", ["service", "sensor", "stream", "two_models"])
@pytest.mark.usefixtures("need_toolchain")
def test_suite_on_the_device(zephyr: Workspace, suite: str, board: str, tmp_path: Path) -> None:
    zephyr.build(HERE / suite, tmp_path / "build", board)
    lines = run_image(tmp_path / "build", board, "PROJECT EXECUTION")
    assert any("PROJECT EXECUTION SUCCESSFUL" in line for line in lines), "\n".join(lines[-60:])
    if (suite, board) == ("stream", "qemu_cortex_m3"):
        _what_a_sample_costs(tmp_path / "build", board)


def _what_a_sample_costs(build: Path, board: str) -> None:
    """Instructions from the submission of ten blocks to the release of the last, five times for each of two models: one
    whose features begin with frames, and one that quantises each sample of a window."""
    counted = instructions_between(build, board, "cost_begins", "cost_ends", "TESTSUITE cost succeeded")
    assert len(counted) == 2 * 5
    framed, window = (sum(part, Counter()).total() / (5 * 10 * 160) for part in (counted[:5], counted[5:]))
    print(f"instructions a sample, counted: {framed:.2f} to frames, {window:.2f} to a window")
    assert framed <= 15, sum(counted[:5], Counter()).most_common(12)
    assert window <= 35, sum(counted[5:], Counter()).most_common(12)


@pytest.mark.parametrize("board", boards("mps2/an385"))  # which has room for a second of it
@pytest.mark.usefixtures("need_toolchain")
def test_a_stream_at_48_khz(zephyr: Workspace, board: str, tmp_path: Path) -> None:
    zephyr.build(HERE / "stream", tmp_path / "build", board, settings={"VOICE_RATE_HZ": "48000"})
    lines = run_image(tmp_path / "build", board, "PROJECT EXECUTION")
    assert any("PROJECT EXECUTION SUCCESSFUL" in line for line in lines), "\n".join(lines[-60:])


@pytest.mark.parametrize("board", boards("mps2/an385"))
@pytest.mark.usefixtures("need_toolchain")
def test_models_for_user_threads(zephyr: Workspace, board: str, tmp_path: Path) -> None:
    zephyr.build(HERE / "userspace", tmp_path / "build", board)
    lines = run_image(tmp_path / "build", board, "PROJECT EXECUTION")
    assert any("PROJECT EXECUTION SUCCESSFUL" in line for line in lines), "\n".join(lines[-60:])


ISAS = {"qemu_cortex_m3": "generic", "mps2/an386": "dsp", "mps3/corstone300/an547": "mve"}


@pytest.mark.parametrize("board", boards(*ISAS))
@pytest.mark.usefixtures("need_toolchain")
def test_the_kernels_of_each_kind_of_core(zephyr: Workspace, board: str, tmp_path: Path) -> None:
    app, build = HERE / "kernels", tmp_path / "build"
    zephyr.build(app, build, board, conf_files=(app / "mve.conf",) if ISAS[board] == "mve" else ())
    lines = run_image(build, board, "PROJECT EXECUTION")
    assert any("PROJECT EXECUTION SUCCESSFUL" in line for line in lines), "\n".join(lines[-60:])
    assert any(line.endswith(f" outputs, kernels for {ISAS[board]}") for line in lines)


def test_the_kernels_suite_notices_one_wrong_byte(zephyr: Workspace, tmp_path: Path) -> None:
    app = tmp_path / "app"
    shutil.copytree(HERE / "kernels", app)
    vectors = app / "src" / "vectors.inc"
    text = vectors.read_text()
    assert text.endswith(",128},\n},\n")
    vectors.write_text(text.removesuffix("128},\n},\n") + "127},\n},\n")
    zephyr.build(app, tmp_path / "build", "native_sim")
    lines = run_image(tmp_path / "build", "native_sim", "PROJECT EXECUTION")
    assert "PROJECT EXECUTION FAILED" in lines[-1]
    assert len([line for line in lines if " differs at byte " in line]) == 1


@pytest.mark.parametrize("board", boards("qemu_cortex_m3")[:1])
@pytest.mark.usefixtures("need_toolchain")
def test_arenas_and_weights_in_memories_of_devicetree(zephyr: Workspace, board: str, tmp_path: Path) -> None:
    app, build = HERE / "arena", tmp_path / "build"
    zephyr.build(app, build, board, conf_files=(app / "places.conf",), overlays=(app / "places.overlay",))
    assert "PROJECT EXECUTION SUCCESSFUL" in run_image(build, board, "PROJECT EXECUTION")[-1]
    image = read_image(build / "zephyr" / "zephyr.elf")
    copied = [symbol for symbol in image.symbols if symbol.name.startswith("gesture_w")]
    in_place = [symbol for symbol in image.symbols if symbol.name.startswith("motor_w")]
    assert copied and all(symbol.in_flash and symbol.in_ram for symbol in copied)
    assert in_place and all(symbol.in_flash and not symbol.in_ram for symbol in in_place)


@pytest.mark.parametrize("name", ["memory-region", "model-memory"])  # the second one is deprecated, and warns
def test_weights_that_cannot_be_placed(zephyr: Workspace, name: str, tmp_path: Path) -> None:
    overlay = tmp_path / "memory.overlay"
    overlay.write_text(
        "/ { other: memory@90000000 { reg = <0x90000000 0x1000>; };"
        f' mlforge {{ gesture {{ compatible = "mlforge,model"; {name} = <&other>; }}; }}; }};'
    )
    build = ZephyrBuild(HERE / "arena", tmp_path / "build", "native_sim", overlays=(overlay,))
    done = zephyr.real.configure(build)
    assert done.status != 0
    refusal = "memory-region of gesture: Zephyr cannot relocate code or data on native_sim"
    assert refusal in " ".join(done.output.split())
    assert ("'model-memory' is marked as deprecated" in done.output) is (name == "model-memory")


@pytest.mark.parametrize(
    ("breaking", "complaint"),
    [
        (lambda app: (app / "mlforge.lock.yaml").unlink(), "has no mlforge.lock.yaml beside it"),
        (lambda app: (app / "mlforge.yaml").write_text("title: x\n"), "no usable `name:`"),
    ],
)
def test_a_build_that_cannot_work_stops_at_once(zephyr: Workspace, tmp_path: Path, breaking, complaint: str) -> None:  # type: ignore[no-untyped-def]
    app = _app(tmp_path)
    breaking(app)
    done = zephyr.configure(app, tmp_path / "build", "native_sim")
    assert done.returncode != 0
    assert complaint in " ".join(done.stdout.split())
