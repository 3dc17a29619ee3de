"""A proposer and an evaluation that cost nothing, for tests of the study itself."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

from mlforge.errors import BuildError
from mlforge.records.architecture import Architecture, Dense, Head
from mlforge.records.cost import Cost, FlashUse, RamUse
from mlforge.records.quality import Metric, Quality, Split, Stage
from mlforge.records.trial import Epoch, Failure, State, Trial
from mlforge.records.verdict import Check, Verdict
from mlforge.search.proposer import Proposal
from mlforge.study.events import Observer


def architecture(units: int) -> Architecture:
    return Architecture((4,), (Dense(units),), 2, Head.SOFTMAX)


def cost(flash: int = 1000, *, latency_us: float = 100.0) -> Cost:
    return Cost(
        target="fake",
        core="fake",
        method="invented",
        flash=FlashUse(flash, flash, 0, 0, 0, 0),
        ram=RamUse(100, 100, 0, 0),
        stack_bytes=64,
        instructions=1000,
        cycles=1500,
        latency_us=latency_us,
        feature_instructions=0,
        feature_cycles=0,
        feature_latency_us=0.0,
        operators=(),
    )


def quality(value: float, strata: dict[str, float] | None = None) -> Quality:
    groups = strata or {"who=1": value, "who=2": value}
    return Quality(Stage.INT8_TARGET, Split.VALIDATE, Metric.ACCURACY, value, 0.01, 100, len(groups), groups)


def trial(
    number: int, *, flash: int = 1000, value: float | None = 0.9, strata: dict[str, float] | None = None
) -> Trial:
    """A trained trial with the given figures against limits of 2000 bytes and 0.8; rejected where `value` is None."""
    checks = [Check("flash", "bytes", 2000.0, float(flash), (2000 - flash) / 2000, hard=True)]
    if value is not None:
        checks.append(Check("accuracy", "", 0.8, value, (value - 0.8) / 0.8, hard=False))
    return Trial(
        number=number,
        state=State.REJECTED if value is None else State.TRAINED,
        architecture=architecture(number + 1),
        parameters={"units": number + 1},
        cost=cost(flash),
        qualities=() if value is None else (quality(value, strata),),
        verdict=Verdict(tuple(checks)),
    )


class HistoryProposer:
    """Proposes from a hash of (seed, number, what it was shown): any change of history changes what follows."""

    name = "history"

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def propose(self, number: int, trials: Sequence[Trial]) -> Proposal:
        import optuna

        seen = ",".join(f"{trial.number}:{trial.architecture.id}:{trial.state}" for trial in trials)
        units = random.Random(f"{self.seed}/{number}/{seen}").randint(1, 1000)
        distribution = optuna.distributions.IntDistribution(1, 1000)
        return Proposal(architecture(units), {"units": units}, {"units": distribution})


def evaluate(
    number: int, proposal: Proposal, observer: Observer, visible: Sequence[Trial] = (), *, seconds: float = 0.0
) -> Trial:
    """Deterministic in the architecture: some are rejected, some fail, the others have a quality."""
    time.sleep(seconds * random.random())
    units = int(proposal.parameters["units"])
    base = trial(number, flash=units * 3, value=None if units > 600 else 0.5 + units / 1250)
    failure = Failure("build", str(BuildError("invented"))) if units % 7 == 0 else None
    if (
        units % 5 == 0 and sum(int(trial.parameters["units"]) % 2 for trial in visible) % 2
    ):  # depends on what it may see
        history = (Epoch(0.1 + 0.2, 1 / units, 0.5),)
        failure = Failure("train", "stopped after 1 epoch")
        design = proposal.architecture, proposal.parameters
        return Trial(number, State.STOPPED, *design, base.cost, failure=failure, history=history)
    return Trial(
        number=number,
        state=State.FAILED if failure else base.state,
        architecture=proposal.architecture,
        parameters=proposal.parameters,
        cost=base.cost,
        qualities=base.qualities,
        verdict=base.verdict,
        failure=failure,
    )
