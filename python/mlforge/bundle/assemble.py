"""From a contract, its lock and what lies beside the model to the block that the image carries."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Final

from mlforge.bundle.block import Block, Version, Versions
from mlforge.bundle.sections import (
    Q16,
    AnySection,
    Baseline,
    Calibration,
    ChannelBaseline,
    ChannelCalibration,
    Features,
    SelfTest,
    TaskCode,
    Threshold,
    Thresholds,
    Vector,
)
from mlforge.compiler.emitter import TensorInfo
from mlforge.contract.build_thresholds import ANOMALY_THRESHOLD, LARGEST_ERROR
from mlforge.contract.contract import BundleSpec, Contract, Task
from mlforge.contract.streams import DecisionSpec
from mlforge.decision.fit import LOWEST, score_pair
from mlforge.errors import BlockError, BundleError, DataError
from mlforge.features.pipeline import Pipeline
from mlforge.records.golden_vectors import GoldenVectors
from mlforge.records.lock import Lock

# Below 0.1 nothing has changed, from 0.25 on much has: N. Siddiqi, Credit Risk Scorecards, Wiley 2006, chapter 9.
PSI_LIMIT: Final = 0.25
_CODES: Final = {
    Task.CLASSIFICATION: TaskCode.CLASSIFICATION,
    Task.REGRESSION: TaskCode.REGRESSION,
    Task.ANOMALY: TaskCode.ANOMALY,
}


def assemble(contract: Contract, lock: Lock, output: TensorInfo, reference: GoldenVectors | None, board: str) -> Block:
    """The block of a release for a Zephyr board target.

    Args:
        output: the model's output, in whose quantisation thresholds of classes are.
        reference: None where the lock names none; the block then has neither baseline nor self-test.

    Raises:
        BundleError: a key of `bundle` does not suit the model; the message has the line of the contract.
        BlockError: a value does not fit the format.
    """
    pipeline = Pipeline.from_json(json.dumps(lock.features))
    sections: list[AnySection | None] = [
        thresholds(contract, lock, output),
        calibration(contract, pipeline),
        Features(json.dumps(lock.features, sort_keys=True, separators=(",", ":"))),
    ]
    if reference is not None:
        sections += _references(reference)
    return Block(
        versions=versions_of(contract.bundle),
        contract=bytes.fromhex(contract.digest),
        model=bytes.fromhex(lock.model.sha256),
        board=board,
        name=contract.name,
        sections=tuple(section for section in sections if section is not None),
    )


def thresholds(contract: Contract, lock: Lock, output: TensorInfo) -> Thresholds | None:
    """None for anomalies without a threshold. A class without one decides as if there were none."""
    spec, code, classes = contract.bundle.decisions, _CODES[contract.task], lock.classes
    if code is TaskCode.REGRESSION:
        return Thresholds(code, spec.hysteresis, ())
    if code is TaskCode.ANOMALY:
        alarm = _anomaly(contract, lock)
        return Thresholds(code, spec.hysteresis, (alarm,)) if alarm else None
    if unknown := sorted(set(spec.classes) - set(classes)):
        key = f"bundle.thresholds.classes.{unknown[0]}"
        raise _wrong(contract, key, f"the model has no class {unknown[0]!r}: {', '.join(classes)}")
    items = []
    for label in classes:
        wanted = spec.classes.get(label, spec.common)
        items.append(_scores(contract, wanted, output) if wanted else Threshold(LOWEST, LOWEST))
    return Thresholds(code, spec.hysteresis, tuple(items))


def _anomaly(contract: Contract, lock: Lock) -> Threshold | None:
    """Errors above the threshold are alarms: the least Q16.16 number above it begins one. A number in the contract goes
    before the lock's."""
    stated = contract.bundle.thresholds.get(ANOMALY_THRESHOLD)
    found = next((each.value for each in lock.thresholds if each.name == ANOMALY_THRESHOLD), None)
    value = stated if isinstance(stated, float) else found
    if value is None:
        return None
    leave = contract.bundle.decisions.leave
    if leave is not None and leave > value:
        raise _wrong(contract, "bundle.thresholds.leave", f"{leave:g}: above the threshold `anomaly`, {value:g}")
    if not 0 <= value <= LARGEST_ERROR:
        raise _wrong(contract, "bundle.thresholds.anomaly", f"{value:g}: a bundle holds 0 to {LARGEST_ERROR:g}")
    return Threshold(*(math.floor(number * Q16) + 1 for number in (value, value if leave is None else leave)))


def _scores(contract: Contract, wanted: DecisionSpec, output: TensorInfo) -> Threshold:
    """int8 thresholds. Raises BundleError beyond the output's range."""
    try:
        return Threshold(*score_pair(wanted, output.scale, output.zero_point))
    except DataError as error:
        raise _wrong(contract, "bundle.thresholds", error.message) from error


def calibration(contract: Contract, pipeline: Pipeline) -> Calibration:
    spec = contract.bundle.calibration
    offset, gain, offset_bound, gain_bound = (
        _per_channel(contract, name, getattr(spec, name), pipeline.channels)
        for name in ("offset", "gain", "offset_bound", "gain_bound")
    )
    channels = tuple(
        ChannelCalibration(
            offset=round(math.ldexp(offset[index], pipeline.input_frac_bits)),
            gain=max(1, round(gain[index] * Q16)),
            offset_bound=round(math.ldexp(offset_bound[index], pipeline.input_frac_bits)),
            gain_bound=round(gain_bound[index] * Q16),
        )
        for index in range(pipeline.channels)
    )
    period_s = round((spec.period_us or 0) / 1e6)
    return Calibration(spec.period_us is not None, period_s, channels)


def _per_channel(contract: Contract, name: str, values: Sequence[float], channels: int) -> Sequence[float]:
    if len(values) not in (1, channels):
        key = f"bundle.calibration.{name}"
        raise _wrong(contract, key, f"{len(values)} numbers: expected one, or one for each of {channels} channels")
    return values if len(values) == channels else [values[0]] * channels


def _references(reference: GoldenVectors) -> list[AnySection | None]:
    pairs = zip(reference.mean.tolist(), reference.deviation.tolist(), strict=True)
    baseline = Baseline(
        psi_limit=round(PSI_LIMIT * 256),
        channels=tuple(ChannelBaseline(*pair) for pair in pairs),
        class_shares=tuple(reference.class_shares.tolist()),
        score_shares=tuple(reference.score_shares.tolist()),
    )
    vectors = zip(reference.inputs, reference.outputs, strict=True)
    return [baseline, SelfTest(tuple(Vector(one.tobytes(), answer.tobytes()) for one, answer in vectors))]


def versions_of(spec: BundleSpec) -> Versions:
    """Raises BundleError."""
    texts = (spec.version, spec.model, spec.decisions.version, spec.calibration.version)
    try:
        return Versions(*(Version.parse(text) for text in texts))
    except BlockError as error:
        raise BundleError(f"bundle.version: {error.reason}") from error


def _wrong(contract: Contract, key: str, reason: str) -> BundleError:
    return BundleError(f"{contract.path}:{contract.lines.get(key, 0)}: {key}: {reason}")
