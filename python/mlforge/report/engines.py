"""What several engines make of one model, side by side, as tables for the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from mlforge.records.cost import Cost, OperatorCost
from mlforge.report import units
from mlforge.report.house import house_table


@dataclass(frozen=True, slots=True)
class EngineColumn:
    """One engine's figures: its own cost, and all of the image that it was measured in."""

    engine: str
    cost: Cost
    arena_bytes: int
    image_flash_bytes: int
    image_ram_bytes: int


def engines_table(columns: Sequence[EngineColumn], *, title: str) -> Table:
    """A row for each figure, a column for each engine; all are better where they are smaller."""
    table = house_table(title, "", *(f"{column.engine}>" for column in columns))
    for name, cells in _rows(columns):
        table.add_row(name, *cells)
    cost = columns[0].cost
    table.caption = Text(f"{units.one_line(cost.target)}, {units.one_line(cost.core)}; {units.one_line(cost.method)}")
    return table


def _rows(columns: Sequence[EngineColumn]) -> Iterator[tuple[str, list[str]]]:
    def sizes(pick: Callable[[EngineColumn], int]) -> list[str]:
        return [units.exact_bytes(pick(column)) for column in columns]

    yield "Flash of the image", sizes(lambda one: one.image_flash_bytes)
    yield "  weights, or the file", sizes(lambda one: one.cost.flash.weights)
    yield "  model and engine", sizes(lambda one: one.cost.flash.total - one.cost.flash.weights)
    yield "RAM of the image", sizes(lambda one: one.image_ram_bytes)
    yield "  arena", sizes(lambda one: one.arena_bytes)
    yield "  model and engine", sizes(lambda one: one.cost.ram.total - one.cost.ram.arena)
    yield "Stack, deepest", sizes(lambda one: one.cost.stack_bytes)
    yield "Instructions", [_count(column.cost.instructions) for column in columns]
    yield "Cycles", [_count(column.cost.cycles) for column in columns]
    yield "Latency", [units.time(column.cost.latency_us) for column in columns]


def operators_by_engine(columns: Sequence[EngineColumn], *, title: str = "Cycles by operator, estimated") -> Table:
    """A row for each operator of the model. An engine that has none of an operator folded it into another."""
    table = house_table(title, "operator", *(f"{column.engine}>" for column in columns))
    costs = [_by_index(column.cost) for column in columns]
    for index in sorted({index for cost in costs for index in cost}):
        operators = [cost.get(index) for cost in costs]
        kind = next(operator.kind for operator in operators if operator)
        cells = [units.count(operator.cycles) if operator else units.NOTHING for operator in operators]
        table.add_row(Text(f"{index} {units.one_line(kind)}"), *cells)
    between = [(column.cost.cycles or 0) - sum(one.cycles for one in column.cost.operators) for column in columns]
    table.add_row("between them", *map(units.count, between))
    return table


def _count(value: int | None) -> str:
    return units.NOTHING if value is None else units.count(value)


def _by_index(cost: Cost) -> Mapping[int, OperatorCost]:
    return {operator.index: operator for operator in cost.operators}
