"""`Verdict`: Cost and Quality held against the contract, limit by limit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One limit or goal. `margin` is the share of the limit that is left: 0.25 means a quarter to spare, negative
    means broken by that share. For a goal on a quality (higher is better) it is `(measured - limit) / limit`."""

    name: str  # of a limit: flash, ram, blocking, ...; of a goal: the metric, or "worst " and the metric
    unit: str  # bytes, us, uJ, uA, K, or empty
    limit: float
    measured: float
    margin: float
    hard: bool  # a limit (hard) or a goal
    where: str = ""  # which stratum was worst, such as "subject=7"; which function blocked longest

    @property
    def met(self) -> bool:
        return self.margin >= 0


@dataclass(frozen=True, slots=True)
class Verdict:
    checks: tuple[Check, ...]

    @property
    def met(self) -> bool:
        return all(check.met for check in self.checks)

    @property
    def feasible(self) -> bool:
        """Whether the hard limits hold, whatever the goals."""
        return all(check.met for check in self.checks if check.hard)

    @property
    def binding(self) -> Check | None:
        """The check with the smallest margin; None for an empty verdict."""
        return min(self.checks, key=lambda check: check.margin, default=None)
