"""Random points of a space, drawn without Optuna's bookkeeping: a thousand in the time of ten of its trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from mlforge.errors import ArchitectureError
from mlforge.records.architecture import Architecture, validate
from mlforge.records.trial import Parameter
from mlforge.search.space import FrontEndSpace, Space

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

KEPT: Final = 0.8  # chance that a neighbour has a choice of its parent's
FRONT_ENDS: Final = 8  # that one study draws from: each has to be computed for all data


@dataclass(frozen=True, slots=True)
class Drawn:
    """`parameters` are empty for an architecture that no choices have led to."""

    architecture: Architecture
    parameters: Mapping[str, Parameter]
    id: str  # the architecture's


@dataclass(slots=True)
class Draw:
    """What a space asks, answered at random, or as `parent` answered."""

    random: np.random.Generator
    parent: Mapping[str, Parameter] = field(default_factory=dict)
    params: dict[str, Parameter] = field(default_factory=dict)

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        if name not in self.params:
            kept = self._kept(name)
            value = kept if type(kept) is int and low <= kept <= high else self._int(low, high, step, log)
            self.params[name] = value
        return int(self.params[name])

    def suggest_categorical(self, name: str, choices: Sequence[Parameter]) -> Any:
        if name not in self.params:
            kept = self._kept(name)
            known = [one for one in choices if one == kept and type(one) is type(kept)]
            self.params[name] = known[0] if known else choices[int(self.random.integers(len(choices)))]
        return self.params[name]

    def _kept(self, name: str) -> Parameter | None:
        return self.parent.get(name) if self.random.random() < KEPT else None

    def _int(self, low: int, high: int, step: int, log: bool) -> int:
        if log:
            return round(float(np.exp(self.random.uniform(np.log(low), np.log(high)))))
        return low + step * int(self.random.integers((high - low) // step + 1))


def drawn(space: Space, count: int, random: np.random.Generator) -> list[Drawn]:
    """Up to `count` different valid architectures."""
    found: dict[str, Drawn] = {}
    for _ in range(2 * count):
        if len(found) < count and (one := _one(space, Draw(random))):
            found.setdefault(one.id, one)
    return list(found.values())


def neighbours(
    space: Space, parents: Sequence[Mapping[str, Parameter]], count: int, random: np.random.Generator
) -> list[Drawn]:
    """Architectures that share most choices with one of `parents`."""
    found: dict[str, Drawn] = {}
    for number in range(count if parents else 0):
        if one := _one(space, Draw(random, parents[number % len(parents)])):
            found.setdefault(one.id, one)
    return list(found.values())


def narrowed(space: Space, random: np.random.Generator) -> Space:
    """The same space with at most FRONT_ENDS front ends."""
    if not isinstance(space, FrontEndSpace) or len(space.front_ends) <= FRONT_ENDS:
        return space
    names = list(space.front_ends)
    chosen = sorted(random.choice(len(names), FRONT_ENDS, replace=False))
    return replace(space, front_ends={names[at]: space.front_ends[names[at]] for at in chosen})


def _one(space: Space, draw: Draw) -> Drawn | None:
    try:
        architecture = space.suggest(cast("BaseTrial", draw))
        validate(architecture)
    except ArchitectureError:
        return None
    return Drawn(architecture, draw.params, architecture.id)
