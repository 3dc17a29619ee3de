"""From a proposal to a finished Trial: the one place that knows the whole chain.

    cost (random weights, emulated target) -> limits -> train -> int8 on host and target -> cost again -> verdict

Whatever goes wrong on the way ends this Trial as failed, with its stage and log; the study goes on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.from_architecture import lower_architecture
from mlforge.compiler.isa import Isa
from mlforge.contract.contract import Contract, Task
from mlforge.errors import ForgeError, MachineError, ModelError, RunError, ToolError, TrainingError
from mlforge.measure.cost import measure_cost
from mlforge.measure.quality import evaluate, reconstruction_error
from mlforge.records.architecture import Architecture
from mlforge.records.attempt import Attempt
from mlforge.records.cost import Cost
from mlforge.records.program import Program
from mlforge.records.quality import Metric, Quality, Split, Stage
from mlforge.records.trial import Epoch, Failure, Inherited, State, Trial
from mlforge.records.verdict import Verdict
from mlforge.search.proposer import Proposal
from mlforge.study.artefacts import Artefacts
from mlforge.study.departure import first_departure
from mlforge.study.events import Observer
from mlforge.study.halving import Halving
from mlforge.study.making import Making, Sized
from mlforge.study.model import (
    Model,
    compile_model,
    dequantised,
    dequantised_inputs,
    int8_inputs,
    read_model,
)
from mlforge.study.prepare import Examples, Prepared
from mlforge.study.recall import Recall, Recalled, array_parts, program_parts, request_parts
from mlforge.study.reuse import TRAINED_FILE, Source, source
from mlforge.study.verdicts import judge
from mlforge.targets.target import Target
from mlforge.training.methods import Requantisation, Shrinking, Variant
from mlforge.training.request import Recipe, Stopped, TrainingRequest, TrainingResult
from mlforge.training.shrink_plan import pruned
from mlforge.training.trainer import Trainer

MODEL_FILE: Final = "model.tflite"
FLOAT_MODEL_FILE: Final = "model.keras"
TRAINING, STOPPED = "training", "stopped training"  # what the memory calls them
COSTED_INPUTS: Final = 3  # inferences that are counted for one Cost: counts hardly depend on data
COSTED_FRAMES: Final = 2  # model inputs' worth of raw frames, for the cost of the features
LOG_TAIL: Final = 4000  # characters of a tool's output kept with a failed trial


Answer: TypeAlias = Callable[[Target, Program, NDArray[np.int8]], NDArray[np.int8]]
T = TypeVar("T")


def run_int8(target: Target, program: Program, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
    """What a program answers on a target: int8 [N, output_bytes] for [N, input_bytes]. Raises BuildError, RunError."""
    return target.infer(target.build(program), inputs).outputs


@dataclass(frozen=True, slots=True, eq=False)
class _FloatOutputs:
    outputs: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class _Int8Outputs:
    outputs: NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Variants:
    variants: tuple[Variant, ...]


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Everything that an evaluation needs besides the proposal. Safe to call from several threads."""

    contract: Contract
    prepared: Prepared
    target: Target
    host: Target
    trainer: Trainer
    artefacts: Artefacts
    recipe: Recipe
    recall: Recall = field(default_factory=Recall)
    teaching: threading.Lock = field(default_factory=threading.Lock)  # held while a study's teacher is trained
    halving: Halving = field(default_factory=Halving)  # stops nothing

    @property
    def metric(self) -> Metric:
        return Metric(self.contract.goals[0].metric)

    @property
    def task(self) -> Task:
        return self.contract.task

    @property
    def isa(self) -> Isa:
        """What models are compiled for."""
        return Isa(self.target.isa)

    def __call__(self, number: int, proposal: Proposal, observer: Observer, visible: Sequence[Trial] = ()) -> Trial:
        """The finished Trial. Of other trials it may use only the `visible` ones.

        Raises:
            MachineError: this machine cannot go on, which says nothing of the proposal. No other ForgeError is raised.
        """
        draft = _Draft(number, proposal, observer, proposal.architecture)
        try:
            return self._evaluate(draft, visible)
        except _StoppedError as stopped:
            return draft.ended(State.STOPPED, Failure("train", str(stopped)))
        except MachineError:
            raise
        except ForgeError as error:
            log = error.log if isinstance(error, ToolError | TrainingError) else ""
            return draft.ended(State.FAILED, failure=Failure(draft.current, error.message, log[-LOG_TAIL:]))

    def _evaluate(self, draft: _Draft, visible: Sequence[Trial]) -> Trial:
        with draft.stage("cost"):
            proposed = self._sized(draft, draft.architecture)
            draft.cost = proposed.cost
            draft.verdict = judge(self.contract, draft.cost)
            smaller = self._smaller(draft, proposed)
        if not draft.verdict.feasible and smaller is None:
            return draft.ended(State.REJECTED)
        reuses = self.contract.training.reuse
        begins_with = source(proposed.architecture, visible, self.artefacts) if reuses else Source()
        made, draft.attempts = Making(self.contract, _Bench(self, draft, visible, begins_with)).best(proposed, smaller)
        draft.architecture = made.sized.architecture
        draft.artefacts = {
            MODEL_FILE: self.artefacts.put(made.tflite),
            FLOAT_MODEL_FILE: self.artefacts.put(made.keras),
        }
        if reuses:
            draft.artefacts[TRAINED_FILE] = self.artefacts.put(made.first)
        with draft.stage("verify"):
            model = read_model(made.tflite, self.contract.name, self.prepared.pipeline, self.isa)
            _check_same_network(self._costed(draft.architecture), model)
            examples, split = self.prepared.validate, Split.VALIDATE
            on_host, on_target = self.int8_qualities(model, examples, split, self._known_answers(draft))
            draft.qualities = (made.float_quality, on_host, on_target)
            draft.cost = draft.take(self._known_cost(model))
            draft.verdict = judge(self.contract, draft.cost, draft.qualities[-1])
        return draft.ended(State.TRAINED)

    def _costed(self, architecture: Architecture) -> Model:
        graph = lower_architecture(architecture, self.recipe.seed)
        return compile_model(graph, self.contract.name, self.prepared.pipeline, self.isa)

    def _sized(self, draft: _Draft, architecture: Architecture) -> Sized:
        return Sized(architecture, draft.take(self._known_cost(self._costed(architecture))))

    def _smaller(self, draft: _Draft, proposed: Sized) -> Sized | None:
        """What pruning leaves, where the contract asks for it, it is less, and it fits."""
        share = self.contract.training.prune
        smaller = pruned(proposed.architecture, share)
        if not share or smaller == proposed.architecture:
            return None
        sized = self._sized(draft, smaller)
        return sized if judge(self.contract, sized.cost).feasible else None

    def cost(self, architecture: Architecture) -> tuple[Cost, Verdict]:
        """What an architecture costs with random weights, held against the limits. Raises ForgeError."""
        cost = self._known_cost(self._costed(architecture)).value
        return cost, judge(self.contract, cost)

    def measure(self, model: Model) -> Cost:
        """Builds and measures on the target. Raises BuildError, RunError."""
        model = model.compiled_for(self.target.isa)
        inputs, frames = self._workload(model)
        return measure_cost(
            self.target, self.target.build(model.program), inputs, self.contract.target.clock_hz, frames
        )

    def int8_qualities(
        self, model: Model, examples: Examples, split: Split, answer: Answer = run_int8
    ) -> tuple[Quality, Quality]:
        """Quality on the host and on the target, each with its own kernels: the same vectors, and the same bytes back.

        Args:
            answer: what a program answers on a target; it may remember.

        Raises:
            RunError: host and target disagree, which neither hardware nor compiler may cause.
        """
        inputs = int8_inputs(model, examples)
        answers = []
        for target in (self.host, self.target):
            answers.append(answer(target, model.compiled_for(target.isa).program, inputs))
        if different := np.flatnonzero((answers[0] != answers[1]).any(axis=1)).tolist():
            departure = first_departure(model.graph, "departure", self.host, self.target, inputs[different[:1]])
            raise RunError(
                f"int8 outputs on the host and on {self.target.name} differ for {len(different)} of {len(inputs)} "
                f"examples of the {split} split; {departure or 'no operator alone departs'}"
            )
        return (
            self.judge_int8(model, inputs, answers[0], examples, Stage.INT8_HOST, split),
            self.judge_int8(model, inputs, answers[1], examples, Stage.INT8_TARGET, split),
        )

    def judge(self, outputs: NDArray[np.float32], examples: Examples, stage: Stage, split: Split) -> Quality:
        """Quality of real-valued outputs, [N, ...]. Raises ModelError, DataError; see measure.quality.evaluate."""
        scores = reconstruction_error(outputs, examples.x) if self.task is Task.ANOMALY else outputs
        return evaluate(
            scores,
            examples.y,
            metric=self.metric,
            stage=stage,
            split=split,
            groups=examples.groups,
            strata=examples.strata,
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
        seen = replace(examples, x=dequantised_inputs(model, inputs))
        return self.judge(dequantised(model, outputs), seen, stage, split)

    def int8_scores(self, model: Model, examples: Examples) -> NDArray[np.float64]:
        """An autoencoder's anomaly scores [N, 1] as on the device, from its int8 inputs and outputs."""
        inputs = int8_inputs(model, examples)
        outputs = run_int8(self.host, model.compiled_for(self.host.isa).program, inputs)
        return reconstruction_error(dequantised(model, outputs), dequantised_inputs(model, inputs))

    def _workload(self, model: Model) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
        """What is run to measure a Cost: inputs [COSTED_INPUTS, input_bytes], and raw frames."""
        recording = self.prepared.train.recordings[0]
        frames = model.pipeline.to_frames(recording)[: _frames_for(model, COSTED_FRAMES)]
        generator = np.random.default_rng(0)
        inputs = generator.integers(-128, 128, (COSTED_INPUTS, model.program.input_bytes), dtype=np.int8)
        return inputs, frames

    def _known_cost(self, model: Model) -> Recalled[Cost]:
        model = model.compiled_for(self.target.isa)
        parts = [self.target.name, str(self.contract.target.clock_hz), *program_parts(model.program)]
        parts += [part for array in self._workload(model) for part in array_parts(array)]
        return self.recall.once(Cost, "cost", parts, lambda: self.measure(model))

    def _known_training(self, request: TrainingRequest) -> Recalled[TrainingResult]:
        return self.recall.once(TrainingResult, TRAINING, request_parts(request), lambda: self.trainer.train(request))

    def _watched_training(
        self, request: TrainingRequest, visible: Sequence[Trial]
    ) -> Recalled[TrainingResult | Stopped]:
        """Trains, or remembers a training; either is stopped at the same epoch."""
        parts = request_parts(request)
        whole = self.recall.find(TrainingResult, TRAINING, parts)
        known = whole or self.recall.find(Stopped, STOPPED, parts)
        if known is not None and (at := self.halving.stopped_at(visible, known.history)):
            return Recalled(Stopped(known.history[:at], known.inherited), from_memory=True)
        if whole is not None:
            return Recalled(whole, from_memory=True)
        result = self.trainer.train_watched(request, _Watch(self.halving, visible))
        self.recall.keep(STOPPED if isinstance(result, Stopped) else TRAINING, parts, result)
        return Recalled(result, from_memory=False)

    def _known_variants(self, job: Requantisation) -> Recalled[tuple[Variant, ...]]:
        parts = [*request_parts(job.request), job.keras, *job.methods]
        known = self.recall.once(Variants, "variants", parts, lambda: Variants(self.trainer.requantise(job)))
        return Recalled(known.value.variants, known.from_memory)

    def _known_shrinking(self, job: Shrinking) -> Recalled[TrainingResult]:
        parts = [*request_parts(job.request), job.keras, repr(job.share)]
        return self.recall.once(TrainingResult, "shrinking", parts, lambda: self.trainer.shrink(job))

    def _known_outputs(self, keras: bytes, x: NDArray[np.float32]) -> Recalled[NDArray[np.float32]]:
        known = self.recall.once(
            _FloatOutputs, "outputs", [keras, *array_parts(x)], lambda: _FloatOutputs(self.trainer.predict(keras, x))
        )
        return Recalled(known.value.outputs, known.from_memory)

    def _known_answers(self, draft: _Draft) -> Answer:
        def answer(target: Target, program: Program, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
            parts = [target.name, *program_parts(program), *array_parts(inputs)]
            known = self.recall.once(
                _Int8Outputs, "answers", parts, lambda: _Int8Outputs(run_int8(target, program, inputs))
            )
            return draft.take(known).outputs

        return answer

    def request(self, architecture: Architecture) -> TrainingRequest:
        """The training of an architecture by the study's recipe on its data."""
        train, validate = self.prepared.train, self.prepared.validate
        normal = validate.y == 0 if self.task is Task.ANOMALY else np.ones(len(validate), bool)
        return TrainingRequest(
            architecture=architecture,
            task=self.task,
            x_train=train.x,
            y_train=train.y,
            x_validate=validate.x[normal],
            y_validate=validate.y[normal],
            recipe=self.recipe,
        )


def _frames_for(model: Model, inputs: int) -> int:
    window = model.pipeline.window
    return window.length + (inputs - 1) * window.hop


def _check_same_network(costed: Model, trained: Model) -> None:
    """What was costed with random weights must be what was trained, or the cost gate judged something else.

    Bytes of weights may differ: how tables are packed, and which kernel suits, can depend on the numbers.
    """
    networks = [[(operator.kind, operator.macs) for operator in model.program.operators] for model in (costed, trained)]
    if networks[0] != networks[1]:
        kinds = [", ".join(kind for kind, _ in network) for network in networks]
        raise ModelError(f"the converter made another network than was costed: {kinds[1]} instead of {kinds[0]}")


class _StoppedError(Exception):
    """Ends an evaluation whose training fell behind; no failure of anything."""

    def __init__(self, stopped: Stopped) -> None:
        epochs, loss = len(stopped.history), min(epoch.validation_loss for epoch in stopped.history)
        super().__init__(f"stopped after {epochs} epochs: validation loss {loss:.3f}, behind half of the earlier ones")


@dataclass(frozen=True, slots=True)
class _Watch:
    halving: Halving
    visible: Sequence[Trial]

    @property
    def rungs(self) -> tuple[int, ...]:
        return self.halving.rungs

    def goes_on(self, history: tuple[Epoch, ...]) -> bool:
        return self.halving.stopped_at(self.visible, history) is None


@dataclass(slots=True)
class _Draft:
    """A Trial in the making: what is known of it when it ends, wherever it ends."""

    number: int
    proposal: Proposal
    observer: Observer
    architecture: Architecture
    current: str = "cost"
    cost: Cost | None = None
    qualities: tuple[Quality, ...] = ()
    verdict: Verdict | None = None
    artefacts: dict[str, str] = field(default_factory=dict)
    history: tuple[Epoch, ...] = ()
    inherited: Inherited | None = None
    attempts: tuple[Attempt, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    fresh: set[str] = field(default_factory=set)  # stages in which something was really measured

    def take(self, known: Recalled[T]) -> T:
        if not known.from_memory:
            self.fresh.add(self.current)
        return known.value

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self.current = name
        self.observer.stage(self.number, name)
        start = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(time.monotonic() - start, 3)

    def ended(self, state: State, failure: Failure | None = None) -> Trial:
        return Trial(
            number=self.number,
            state=state,
            architecture=self.architecture,
            parent=self.proposal.architecture if self.architecture != self.proposal.architecture else None,
            inherited=self.inherited,
            attempts=self.attempts,
            parameters=dict(self.proposal.parameters),
            cost=self.cost,
            qualities=self.qualities,
            verdict=self.verdict,
            failure=failure,
            seconds=self.seconds,
            artefacts=self.artefacts,
            history=self.history,
            recalled=tuple(stage for stage in self.seconds if stage not in self.fresh)
            if state is not State.FAILED
            else (),
            proposer=self.proposal.proposer,
            reasoning=self.proposal.reasoning,
            handed_over=self.proposal.handed_over,
        )


@dataclass(frozen=True, slots=True)
class _Bench:
    """What a Making needs, done by the Evaluator for one draft."""

    evaluator: Evaluator
    draft: _Draft
    visible: Sequence[Trial]
    begins_with: Source

    def stage(self, name: str) -> AbstractContextManager[None]:
        return self.draft.stage(name)

    def request(self, architecture: Architecture) -> TrainingRequest:
        return self.evaluator.request(architecture)

    def train(self, request: TrainingRequest) -> TrainingResult:
        """The network as proposed may be stopped early; with a teacher it is trained to its end."""
        request = replace(request, initial=self.begins_with.keras)
        if request.teacher:
            return self.draft.take(self.evaluator._known_training(request))
        result = self.draft.take(self.evaluator._watched_training(request, self.visible))
        self.draft.history = result.history
        if result.inherited:
            self.draft.inherited = Inherited(self.begins_with.trial, result.inherited)
        if isinstance(result, Stopped):
            raise _StoppedError(result)
        return result

    def teacher(self, request: TrainingRequest) -> TrainingResult:
        with self.evaluator.teaching:  # whoever comes second finds the answer in memory
            return self.draft.take(self.evaluator._known_training(request))

    def requantise(self, job: Requantisation) -> tuple[Variant, ...]:
        return self.draft.take(self.evaluator._known_variants(job))

    def shrink(self, job: Shrinking) -> TrainingResult:
        return self.draft.take(self.evaluator._known_shrinking(job))

    def float_quality(self, made: TrainingResult | Variant) -> Quality:
        evaluator, outputs = self.evaluator, made.validation_outputs
        examples = evaluator.prepared.validate
        if evaluator.task is Task.ANOMALY:  # trained and stopped on normal examples, judged on all
            outputs = self.draft.take(evaluator._known_outputs(made.keras, examples.x))
        return evaluator.judge(outputs, examples, Stage.FP32_HOST, Split.VALIDATE)

    def int8_quality(self, tflite: bytes) -> Quality:
        evaluator, examples = self.evaluator, self.evaluator.prepared.validate
        model = read_model(tflite, evaluator.contract.name, evaluator.prepared.pipeline, evaluator.isa)
        program = model.compiled_for(evaluator.host.isa).program
        inputs = int8_inputs(model, examples)
        answers = evaluator._known_answers(self.draft)(evaluator.host, program, inputs)
        return evaluator.judge_int8(model, inputs, answers, examples, Stage.INT8_HOST, Split.VALIDATE)
