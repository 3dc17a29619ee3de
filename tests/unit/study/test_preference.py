"""Which kernels a candidate is costed with: the smallest arena's where the limit on RAM holds with them alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import cast

import pytest

from mlforge.app.model import Model
from mlforge.contract.contract import Execution
from mlforge.records.cost import Cost, FlashUse, RamUse
from mlforge.records.program import Prefer
from mlforge.study.memory.result_cache import Cached
from mlforge.study.workbench import Workbench
from tests.unit.study.fakes import cost

FEATURES = 500
ARENA = {Prefer.SPEED: 4000, Prefer.RAM: 3000, Prefer.FLASH: 4100}
WEIGHTS = {Prefer.SPEED: 8000, Prefer.RAM: 8000, Prefer.FLASH: 5000}
CODE = 1000


@dataclass
class Bench:
    limit: int | None
    prefer: Prefer = Prefer.SPEED
    execution: Execution = Execution.WHOLE
    flash_limit: int | None = None
    weight_bits: int = 0
    unpacking: int = 0  # what the kernel takes

    def __post_init__(self) -> None:
        limits = SimpleNamespace(ram_bytes=self.limit, flash_bytes=self.flash_limit)
        self.contract = SimpleNamespace(
            limits=limits, prefer=self.prefer, execution=self.execution, weight_bits=self.weight_bits
        )
        self.measured: list[Prefer] = []
        self.compiled: list[Prefer] = []

    def _on_device(self, model: Model, prefer: Prefer) -> object:
        self.compiled.append(prefer)
        return SimpleNamespace(program=SimpleNamespace(arena_bytes=ARENA[prefer], weight_bytes=WEIGHTS[prefer]))

    def _in_few_bits(self, model: Model, found: Cost) -> Cached[Cost] | None:
        return Workbench._in_few_bits(cast(Workbench, self), model, found)

    def _known_cost(self, model: Model, prefer: Prefer) -> Cached[Cost]:
        self.measured.append(prefer)
        ram = RamUse(ARENA[prefer] + FEATURES, ARENA[prefer], FEATURES, 0)
        code = CODE + (self.unpacking if prefer is Prefer.FLASH else 0)
        flash = FlashUse(WEIGHTS[prefer] + code, WEIGHTS[prefer], code, 0, 0, 0)
        return Cached(replace(cost(), ram=ram, flash=flash, prefer=prefer), from_cache=False)

    def cost(self, least: int = 2000) -> Cost:
        model = cast(Model, SimpleNamespace(least_arena_bytes=least))
        return Workbench.known_cost(cast(Workbench, self), model).value


@pytest.mark.parametrize(
    ("limit", "taken"), [(None, Prefer.SPEED), (4500, Prefer.SPEED), (4499, Prefer.RAM), (3500, Prefer.RAM)]
)
def test_the_smaller_where_the_limit_binds(limit: int | None, taken: Prefer) -> None:
    found = Bench(limit).cost()
    assert (found.prefer, found.ram.total) == (taken, ARENA[taken] + FEATURES)


def test_what_neither_holds_is_costed_as_it_would_run_fastest() -> None:
    bench = Bench(3499)
    assert bench.cost().prefer is Prefer.SPEED
    assert bench.measured == [Prefer.SPEED]


def test_nothing_is_compiled_where_no_plan_can_fit() -> None:
    bench = Bench(3499)
    assert bench.cost(least=3001).prefer is Prefer.SPEED
    assert not bench.compiled
    bench = Bench(3499, execution=Execution.STREAM)  # for which the bound of whole windows says nothing
    assert bench.cost(least=3001).prefer is Prefer.SPEED
    assert bench.compiled == [Prefer.RAM]


def test_a_contract_that_prefers_ram() -> None:
    bench = Bench(None, Prefer.RAM)
    assert bench.cost().prefer is Prefer.RAM
    assert bench.measured == [Prefer.RAM]


@pytest.mark.parametrize(
    ("limit", "bits", "taken", "measured"),
    [
        (9000, 4, Prefer.SPEED, [Prefer.SPEED]),  # there is room as it is
        (8999, 4, Prefer.FLASH, [Prefer.SPEED, Prefer.FLASH]),
        (8999, 0, Prefer.SPEED, [Prefer.SPEED]),  # the contract does not ask for it
        (6099, 4, Prefer.SPEED, [Prefer.SPEED, Prefer.FLASH]),  # the kernel that unpacks takes what was saved
        (5999, 4, Prefer.SPEED, [Prefer.SPEED]),  # the weights alone say so
    ],
)
def test_few_bits_where_flash_is_the_limit(limit: int, bits: int, taken: Prefer, measured: list[Prefer]) -> None:
    bench = Bench(None, flash_limit=limit, weight_bits=bits, unpacking=100)
    assert bench.cost().prefer is taken
    assert bench.measured == measured
