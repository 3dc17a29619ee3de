"""Limits in an application whose own names are those of models, with three models, C++ and link-time optimisation
(tests/zephyr/owners), held against the sample of the same model, alone and without any of that."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from mlforge.cli.main import main
from mlforge.measure.footprint import Footprint, footprint
from mlforge.records.categories import Category
from mlforge.toolchain.sources import root
from tests.zephyr.workspace import Workspace, require_toolchain

pytestmark = pytest.mark.zephyr

HERE = Path(__file__).parent
SAMPLES = root() / "samples"
BOARD = "qemu_cortex_m3"
LTO = {"CONFIG_LTO": "y", "CONFIG_ISR_TABLES_LOCAL_DECLARATION": "y"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require_toolchain(BOARD)  # before anything is built: fixtures of a module come first
    return tmp_path_factory.mktemp("ownership")


@pytest.fixture(scope="module")
def alone(zephyr: Workspace, place: Path) -> Path:
    """The image of the sample."""
    zephyr.build(SAMPLES / "activity", place / "alone", BOARD)
    return place / "alone" / "zephyr" / "zephyr.elf"


@pytest.fixture(scope="module")
def app(place: Path) -> Path:
    """The application with the contract, lock and model of the sample."""
    app = shutil.copytree(HERE / "owners", place / "owners")
    for name in ("mlforge.yaml", "mlforge.lock.yaml"):
        shutil.copy(SAMPLES / "activity" / name, app)
    shutil.copytree(SAMPLES / "activity" / "model", app / "model")
    return app


@pytest.fixture(scope="module")
def crowded(zephyr: Workspace, place: Path, app: Path) -> tuple[Path, str]:
    """The image of the application, and what its build printed."""
    settings = {**LTO, "SAMPLES": str(SAMPLES), "MODELS": str(HERE / "two_models" / "models")}
    printed = zephyr.build(app, place / "crowded", BOARD, settings=settings)
    return place / "crowded" / "zephyr" / "zephyr.elf", printed


def _limits(app: Path, elf: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["check", str(app), "--image", str(elf), "--json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


@pytest.mark.parametrize("board", [BOARD])
@pytest.mark.usefixtures("need_toolchain")
def test_a_contract_counts_its_own_model_whatever_else_is_in_the_image(
    board: str, alone: Path, crowded: tuple[Path, str], app: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = _limits(SAMPLES / "activity", alone, capsys)
    found = _limits(app, crowded[0], capsys)
    for limit, alike in zip(found["limits"], expected["limits"], strict=True):
        # which functions of the features are linked depends on the application's own calls, too
        features = limit["shares"].pop("features"), alike["shares"].pop("features")
        assert limit["shares"] == alike["shares"]
        assert 0 < features[0] <= features[1]
    assert found["others"][-1].startswith("activity, motor, sine share ")
    assert "others" not in expected


@pytest.mark.parametrize("board", [BOARD])
@pytest.mark.usefixtures("need_toolchain")
def test_two_contracts_are_held_and_what_is_shared_is_said_once(board: str, crowded: tuple[Path, str]) -> None:
    printed = crowded[1]
    assert len(re.findall(r"activity/?mlforge\.yaml|owners/mlforge\.yaml:\d+: limits\.flash: 32 KiB", printed)) == 1
    assert len(re.findall(r"hello_model/mlforge\.yaml:\d+: limits\.(flash|ram): .* to spare", printed)) == 2
    assert len(re.findall("beside activity: the model motor takes .*; no contract limits it", printed)) == 1
    assert len(re.findall("beside sine: the model activity takes .*; has a contract of its own", printed)) == 1
    assert len(re.findall("share .* bytes of kernels and features", printed)) == 1


@pytest.mark.parametrize("board", [BOARD])
@pytest.mark.usefixtures("need_toolchain")
def test_the_rest_is_the_applications_and_zephyrs(board: str, alone: Path, crowded: tuple[Path, str]) -> None:
    plain, found = footprint(alone), footprint(crowded[0])
    assert set(found.models) == {"activity", "motor", "sine"}
    # its ring, log, JSON arena, C++ and library's arena; and the heap of Zephyr's C library
    assert found.ram[Category.APPLICATION] - plain.ram[Category.APPLICATION] > 2_000 + 16_384 + 1_024 + 700 + 1_000
    for image in (plain, found):
        _adds_up(image)


def _adds_up(image: Footprint) -> None:
    assert sum(image.flash.values()) + image.unnamed_flash_bytes == image.flash_bytes
    assert sum(image.ram.values()) + image.unnamed_ram_bytes == image.ram_bytes
    assert 0 <= image.unnamed_flash_bytes < 1_500  # a byte or two beside each function
    assert 0 <= image.unnamed_ram_bytes < 300


@pytest.mark.parametrize("board", [BOARD])
@pytest.mark.usefixtures("need_toolchain")
def test_an_image_without_the_contracts_model_meets_nothing(
    board: str, alone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(SAMPLES / "hello_model"), "--image", str(alone)]) == 1
    assert "zephyr.elf was not built with the model sine; it was built with activity" in capsys.readouterr().err
