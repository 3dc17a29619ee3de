"""Holding an image against the contract: the arithmetic and the sentence, with a footprint made by hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from mlforge.app import image_limits as image
from mlforge.app.auto_limits import Resolved
from mlforge.cli.main import main
from mlforge.contract.load import load_contract
from mlforge.measure.account import Share
from mlforge.records.categories import Category
from mlforge.toolchain.link_record import LinkRecord
from tests.programs.locked_app import locked_app


def _share(category: Category, size_bytes: int, *, ram: bool = False, model: str = "activity") -> Share:
    return Share("x", category, model, 0, 0, size_bytes, not ram, ram)


@dataclass
class Accounted:
    """An image made by hand: with a second model, where `second` is so many bytes of weights."""

    weights: int
    arena: int
    second: int = 0
    contracts: tuple[str, ...] = ()
    built_with: tuple[str, ...] = ()

    @property
    def models(self) -> tuple[str, ...]:
        return self.built_with or (("activity", "sine") if self.second else ("activity",))

    @property
    def shares(self) -> tuple[Share, ...]:
        own = [_share(each, 100) for each in (Category.CODE, Category.KERNELS, Category.FEATURES)]
        own += [_share(Category.WEIGHTS, self.weights), _share(Category.ARENA, self.arena, ram=True)]
        return (
            *own,
            _share(Category.WEIGHTS, self.second, model="sine"),
            _share(Category.ARENA, 7, ram=True, model="sine"),
        )

    def holds(self, model: str) -> bool:
        return any(share.in_flash and share.size_bytes for share in self.shares if share.model == model)

    def used_by(self, model: str) -> tuple[Share, ...]:
        kernels = [share for share in self.shares if share.category is Category.KERNELS]
        return tuple(share for share in self.shares if share.model == model or share in kernels)

    @property
    def linked(self) -> SimpleNamespace:
        return SimpleNamespace(record=LinkRecord("", (), dict.fromkeys(self.contracts, "")))


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return locked_app(tmp_path / "app")


def test_what_is_the_applications_does_not_count(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "read_account", lambda elf: Accounted(32 * 1024 - 300, 10 * 1024))
    flash, ram = image.image_limits(Resolved(load_contract(app), {}), Path("zephyr.elf")).limits
    assert (flash.used_bytes, flash.limit_bytes, flash.met) == (32 * 1024, 32 * 1024, True)
    assert (ram.used_bytes, ram.limit_bytes, ram.met) == (10 * 1024, 10 * 1024, True)


def test_a_broken_limit_in_the_contracts_words(
    app: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(image, "read_account", lambda elf: Accounted(32 * 1024 - 299, 2_000))
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
    monkeypatch.setattr(image, "read_account", lambda elf: Accounted(99_999, 2_000))
    held = image.image_limits(Resolved(load_contract(app), {}), Path("zephyr.elf"))
    assert [limit.key for limit in held.limits] == ["limits.ram"]


def test_further_models_are_told_and_not_counted(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for contracts, held, shared in (
        ((), "no contract limits it", 1),
        (("activity", "sine"), "has a contract of its own", 1),
        (("aaa", "activity"), "no contract limits it", 0),  # said by the check of the other contract
    ):
        found = Accounted(1_000, 2_000, second=5_000, contracts=contracts)
        monkeypatch.setattr(image, "read_account", lambda elf, found=found: found)
        result = image.image_limits(Resolved(load_contract(app), {}), Path("zephyr.elf"))
        assert [limit.used_bytes for limit in result.limits] == [1_300, 2_000]
        assert result.others[0] == f"beside activity: the model sine takes 5000 bytes of flash and 7 of RAM; {held}"
        assert list(result.others[1:]) == shared * [
            "activity, sine share 100 bytes of kernels and features, which count in the limits of each"
        ]


def test_a_further_model_that_nothing_refers_to_breaks_no_build(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The linker drops it."""
    found = Accounted(1_000, 2_000, built_with=("activity", "sine"))
    monkeypatch.setattr(image, "read_account", lambda elf: found)
    result = image.image_limits(Resolved(load_contract(app), {}), Path("zephyr.elf"))
    assert [limit.used_bytes for limit in result.limits] == [1_300, 2_000]
    assert result.others == (
        "beside activity: the model sine is not in the image; nothing in the application refers to sine_instance",
    )


def test_not_an_image(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(app), "--image", str(app / "mlforge.yaml")]) == 1
    assert "mlforge.yaml is no ELF image" in capsys.readouterr().err
