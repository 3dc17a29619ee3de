"""An application's linked image held against the limits of its contract: what `west build` enforces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlforge.app.auto_limits import Resolved
from mlforge.contract.units import format_size
from mlforge.measure.footprint import NOT_THE_MODELS, footprint
from mlforge.measure.owners import Owner


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


def image_limits(resolved: Resolved, elf: Path) -> tuple[ImageLimit, ...]:
    """The contract's limits on flash and RAM, where it sets any. The image's other code and data are the application's.

    Args:
        resolved: of this very image, where the contract has limits of `auto`; see resolve_from_image.

    Raises:
        BuildError: not an ELF image with symbols.
    """
    found, contract = footprint(elf), resolved.contract
    # What carries a model's name in RAM is its service's, of which `auto` has made the application's, or its
    # interpreter's: the static engine's code has no variables.
    ram = {owner: size for owner, size in found.ram.items() if owner is not Owner.CODE or "ram" not in resolved.rooms}
    measured = (
        ("limits.flash", contract.limits.flash_bytes, _shares(found.flash, {})),
        ("limits.ram", contract.limits.ram_bytes, _shares(ram, {Owner.CODE: "service, interpreter"})),
    )
    return tuple(
        ImageLimit(key, contract.path, contract.lines.get(key, 0), limit, sum(shares.values()), shares)
        for key, limit, shares in measured
        if limit is not None
    )


def _shares(by_owner: Mapping[Owner, int], names: Mapping[Owner, str]) -> dict[str, int]:
    return {names.get(owner, str(owner)): size for owner, size in by_owner.items() if owner not in NOT_THE_MODELS}
