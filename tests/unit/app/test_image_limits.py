"""Holding an image against the contract: the arithmetic and the sentence, with a footprint made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlforge.app import image_limits as image
from mlforge.app.auto_limits import Resolved
from mlforge.cli.main import main
from mlforge.contract.load import load_contract
from mlforge.measure.footprint import Footprint
from mlforge.measure.owners import Owner
from tests.programs.locked_app import locked_app


def _footprint(weights: int, arena: int) -> Footprint:
    flash = {**dict.fromkeys(Owner, 100), Owner.WEIGHTS: weights, Owner.ARENA: 0, Owner.APPLICATION: 99_999}
    ram = {**dict.fromkeys(Owner, 0), Owner.ARENA: arena, Owner.APPLICATION: 99_999}
    return Footprint(200_000, 200_000, flash, ram, 0, 0)


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return locked_app(tmp_path / "app")


def test_what_is_the_applications_does_not_count(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "footprint", lambda elf: _footprint(32 * 1024 - 300, 10 * 1024))
    flash, ram = image.image_limits(Resolved(load_contract(app), {}), Path("zephyr.elf"))
    assert (flash.used_bytes, flash.limit_bytes, flash.met) == (32 * 1024, 32 * 1024, True)
    assert (ram.used_bytes, ram.limit_bytes, ram.met) == (10 * 1024, 10 * 1024, True)


def test_a_broken_limit_in_the_contracts_words(
    app: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(image, "footprint", lambda elf: _footprint(32 * 1024 - 299, 2_000))
    assert main(["check", str(app), "--image", "zephyr.elf"]) == 3
    printed = capsys.readouterr()
    assert printed.err == (
        f"error: {app}/mlforge.yaml:10: limits.flash: 32 KiB; model and runtime take 32769 bytes "
        "(weights 32469, model code 100, kernels 100, features 100): 1 too many\n"
    )
    assert "limits.ram: 10 KiB; model and runtime take 2000 bytes (arena 2000): 8240 to spare" in printed.out


def test_a_limit_that_is_not_set_does_not_limit(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contract = app / "mlforge.yaml"
    contract.write_text(contract.read_text().replace("  flash: 32 KiB\n", ""))
    monkeypatch.setattr(image, "footprint", lambda elf: _footprint(99_999, 2_000))
    assert [limit.key for limit in image.image_limits(Resolved(load_contract(app), {}), Path("zephyr.elf"))] == [
        "limits.ram"
    ]


def test_not_an_image(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(app), "--image", str(app / "mlforge.yaml")]) == 1
    assert "mlforge.yaml is no ELF image" in capsys.readouterr().err
