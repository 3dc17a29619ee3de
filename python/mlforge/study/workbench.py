"""What an evaluation works with: the contract, the data, the target and the trainer, and what they answered before.

Everything here may be asked for any network, at any time, by several threads: costs, trainings and answers are kept in
the result cache. Which network, and in which order, is for `evaluate` to say.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from mlforge.app.decisions import Judge, decision_of, with_decision
from mlforge.app.first_mismatch import first_mismatch
from mlforge.app.import_classical import answers, is_read
from mlforge.app.model import (
    Model,
    compile_model,
    dequantised,
    dequantised_inputs,
    int8_inputs,
)
from mlforge.app.prepare import Examples, Prepared
from mlforge.app.streams import Stream
from mlforge.app.verdicts import judge
from mlforge.compiler.clustering import cluster_graph
from mlforge.compiler.from_architecture import lower_architecture
from mlforge.compiler.isa import Isa
from mlforge.compiler.model_kind import model_kind
from mlforge.contract.contract import Contract, Execution, Task
from mlforge.contract.streams import FalseAccepts
from mlforge.decision import error_levels
from mlforge.errors import DataError, RunError, TargetUnavailableError
from mlforge.features.extract import extract_int8
from mlforge.measure.bursts import power_of
from mlforge.measure.cost import Rhythm, measure_cost
from mlforge.measure.quality import evaluate, reconstruction_error
from mlforge.records.architecture import Architecture
from mlforge.records.cost import Cost
from mlforge.records.energy import MeasuredPower
from mlforge.records.events import EventQuality
from mlforge.records.program import Prefer, Program
from mlforge.records.quality import Metric, Quality, Split, Stage
from mlforge.records.trial import Epoch, Trial
from mlforge.records.verdict import Verdict
from mlforge.study.growing import grown_model
from mlforge.study.halving import Halving
from mlforge.study.memory.artefacts import Artefacts
from mlforge.study.memory.result_cache import Cached, ResultCache, array_parts, program_parts, request_parts
from mlforge.targets.hardware import BurstPlan, HardwareTarget
from mlforge.targets.probes.probe import Probe
from mlforge.targets.target import Target
from mlforge.training.methods import Requantisation, Shrinking, Variant
from mlforge.training.request import Recipe, Stopped, TrainingRequest, TrainingResult
from mlforge.training.trainer import Trainer

TRAINING, STOPPED = "training", "stopped training"  # what the result cache calls them
COSTED_INPUTS: Final = 3  # inferences that are counted for one Cost: counts hardly depend on data
COSTED_FRAMES: Final = 2  # model inputs' worth of raw frames, for the cost of the features


T = TypeVar("T")
Take: TypeAlias = Callable[[Cached[T]], T]
Shown: TypeAlias = Callable[[tuple[Epoch, ...]], None]
Answer: TypeAlias = Callable[[Target, Program, NDArray[np.int8]], NDArray[np.int8]]


def run_int8(target: Target, program: Program, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
    """What a program answers on a target: int8 [N, output_bytes] for [N, input_bytes]. Raises BuildError, RunError."""
    return target.infer(target.build(program), inputs).outputs


@dataclass(frozen=True, slots=True, eq=False)
class FloatOutputs:
    outputs: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Int8Outputs:
    outputs: NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Variants:
    variants: tuple[Variant, ...]


@dataclass(frozen=True, slots=True)
class Workbench:
    """Everything that an evaluation needs besides the proposal. Safe to call from several threads."""

    contract: Contract
    prepared: Prepared
    target: Target
    host: Target
    trainer: Trainer
    artefacts: Artefacts
    recipe: Recipe
    cache: ResultCache = field(default_factory=ResultCache)
    teaching: threading.Lock = field(default_factory=threading.Lock)  # held while a study's teacher is trained
    halving: Halving = field(default_factory=Halving)  # stops nothing
    teacher: bytes = b""  # a float model that candidates learn from; empty where the study trains one

    @property
    def metric(self) -> Metric:
        return self.contract.metric

    @property
    def task(self) -> Task:
        return self.contract.task

    @property
    def isa(self) -> Isa:
        """What models are compiled for."""
        return Isa(self.target.isa)

    def behind(self, front_end: str) -> Self:
        """The same with the data as a front end of the contract makes them. Raises DataError, ArchitectureError."""
        prepared = self.prepared.behind(front_end)
        return self if prepared is self.prepared else replace(self, prepared=prepared)

    def costed(self, architecture: Architecture) -> Model:
        graph = lower_architecture(architecture, self.recipe.seed)
        return compile_model(graph, self.contract.name, self.prepared.pipeline, self.isa)

    def cost(self, architecture: Architecture) -> tuple[Cost, Verdict]:
        """What an architecture costs with random weights, held against the limits. Raises ForgeError."""
        bench = self.behind(architecture.front_end)
        cost = bench.known_cost(bench.costed(architecture)).value
        return cost, judge(self.contract, cost)

    def measure(self, model: Model, prefer: Prefer | None = None) -> Cost:
        """Builds and measures on the target what the device will run. Raises BuildError, ModelError, RunError.

        Args:
            prefer: what its kernels are chosen for; None for what the contract says.
        """
        model = self._on_device(model, prefer or self.contract.prefer)
        inputs, frames = self._workload(model)
        clock_hz, waits, rhythm = self.contract.target.clock_hz, self.contract.target.waits, self._rhythm(model)
        firmware = self.target.build(self._deciding(model))
        return replace(
            measure_cost(self.target, firmware, inputs, clock_hz, frames, rhythm, waits), prefer=model.prefer
        )

    def power(self, model: Model, probe: Probe, prefer: Prefer) -> MeasuredPower:
        """What a meter measures of the network on the board. Raises RunError, and TargetUnavailableError where the
        target is no board."""
        if not isinstance(self.target, HardwareTarget):
            raise TargetUnavailableError(
                f"{self.target.name} has no supply for a power meter to measure", hint="name a board:NAME by --target"
            )
        model = self._on_device(model, prefer)
        inputs, _ = self._workload(model)
        bursts = self.target.bursts(self.target.build(self._deciding(model)), inputs, BurstPlan(), probe)
        return power_of(bursts, probe.supply_v, probe.name)

    def int8_qualities(
        self, model: Model, examples: Examples, split: Split, answer: Answer = run_int8
    ) -> tuple[Quality, Quality]:
        """Quality on the host and on the target, each with its own kernels: the same vectors, and the same bytes back.

        Args:
            answer: what a program answers on a target; it may remember.

        Raises:
            RunError: host and target disagree, which neither hardware nor compiler may cause.
        """
        inputs, outputs = self.int8_answers(model, examples, split, answer)
        return (
            self.judge_int8(model, inputs, outputs, examples, Stage.INT8_HOST, split),
            self.judge_int8(model, inputs, outputs, examples, Stage.INT8_TARGET, split),
        )

    def int8_answers(
        self, model: Model, examples: Examples, split: Split, answer: Answer = run_int8
    ) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
        """Inputs and outputs, int8 [N, bytes]: the same on the host and on the target, or a RunError."""
        inputs = int8_inputs(model, examples)
        answers = []
        for target in (self.host, self.target):
            answers.append(answer(target, model.compiled_for(target.isa).program, inputs))
        if different := np.flatnonzero((answers[0] != answers[1]).any(axis=1)).tolist():
            mismatch = first_mismatch(model.graph, "mismatch", self.host, self.target, inputs[different[:1]])
            raise RunError(
                f"int8 outputs on the host and on {self.target.name} differ for {len(different)} of {len(inputs)} "
                f"examples of the {split} split; {mismatch or 'no single operator differs'}"
            )
        return inputs, answers[1]

    def judge(self, outputs: NDArray[np.float32], examples: Examples, stage: Stage, split: Split) -> Quality:
        """Quality of real-valued outputs, [N, ...]. Raises ModelError, DataError; see measure.quality.evaluate."""
        return self.judge_scores(self.scores(outputs, examples), examples, stage, split)

    def scores(self, outputs: NDArray[np.float32], examples: Examples) -> NDArray[np.floating[Any]]:
        """What real-valued outputs are judged by, [N, k]: themselves, or how far an autoencoder is from its input."""
        return reconstruction_error(outputs, examples.x) if self.task is Task.ANOMALY else outputs

    def judge_scores(
        self, scores: NDArray[np.floating[Any]], examples: Examples, stage: Stage, split: Split
    ) -> Quality:
        """Raises ModelError, DataError; see measure.quality.evaluate."""
        return evaluate(
            scores,
            examples.y,
            metric=self.metric,
            stage=stage,
            split=split,
            groups=examples.groups,
            strata=examples.strata,
            classes=self.prepared.classes,
            also=self.contract.measures,
        )

    def judge_int8(
        self,
        model: Model,
        inputs: NDArray[np.int8],
        outputs: NDArray[np.int8],
        examples: Examples,
        stage: Stage,
        split: Split,
    ) -> Quality:
        """Quality of int8 outputs [N, bytes] for int8 inputs. An autoencoder is held against its int8 input, as on the
        device: what lies beyond the range of that input is lost on it."""
        return self.judge_scores(self.scores_of(model, inputs, outputs, examples), examples, stage, split)

    def scores_of(
        self, model: Model, inputs: NDArray[np.int8], outputs: NDArray[np.int8], examples: Examples
    ) -> NDArray[np.floating[Any]]:
        """What int8 outputs are judged by, in real numbers."""
        return self.scores(dequantised(model, outputs), replace(examples, x=dequantised_inputs(model, inputs)))

    def event_quality(
        self, model: Model, streams: Sequence[Stream], split: Split, enter: int | None = None
    ) -> EventQuality:
        """What a model's decisions find in streams: features, model and decision in C, on the host.

        Args:
            enter: the int8 score that the contract's rule has found; None finds it on these streams where there is a
                rule.

        Raises:
            DataError: the decision does not suit the model.
        """
        contract, output = self.contract, model.compiled.outputs[0]
        fitted = decision_of(contract, model.pipeline, self.prepared.classes, output.scale, output.zero_point)
        if contract.decision is None or contract.events is None or contract.data.signal is None or fitted is None:
            raise DataError("the contract has no events to judge")
        host = model.compiled_for(self.host.isa).program
        inputs = [extract_int8(model.pipeline, stream.signal) for stream in streams]
        held = Judge(
            spec=contract.decision,
            decision=fitted,
            pipeline=model.pipeline,
            streams=streams,
            scores=[self._scored(model, host, each.reshape(len(each), -1)) for each in inputs],
            rate_hz=contract.data.signal.rate_hz,
            tolerance_us=contract.events.tolerance_us,
            classes=self.prepared.classes,
        )
        rule = contract.decision.common
        if enter is None and isinstance(rule, FalseAccepts):
            enter = held.enter_for(rule)
        return held.judged(split, enter)

    def _scored(self, model: Model, program: Program, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
        """What a decision gets of each window: the outputs, or the levels of an autoencoder's error."""
        outputs = run_int8(self.host, program, inputs)
        if self.contract.task is not Task.ANOMALY:
            return outputs
        given, made = model.compiled.inputs[0], model.compiled.outputs[0]
        return error_levels(inputs, outputs, (given.scale, given.zero_point), (made.scale, made.zero_point))

    def int8_scores(self, model: Model, examples: Examples) -> NDArray[np.float64]:
        """An autoencoder's anomaly scores [N, 1] as on the device, from its int8 inputs and outputs."""
        inputs = int8_inputs(model, examples)
        outputs = run_int8(self.host, model.compiled_for(self.host.isa).program, inputs)
        return reconstruction_error(dequantised(model, outputs), dequantised_inputs(model, inputs))

    def _workload(self, model: Model) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
        """What is run to measure a Cost: inputs [COSTED_INPUTS, input_bytes], and raw frames."""
        recording = model.pipeline.to_frames(self.prepared.train.recordings[0])
        wanted = model.pipeline.frames_for(COSTED_FRAMES)
        frames = np.resize(recording, (wanted, recording.shape[1]))  # again from its start, where it is too short
        generator = np.random.default_rng(0)
        inputs = generator.integers(-128, 128, (COSTED_INPUTS, model.program.input_bytes), dtype=np.int8)
        return inputs, frames

    def _deciding(self, model: Model) -> Program:
        """The model's program with the contract's decision, which is not there yet by a rule, but as large."""
        output = model.compiled.outputs[0]
        classes = self.prepared.classes
        return with_decision(
            model.program, decision_of(self.contract, model.pipeline, classes, output.scale, output.zero_point)
        )

    def _rhythm(self, model: Model) -> Rhythm | None:
        signal, pipeline = self.contract.data.signal, model.pipeline
        return Rhythm(signal.rate_hz, pipeline.input_hop, pipeline.frames_for(1)) if signal else None

    def _on_device(self, model: Model, prefer: Prefer) -> Model:
        if prefer is Prefer.FLASH and self.contract.weight_bits:  # does nothing to weights that are so already
            few = cluster_graph(model.graph, self.contract.weight_bits)
            model = compile_model(few, model.program.name, model.pipeline, model.isa, model.hop, model.prefer)
        return model.compiled_for(self.target.isa).on_device(self.contract.execution, prefer)

    def known_cost(self, model: Model) -> Cached[Cost]:
        """With the kernels that the contract prefers; with those of the smallest arena, where the limit on RAM holds
        with them alone; with weights in few bits, where the contract says how many and the limit on flash holds so
        alone."""
        found = self._known_cost(model, self.contract.prefer)
        if packed := self._in_few_bits(model, found.value):
            return packed
        limit, ram = self.contract.limits.ram_bytes, found.value.ram
        if limit is None or ram.total <= limit or self.contract.prefer is Prefer.RAM:
            return found
        room = limit - (ram.total - ram.arena)
        whole = self.contract.execution is Execution.WHOLE
        if (whole and model.least_arena_bytes > room) or self._on_device(model, Prefer.RAM).program.arena_bytes > room:
            return found
        return self._known_cost(model, Prefer.RAM)

    def _in_few_bits(self, model: Model, found: Cost) -> Cached[Cost] | None:
        """None where the limit on flash holds already, or cannot be held by that."""
        limit = self.contract.limits.flash_bytes
        if not self.contract.weight_bits or limit is None or found.flash.total <= limit:
            return None
        packed = self._on_device(model, Prefer.FLASH)
        saved = self._on_device(model, found.prefer).program.weight_bytes - packed.program.weight_bytes
        if found.flash.total - saved > limit:
            return None
        cost = self._known_cost(model, Prefer.FLASH)
        return cost if cost.value.flash.total <= limit else None

    def _known_cost(self, model: Model, prefer: Prefer) -> Cached[Cost]:
        run = self._on_device(model, prefer)
        program = self._deciding(run)
        parts = [
            self.target.name,
            str(self.contract.target.clock_hz),
            repr(self.contract.target.waits),
            repr(self._rhythm(run)),
            *program_parts(program),
        ]
        parts += [part for array in self._workload(run) for part in array_parts(array)]
        return self.cache.once(Cost, "cost", parts, lambda: self.measure(model, prefer))

    def known_training(self, request: TrainingRequest) -> Cached[TrainingResult]:
        return self.cache.once(TrainingResult, TRAINING, request_parts(request), lambda: self._trained(request))

    def _trained(self, request: TrainingRequest) -> TrainingResult:
        if request.architecture.trees:
            return grown_model(request, self.trainer.grow)
        return self.trainer.train(request)

    def _watched_training(
        self, request: TrainingRequest, visible: Sequence[Trial], shown: Shown = lambda _: None
    ) -> Cached[TrainingResult | Stopped]:
        """Trains, or remembers a training; either is stopped at the same epoch. `shown` takes the history after each
        epoch of one that is under way."""
        if request.architecture.trees:  # grown within a second, and at no time half
            grown = self.known_training(request)
            return Cached(grown.value, grown.from_cache)
        parts = request_parts(request)
        whole = self.cache.find(TrainingResult, TRAINING, parts)
        known = whole or self.cache.find(Stopped, STOPPED, parts)
        if known is not None and (at := self.halving.stopped_at(visible, known.history)):
            return Cached(Stopped(known.history[:at], known.inherited), from_cache=True)
        if whole is not None:
            return Cached(whole, from_cache=True)
        result = self.trainer.train_watched(request, Watch(self.halving, visible, request.recipe.epochs, shown))
        self.cache.keep(STOPPED if isinstance(result, Stopped) else TRAINING, parts, result)
        return Cached(result, from_cache=False)

    def known_variants(self, job: Requantisation) -> Cached[tuple[Variant, ...]]:
        parts = [*request_parts(job.request), job.keras, *job.methods]
        known = self.cache.once(Variants, "variants", parts, lambda: Variants(self.trainer.requantise(job)))
        return Cached(known.value.variants, known.from_cache)

    def known_shrinking(self, job: Shrinking) -> Cached[TrainingResult]:
        parts = [*request_parts(job.request), job.keras, repr(job.share)]
        return self.cache.once(TrainingResult, "shrinking", parts, lambda: self.trainer.shrink(job))

    def float_outputs(self, model: bytes, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """What a trial's float model answers: [N, outputs] for [N, *input_shape]. Raises TrainingError, ModelError."""
        kind = model_kind(model)
        return answers(kind, model, x) if is_read(kind, model) else self.trainer.predict(model, x)

    def known_outputs(self, keras: bytes, x: NDArray[np.float32]) -> Cached[NDArray[np.float32]]:
        known = self.cache.once(
            FloatOutputs, "outputs", [keras, *array_parts(x)], lambda: FloatOutputs(self.float_outputs(keras, x))
        )
        return Cached(known.value.outputs, known.from_cache)

    def known_answers(self, take: Take[Int8Outputs]) -> Answer:
        """What programs answer, remembered; each answer passes `take`, which may note whether it is fresh."""

        def answer(target: Target, program: Program, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
            parts = [target.name, *program_parts(program), *array_parts(inputs)]
            known = self.cache.once(
                Int8Outputs, "answers", parts, lambda: Int8Outputs(run_int8(target, program, inputs))
            )
            return take(known).outputs

        return answer

    def request(self, architecture: Architecture) -> TrainingRequest:
        """The training of an architecture by the study's recipe on its data."""
        train, validate = self.prepared.train, self.prepared.validate
        return TrainingRequest(
            architecture=architecture,
            task=self.task,
            x_train=train.x,
            y_train=train.y,
            x_validate=validate.x,
            y_validate=validate.y,
            recipe=self.recipe,
        )


@dataclass(frozen=True, slots=True)
class Watch:
    halving: Halving
    visible: Sequence[Trial]
    epochs: int
    shown: Shown

    @property
    def rungs(self) -> tuple[int, ...]:
        return tuple(range(1, self.epochs + 1))

    def goes_on(self, history: tuple[Epoch, ...]) -> bool:
        self.shown(history)
        return len(history) not in self.halving.rungs or self.halving.stopped_at(self.visible, history) is None
