"""What of an image is a model's: by the objects that the linker's map names and the build knows as its own.

A byte is counted where it lies: an object's whole contribution, with literals and padding inside it, not only what
bears a symbol. Symbols tell apart what one object holds (weights from code, the arena from a service's state).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mlforge.errors import BuildError
from mlforge.measure.elf_image import Image, Symbol, read_image
from mlforge.records.categories import Category
from mlforge.toolchain.link_record import Node
from mlforge.toolchain.linked import Linked, Origin, read_linked
from mlforge.toolchain.references import reached_by

RUNTIME = (Category.KERNELS, Category.FEATURES)  # what models share of it


@dataclass(frozen=True, slots=True)
class Share:
    """Some bytes of an image for one purpose. `what` is a symbol, or the object that they are from."""

    what: str
    category: Category
    model: str  # empty for the runtime
    address: int
    load_address: int
    size_bytes: int
    in_flash: bool
    in_ram: bool


@dataclass(frozen=True)
class AccountedImage:
    """An image with what lies beside it."""

    image: Image
    linked: Linked

    @property
    def models(self) -> tuple[str, ...]:
        return self.linked.record.models

    @cached_property
    def shares(self) -> tuple[Share, ...]:
        """All that is a model's or the runtime's."""
        return tuple(
            share
            for origin in self.linked.origins
            if origin.unit and (origin.unit.category is not Category.APPLICATION or origin.unit.symbols)
            for share in self._of(origin)
        )

    def holds(self, model: str) -> bool:
        """Whether the linker took the model: it drops one that nothing refers to."""
        return any(share.in_flash for share in self.shares if share.model == model)

    def used_by(self, model: str) -> tuple[Share, ...]:
        """What is the model's own, and the runtime, less what is in it for the sake of other models alone. So what the
        application's own calls bring in of it counts.

        Raises:
            BuildError: the image holds no such model, or an object that it was linked of is gone.
        """
        self._refuse_without(model)
        own = tuple(share for share in self.shares if share.model == model)
        others = [reached_by(self.linked, other) for other in self.models if other != model]
        theirs = frozenset[Node]().union(*others) - reached_by(self.linked, model) if others else frozenset()
        return own + tuple(
            share
            for origin in self.linked.origins
            if origin.unit and not origin.unit.model and origin.unit.category in RUNTIME
            if (origin.file, origin.piece.section) not in theirs
            for share in self._of(origin)
        )

    def _refuse_without(self, model: str) -> None:
        name = self.linked.elf.name
        if model not in self.models:
            others = f"; it was built with {', '.join(self.models)}" if self.models else ""
            raise BuildError(f"{name} was not built with the model {model}{others}")
        if not self.holds(model):
            raise BuildError(
                f"{name} holds nothing of the model {model}, so there is nothing to hold against a limit",
                hint=f"the linker drops a model that nothing refers to: use {model}_instance in the application",
            )

    @cached_property
    def _named(self) -> Mapping[int, list[Symbol]]:
        """Symbols that the build itself wrote into one of its objects, by the piece that they lie in."""
        found: dict[int, list[Symbol]] = {}
        for symbol in self.image.symbols:
            origin = self.linked.at(symbol.address)
            if origin and origin.unit and symbol.name in origin.unit.symbols:
                found.setdefault(origin.piece.address, []).append(symbol)
        return found

    def _of(self, origin: Origin) -> Iterator[Share]:
        unit, piece = origin.unit, origin.piece
        section = self.image.section_at(piece.address)
        if unit is None or section is None:
            return

        def share(what: str, category: Category, address: int, size_bytes: int) -> Share:
            loaded = self.image.load_address(address)
            return Share(what, category, unit.model, address, loaded, size_bytes, section.in_flash, section.in_ram)

        rest = piece.size_bytes
        for symbol in self._named.get(piece.address, []):
            size_bytes = min(symbol.size_bytes, rest)
            rest -= size_bytes
            yield share(symbol.name, unit.symbols[symbol.name], symbol.address, size_bytes)
        if rest and unit.category is not Category.APPLICATION:
            yield share(Path(piece.source).name, unit.category, piece.address, rest)


def read_account(elf: Path) -> AccountedImage:
    """Raises BuildError for what is no ELF image with symbols, or of which no account can be made."""
    image = read_image(elf)
    linked = read_linked(elf)
    return AccountedImage(image.in_memory(linked.regions), linked)


def flash_by_category(shares: Iterable[Share]) -> dict[Category, int]:
    """Bytes that are loaded, of each category."""
    return _by_category(share for share in shares if share.in_flash)


def ram_by_category(shares: Iterable[Share]) -> dict[Category, int]:
    """Bytes that can be written, of each category, with what is copied there at boot."""
    return _by_category(share for share in shares if share.in_ram)


def _by_category(shares: Iterable[Share]) -> dict[Category, int]:
    totals = dict.fromkeys(Category, 0)
    for share in shares:
        totals[share.category] += share.size_bytes
    return totals
