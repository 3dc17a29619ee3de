"""What choosing among variants asks for, done on the workbench for one Trial in the making."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial

from mlforge.app.model import (
    int8_inputs,
    read_model,
)
from mlforge.records.architecture import Architecture
from mlforge.records.quality import Quality, Split, Stage
from mlforge.records.trial import Epoch, Inherited, Trial
from mlforge.study.trial_draft import StoppedError, TrialDraft
from mlforge.study.warm_start import Source
from mlforge.study.workbench import Workbench
from mlforge.training.methods import Requantisation, Shrinking, Variant
from mlforge.training.request import Stopped, TrainingRequest, TrainingResult


@dataclass(frozen=True, slots=True)
class DraftWork:
    """`variants.Work` for one draft."""

    bench: Workbench
    draft: TrialDraft
    visible: Sequence[Trial]
    begins_with: Source

    def stage(self, name: str) -> AbstractContextManager[None]:
        return self.draft.stage(name)

    def request(self, architecture: Architecture) -> TrainingRequest:
        return self.bench.request(architecture)

    def train(self, request: TrainingRequest) -> TrainingResult:
        """The network as proposed may be stopped early; with a teacher it is trained to its end."""
        request = replace(request, initial=self.begins_with.keras)
        if request.teacher:
            return self.draft.take(self.bench.known_training(request))
        result = self.draft.take(self.bench._watched_training(request, self.visible, partial(self._shown, request)))
        self.draft.history = result.history
        if result.inherited:
            self.draft.inherited = Inherited(self.begins_with.trial, result.inherited)
        if isinstance(result, Stopped):
            raise StoppedError(result)
        return result

    def _shown(self, request: TrainingRequest, history: tuple[Epoch, ...]) -> None:
        self.draft.observer.epoch(self.draft.number, history, request.recipe.epochs)

    def teacher(self, request: TrainingRequest) -> bytes:
        if self.bench.teacher:
            return self.bench.teacher
        with self.bench.teaching:  # whoever comes second finds the answer in memory
            return self.draft.take(self.bench.known_training(request)).keras

    def requantise(self, job: Requantisation) -> tuple[Variant, ...]:
        return self.draft.take(self.bench.known_variants(job))

    def shrink(self, job: Shrinking) -> TrainingResult:
        return self.draft.take(self.bench.known_shrinking(job))

    def float_quality(self, made: TrainingResult | Variant) -> Quality:
        return self.bench.judge(made.validation_outputs, self.bench.prepared.validate, Stage.FP32_HOST, Split.VALIDATE)

    def int8_quality(self, tflite: bytes) -> Quality:
        bench, examples = self.bench, self.bench.prepared.validate
        model = read_model(tflite, bench.contract.name, bench.prepared.pipeline, bench.isa)
        program = model.compiled_for(bench.host.isa).program
        inputs = int8_inputs(model, examples)
        answers = bench.known_answers(self.draft.take)(bench.host, program, inputs)
        return bench.judge_int8(model, inputs, answers, examples, Stage.INT8_HOST, Split.VALIDATE)
