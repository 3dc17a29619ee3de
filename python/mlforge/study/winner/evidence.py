"""Single answers of the candidate that a report is about. On validation data: the test split is not for looking at."""

from __future__ import annotations

import numpy as np

from mlforge.app.model import dequantised, dequantised_inputs, int8_inputs, read_model
from mlforge.app.prepare import Prepared
from mlforge.contract.contract import Contract, Task
from mlforge.errors import ForgeError
from mlforge.measure import evidence as looked
from mlforge.measure.quality import reconstruction_error
from mlforge.records.evidence import Evidence
from mlforge.records.trial import Trial
from mlforge.study.evaluate import MODEL_FILE
from mlforge.study.memory.artefacts import Artefacts
from mlforge.study.workbench import run_int8
from mlforge.targets.registry import target_named


def evidence(contract: Contract, prepared: Prepared, artefacts: Artefacts, trial: Trial | None) -> Evidence | None:
    """None where there is no model, or none that can be run here: a report has the rest without."""
    if trial is None or MODEL_FILE not in trial.artefacts:
        return None
    try:
        prepared = prepared.behind(trial.architecture.front_end)
        return _evidence(contract, prepared, artefacts.get(trial.artefacts[MODEL_FILE]))
    except ForgeError:
        return None


def _evidence(contract: Contract, prepared: Prepared, tflite: bytes) -> Evidence:
    host, examples = target_named("host"), prepared.validate
    model = read_model(tflite, contract.name, prepared.pipeline)
    inputs = int8_inputs(model, examples)
    outputs = dequantised(model, run_int8(host, model.compiled_for(host.isa).program, inputs))
    match contract.task:
        case Task.CLASSIFICATION:
            return looked.of_classes(outputs, examples.y, prepared.classes, examples.source)
        case Task.REGRESSION:
            return looked.of_values(outputs, np.asarray(examples.y), examples.source)
    scores = reconstruction_error(outputs, dequantised_inputs(model, inputs))
    return looked.of_anomalies(scores, examples.y, examples.source)
