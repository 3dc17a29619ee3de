"""How likely an architecture keeps the limits, before it is built: bounds by its shapes, then what was measured.

A limit itself is checked by building and measuring, always. This only says what is worth that: an architecture whose
weights alone break the limit of flash is not, and one that is larger than those that broke it hardly is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log, prod
from typing import Final

import numpy as np

from mlforge.records.architecture import Architecture
from mlforge.records.trial import Trial
from mlforge.search.acquisition import normal_below
from mlforge.search.gaussian_process import Matrix, Vector, fitted
from mlforge.search.sizes import layer_sizes

ENOUGH: Final = 4  # measurements of a quantity before they are learnt from
_LEAST_DEVIATION: Final = 0.03  # of a logarithm: what is predicted is never certain
_UNSURE: Final = 0.35  # the same of a guess by shapes alone
_FLASH_BESIDE_BYTES: Final = 6 << 10  # kernels and tables beside the weights, in a guess
_RAM_BESIDE_BYTES: Final = 512
_LATENCY_CHANCE: Final = 0.7  # before anything was measured


def lower_bounds(architecture: Architecture) -> dict[str, int]:
    """What no engine does with less of, in bytes: int8 weights in flash, the largest activation in RAM."""
    sizes = layer_sizes(architecture)
    activations = [prod(architecture.input_shape), *(size.output_bytes for size in sizes)]
    return {"flash": sum(size.weights for size in sizes), "ram": max(activations)}


def chances(
    bounds: Sequence[Mapping[str, int]],
    traits: Matrix,
    limits: Mapping[str, float],
    measured: Sequence[tuple[Vector, Trial]],
) -> Vector:
    """That each architecture keeps all limits, 0 where it cannot.

    Args:
        bounds: the lower bounds of each architecture, N in all.
        traits: of the architectures, [N, traits].
        limits: by name, as a Verdict's checks have them.
        measured: trials with a cost, and their traits.
    """
    result = np.ones(len(bounds))
    for name, limit in limits.items():
        known = [(row, value) for row, trial in measured if (value := _measured(trial, name)) is not None]
        if len(known) >= ENOUGH:
            result *= _learnt(traits, known, limit)
        else:
            result *= np.array([_guessed(name, bound, limit) for bound in bounds])
        result *= np.array([bound.get(name, 0) <= limit for bound in bounds], np.float64)
    return result


def _measured(trial: Trial, name: str) -> float | None:
    checks = trial.verdict.checks if trial.verdict else ()
    return next((check.measured for check in checks if check.hard and check.name == name and check.measured > 0), None)


def _learnt(traits: Matrix, known: Sequence[tuple[Vector, float]], limit: float) -> Vector:
    rows, values = np.stack([row for row, _ in known]), np.log([value for _, value in known])
    found = fitted(rows, values, np.concatenate([rows, traits])).predict(traits)
    return normal_below((log(limit) - found.mean) / np.maximum(found.deviation, _LEAST_DEVIATION))


def _guessed(name: str, bound: Mapping[str, int], limit: float) -> float:
    match name:
        case "flash":
            guess = float(bound["flash"] + _FLASH_BESIDE_BYTES)
        case "ram":
            guess = float(1.5 * bound["ram"] + _RAM_BESIDE_BYTES)
        case "latency":
            return _LATENCY_CHANCE
        case _:
            return 1.0
    return float(normal_below([(log(limit) - log(guess)) / _UNSURE])[0])
