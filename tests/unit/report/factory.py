"""Synthetic trials and locks for the report's tests: plausible, deterministic, built from one seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from mlforge.records.architecture import (
    Architecture,
    Conv,
    Dropout,
    GlobalAveragePool,
    Head,
    MaxPool,
    Residual,
    SeparableConv,
)
from mlforge.records.cost import Cost, FlashUse, OperatorCost, RamUse
from mlforge.records.lock import LOCK_FORMAT, Lock, ModelFile, StudyFacts
from mlforge.records.quality import Metric, Quality, Split, Stage
from mlforge.records.trial import Failure, State, Trial
from mlforge.records.verdict import Check, Verdict

SUBJECTS = ("3", "7", "9")


def architecture(filters: int = 16) -> Architecture:
    body = (Conv(filters, (3, 1)), Conv(filters, (3, 1)))
    layers = (
        Conv(filters, (5, 1), (2, 1)),
        Residual(body),
        SeparableConv(2 * filters, (3, 1), (2, 1)),
        MaxPool((2, 1), (2, 1)),
        Dropout(0.2),
        GlobalAveragePool(),
    )
    return Architecture((128, 1, 6), layers, 7, Head.SOFTMAX)


def cost(flash: int = 22_118, ram: int = 6_904, latency_us: float = 3_412.5) -> Cost:
    kinds = ("CONV_2D", "CONV_2D", "CONV_2D", "ADD", "DEPTHWISE_CONV_2D", "CONV_2D", "MAX_POOL_2D", "MEAN")
    weights = flash * 45 // 100
    code, kernels, features = flash // 10, flash // 4, flash // 20
    cycles = round(latency_us * 120)
    shares = (4, 18, 18, 1, 6, 22, 1, 1, 2, 1)
    operators = tuple(
        OperatorCost(i, kind, f"activity/layer_{i}/{kind.title()};batch_norm_{i}",
                     9_000 * share if share > 1 else 0, weights * share // 74,
                     cycles * share // 95, cycles * share // 74)
        for i, (kind, share) in enumerate(zip((*kinds, "FULLY_CONNECTED", "SOFTMAX"), shares, strict=True))
    )  # fmt: skip
    return Cost(
        target="mps2/an386",
        core="cortex-m4",
        method="estimated in QEMU: cortex-m4 instruction table",
        flash=FlashUse(flash, weights, code, kernels, features, flash - weights - code - kernels - features),
        ram=RamUse(ram, ram - 1_100, 768, 332),
        stack_bytes=412,
        instructions=cycles * 8 // 10,
        cycles=cycles,
        latency_us=latency_us,
        feature_instructions=18_432,
        feature_cycles=24_576,
        feature_latency_us=204.8,
        operators=operators,
    )


def quality(value: float, stage: Stage, split: Split, metric: Metric = Metric.ACCURACY) -> Quality:
    strata = {f"subject={name}": min(0.999, value + 0.06 * (index - 1)) for index, name in enumerate(SUBJECTS)}
    return Quality(stage, split, metric, value, 0.021, 2_345, len(SUBJECTS), strata)


def three_stages(value: float, split: Split, metric: Metric = Metric.ACCURACY) -> tuple[Quality, ...]:
    steps = zip(Stage, (0.006, 0.0, 0.0), strict=True)
    return tuple(quality(value + more, stage, split, metric) for stage, more in steps)


def check(name: str, unit: str, limit: float, measured: float) -> Check:
    margin = (measured - limit) / limit if name in ("accuracy", "auc") else (limit - measured) / limit
    return Check(name, unit, limit, measured, margin, hard=bool(unit))


def verdict(found: Cost, accuracy: float | None = None) -> Verdict:
    checks = [
        check("flash", "bytes", 32_768, found.flash.total),
        check("ram", "bytes", 10_240, found.ram.total),
        check("stack", "bytes", 1_024, found.stack_bytes),
        check("latency", "us", 5_000, found.total_latency_us),
    ]
    if accuracy is not None:
        checks.append(check("accuracy", "", 0.80, accuracy))
    return Verdict(tuple(checks))


def trained(number: int, accuracy: float = 0.853, found: Cost | None = None) -> Trial:
    found = found or cost()
    return Trial(
        number, State.TRAINED, architecture(), {"depth": 3, "filters": 16, "kernel": "5x1"}, found,
        three_stages(accuracy, Split.VALIDATE), verdict(found, accuracy), None, {"cost": 0.9, "train": 14.0},
    )  # fmt: skip


def rejected(number: int, found: Cost | None = None) -> Trial:
    found = found or cost(flash=51_234, ram=14_336)
    return Trial(number, State.REJECTED, architecture(48), {}, found, (), verdict(found), None, {"cost": 0.9})


def failed(number: int, reason: str = "the firmware hung", log: str = "m-ready\n!! timeout after 20 s") -> Trial:
    return Trial(number, State.FAILED, architecture(8), {}, failure=Failure("run", reason, log))


def lock(winner: Trial, trials: Sequence[Trial], test_accuracy: float = 0.841) -> Lock:
    found = winner.cost or cost()
    states = [trial.state for trial in trials]
    saved = 14.0 * states.count(State.REJECTED)
    return Lock(
        format=LOCK_FORMAT,
        name="activity",
        model=ModelFile("model/activity.tflite", "a1" * 32, 18_456),
        contract_sha256="c0" * 32,
        data_sha256="da" * 32,
        features={"window": {"length": 128}},
        classes=("walk", "run", "sit"),
        architecture=winner.architecture,
        study=StudyFacts(
            proposer="tpe",
            seed=1,
            trials=len(trials),
            trained=states.count(State.TRAINED),
            rejected=states.count(State.REJECTED),
            failed=states.count(State.FAILED),
            winner=winner.number,
            test_opened_for=(winner.number,),
            tied=(2, 5),
            best=5,
            training_seconds=14.0 * states.count(State.TRAINED),
            training_seconds_saved=saved,
        ),
        cost=found,
        qualities=(*winner.qualities, *three_stages(test_accuracy, Split.TEST)),
        verdict=verdict(found, test_accuracy),
        tools={"arm-none-eabi-gcc": "12.2.1", "qemu-system-arm": "7.2.17", "keras": "3.12.0"},
    )  # fmt: skip


def study(count: int = 40, seed: int = 1) -> list[Trial]:
    """A study that gets better: about half of the trials rejected, one in ten failed."""
    rng = random.Random(seed)
    trials = []
    for number in range(count):
        flash, ram = rng.randint(9_000, 44_000), rng.randint(3_000, 13_000)
        found = cost(flash, ram, rng.uniform(900, 5_600))
        if rng.random() < 0.1:
            trials.append(failed(number))
        elif not verdict(found).feasible:
            trials.append(rejected(number, found))
        else:
            accuracy = 0.66 + 0.2 * min(1, number / count + 0.3) * rng.uniform(0.6, 1) + flash / 1e6
            trials.append(trained(number, accuracy, found))
    return trials


class Factory:
    """What the tests call."""

    architecture = staticmethod(architecture)
    cost = staticmethod(cost)
    quality = staticmethod(quality)
    three_stages = staticmethod(three_stages)
    check = staticmethod(check)
    verdict = staticmethod(verdict)
    trained = staticmethod(trained)
    rejected = staticmethod(rejected)
    failed = staticmethod(failed)
    lock = staticmethod(lock)
    study = staticmethod(study)

    @staticmethod
    def won(count: int = 40) -> tuple[Lock, list[Trial]]:
        trials = study(count)
        winner = max((t for t in trials if t.qualities), key=lambda t: t.qualities[-1].value)
        return lock(winner, trials), trials

    @staticmethod
    def changed(record: Trial, **fields: object) -> Trial:
        change: Callable[..., Trial] = replace
        return change(record, **fields)
