"""A study without target or training: cost and quality are formulas, so that a search takes milliseconds a trial."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import exp, log2, prod

from mlforge.contract import Task
from mlforge.records.architecture import Conv, DepthwiseConv, Residual, SeparableConv, Shape, output_shape
from mlforge.records.cost import Cost, FlashUse, RamUse
from mlforge.records.quality import Metric, Quality, Split, Stage
from mlforge.records.trial import State, Trial
from mlforge.records.verdict import Check, Verdict
from mlforge.search.proposer import Proposal, Proposer
from mlforge.search.space import Space, space_for

FLASH_LIMIT = 12_000
SHAPE: Shape = (128, 1, 6)


def space() -> Space:
    return space_for(Task.CLASSIFICATION, SHAPE, 7)


def weights(proposal: Proposal) -> int:
    """About the weights of an architecture, in bytes."""
    shape, total = proposal.architecture.input_shape, 0
    for layer in proposal.architecture.layers:
        after = output_shape(layer, shape)
        match layer:
            case Conv():
                total += layer.kernel[0] * shape[2] * after[2]
            case SeparableConv():
                total += shape[2] * (layer.kernel[0] + after[2])
            case Residual():
                total += sum(shape[2] * (shape[2] if isinstance(step, Conv) else step.kernel[0]) for step in layer.body)
            case DepthwiseConv():
                total += layer.kernel[0] * after[2]
        shape = after
    return total


def accuracy(proposal: Proposal) -> float:
    """Rises with the weights, best for deep networks of wide kernels that pool globally."""
    taste = {"stem.stride": 2, **proposal.parameters}
    fit = (
        0.1 * (taste.get("blocks") == 3) + 0.1 * (taste.get("pool") == "global") + 0.1 * (taste.get("stem.kernel") == 7)
    )
    fit += 0.1 * (taste.get("dropout") == 0.2) + 0.1 * (taste.get("block1.kind") == "separable")
    return fit + 0.5 * (1 - exp(-weights(proposal) / 6000)) - 0.02 * abs(log2(int(taste["stem.stride"])) - 1)


def cost(proposal: Proposal) -> Cost:
    """Flash as above; the arena holds the two largest neighbours, and time goes with outputs."""
    shape, sizes = proposal.architecture.input_shape, [prod(proposal.architecture.input_shape)]
    for layer in proposal.architecture.layers:
        shape = output_shape(layer, shape)
        sizes.append(prod(shape))
    flash, ram, time_us = weights(proposal), max(map(sum, pairwise(sizes))), 3.0 * sum(sizes)
    return Cost(
        target="synthetic",
        core="none",
        method="estimated by a formula",
        flash=FlashUse(flash, flash, 0, 0, 0, 0),
        ram=RamUse(ram, ram, 0, 0),
        stack_bytes=100,
        instructions=sum(sizes),
        cycles=sum(sizes),
        latency_us=time_us,
        feature_instructions=0,
        feature_cycles=0,
        feature_latency_us=0.0,
        operators=(),
    )


def evaluated(number: int, proposal: Proposal, limit: int = FLASH_LIMIT) -> Trial:
    size = weights(proposal)
    verdict = Verdict((Check("flash", "bytes", limit, size, (limit - size) / limit, True),))
    known = Trial(
        number,
        State.REJECTED,
        proposal.architecture,
        proposal.parameters,
        cost=cost(proposal),
        verdict=verdict,
        proposer=proposal.proposer,
        reasoning=proposal.reasoning,
        handed_over=proposal.handed_over,
    )
    if size > limit:
        return known
    quality = Quality(Stage.INT8_HOST, Split.VALIDATE, Metric.ACCURACY, accuracy(proposal), 0.0, 100, 0, {})
    return replace(known, state=State.TRAINED, qualities=(quality,))


def search(proposer: Proposer, count: int, limit: int = FLASH_LIMIT) -> list[Trial]:
    trials: list[Trial] = []
    for number in range(count):
        trials.append(evaluated(number, proposer.propose(number, trials), limit))
    return trials


def best(trials: list[Trial]) -> float:
    return max(trial.qualities[0].value for trial in trials if trial.qualities)
