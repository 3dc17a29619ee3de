"""Which kernels a candidate is costed with: the smallest arena's where the limit on RAM holds with them alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import cast

import pytest

from mlforge.app.model import Model
from mlforge.contract.contract import Execution
from mlforge.records.cost import Cost, RamUse
from mlforge.records.program import Prefer
from mlforge.study.memory.result_cache import Cached
from mlforge.study.workbench import Workbench
from tests.unit.study.fakes import cost

FEATURES = 500
ARENA = {Prefer.SPEED: 4000, Prefer.RAM: 3000}


@dataclass
class Bench:
    limit: int | None
    prefer: Prefer = Prefer.SPEED
    execution: Execution = Execution.WHOLE

    def __post_init__(self) -> None:
        limits = SimpleNamespace(ram_bytes=self.limit)
        self.contract = SimpleNamespace(limits=limits, prefer=self.prefer, execution=self.execution)
        self.measured: list[Prefer] = []
        self.compiled: list[Prefer] = []

    def _on_device(self, model: Model, prefer: Prefer) -> object:
        self.compiled.append(prefer)
        return SimpleNamespace(program=SimpleNamespace(arena_bytes=ARENA[prefer]))

    def _known_cost(self, model: Model, prefer: Prefer) -> Cached[Cost]:
        self.measured.append(prefer)
        ram = RamUse(ARENA[prefer] + FEATURES, ARENA[prefer], FEATURES, 0)
        return Cached(replace(cost(), ram=ram, prefer=prefer), from_cache=False)

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
