"""An application's linked image held against the limits of its contract: what `west build` enforces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlforge.app.auto_limits import Resolved
from mlforge.contract.contract import Contract
from mlforge.contract.units import format_size
from mlforge.measure.account import RUNTIME, AccountedImage, Share, flash_by_category, ram_by_category, read_account
from mlforge.records.categories import Category

_OF_RAM: Final = {Category.CODE: "service, interpreter"}


@dataclass(frozen=True, slots=True)
class ImageLimit:
    """One limit of the contract, and what model and runtime take of the image; `shares` add up to `used_bytes`."""

    key: str  # in the contract
    file: Path
    line: int
    limit_bytes: int
    used_bytes: int
    shares: Mapping[str, int]

    @property
    def met(self) -> bool:
        return self.used_bytes <= self.limit_bytes

    def __str__(self) -> str:
        shares = ", ".join(f"{name} {value}" for name, value in self.shares.items() if value)
        taken = f"model and runtime take {self.used_bytes} bytes ({shares})"
        spare = self.limit_bytes - self.used_bytes
        verdict = f"{spare} to spare" if self.met else f"{-spare} too many"
        return f"{self.file}:{self.line}: {self.key}: {format_size(self.limit_bytes)}; {taken}: {verdict}"


@dataclass(frozen=True, slots=True)
class HeldImage:
    """An image held against one contract. `others` are sentences on further models, which it does not count."""

    limits: tuple[ImageLimit, ...]
    others: tuple[str, ...]

    @property
    def met(self) -> bool:
        return all(limit.met for limit in self.limits)


def image_limits(resolved: Resolved, elf: Path) -> HeldImage:
    """The contract's limits on flash and RAM, where it sets any: what its own model takes, and what that uses of the
    runtime. The image's other code and data are the application's, other models with it.

    Args:
        resolved: of this very image, where the contract has limits of `auto`; see resolve_from_image.

    Raises:
        BuildError: not an ELF image with symbols, without the contract's model, or one of which no account can be made.
    """
    found, contract = read_account(elf), resolved.contract
    used = found.used_by(contract.name)
    # What of the model's code lies in RAM is its service's, of which `auto` has made the application's, or its
    # interpreter's: the static engine's code has no variables.
    counted = [share for share in used if share.category is not Category.CODE or "ram" not in resolved.rooms]
    measured = (
        ("limits.flash", contract.limits.flash_bytes, _named(flash_by_category(used), {})),
        ("limits.ram", contract.limits.ram_bytes, _named(ram_by_category(counted), _OF_RAM)),
    )
    limits = tuple(
        ImageLimit(key, contract.path, contract.line(key, "target.board"), limit, sum(shares.values()), shares)
        for key, limit, shares in measured
        if limit is not None
    )
    return HeldImage(limits, tuple(_others(found, contract, used)))


def _named(by_category: Mapping[Category, int], names: Mapping[Category, str]) -> dict[str, int]:
    return {
        names.get(category, str(category)): size
        for category, size in by_category.items()
        if category is not Category.APPLICATION
    }


def _others(found: AccountedImage, contract: Contract, used: Sequence[Share]) -> Iterator[str]:
    """Each further model; and, once in a build, how much of the runtime models share."""
    others = [model for model in found.models if model != contract.name]
    for model in others:
        yield f"beside {contract.name}: {_other(found, model)}"
    others = [model for model in others if found.holds(model)]
    contracts = sorted({*found.linked.record.contracts, contract.name})
    if others and contract.name == contracts[0]:
        elsewhere = {share for model in others for share in found.used_by(model)}
        shared = flash_by_category(share for share in used if share in elsewhere and share.category in RUNTIME)
        names = ", ".join([contract.name, *others])
        yield f"{names} share {sum(shared.values())} bytes of kernels and features, which count in the limits of each"


def _other(found: AccountedImage, model: str) -> str:
    if not found.holds(model):
        return f"the model {model} is not in the image; nothing in the application refers to {model}_instance"
    own = [share for share in found.shares if share.model == model]
    flash, ram = (sum(by(own).values()) for by in (flash_by_category, ram_by_category))
    held = "has a contract of its own" if model in found.linked.record.contracts else "no contract limits it"
    return f"the model {model} takes {flash} bytes of flash and {ram} of RAM; {held}"
