"""How the winner bears what goes wrong with sensors: its quality on disturbed recordings of the validation split.

On the host's engine, with the C features: exact, because host and target give the same bytes. Not on the test split,
which is opened once, for one figure; and after the choice, so that nothing is chosen by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mlforge.app.model import Model, int8_inputs
from mlforge.app.prepare import Examples
from mlforge.data.disturbance import Kind, disturb, statistics
from mlforge.features.extract import extract_all
from mlforge.measure.quality import error_of_difference
from mlforge.records.quality import Quality, Split, Stage
from mlforge.records.robustness import Robustness
from mlforge.study.evaluate import Evaluator


def robustness(evaluator: Evaluator, model: Model) -> tuple[Robustness, ...]:
    """One row for each magnitude in the contract. Raises what the host target raises."""
    examples = evaluator.prepared.validate
    mean, deviation = statistics(evaluator.prepared.train.recordings)
    plain = _quality(evaluator, model, examples)
    rows = []
    for kind in Kind:
        magnitudes: Sequence[float] = getattr(evaluator.contract.robustness, kind.value)
        for magnitude in magnitudes:
            recordings = tuple(disturb(examples.recordings, kind, magnitude, mean, deviation))
            inputs = extract_all(evaluator.prepared.pipeline, recordings).inputs
            quality = _quality(evaluator, model, replace(examples, recordings=recordings, x=inputs))
            known = quality.standard_error is not None and plain.standard_error is not None
            error = error_of_difference(quality, plain)[0] if known else None
            change = quality.value - plain.value
            rows.append(Robustness(kind.value, magnitude, quality.value, quality.standard_error, change, error))
    return tuple(rows)


def _quality(evaluator: Evaluator, model: Model, examples: Examples) -> Quality:
    program = model.compiled_for(evaluator.host.isa).program
    inputs = int8_inputs(model, examples)
    outputs = evaluator.host.infer(evaluator.host.build(program), inputs).outputs
    return evaluator.judge_int8(model, inputs, outputs, examples, Stage.INT8_HOST, Split.VALIDATE)
