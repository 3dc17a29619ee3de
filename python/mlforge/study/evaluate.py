"""From a proposal to a finished Trial: the one place that knows the whole chain.

    cost (random weights, emulated target) -> limits -> train -> int8 on host and target -> cost again -> verdict

Whatever goes wrong on the way ends this Trial as failed, with its stage and log; the study goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mlforge.app.model import (
    Model,
    read_model,
)
from mlforge.app.verdicts import judge
from mlforge.errors import (
    ForgeError,
    ImageTooLargeError,
    MachineError,
    ModelError,
    ToolError,
    TrainingError,
    UnsupportedOperatorError,
)
from mlforge.records.architecture import Architecture, Imported
from mlforge.records.quality import Quality, Split, Stage
from mlforge.records.trial import Failure, State, Trial
from mlforge.search.proposer import Proposal
from mlforge.study.draft_work import DraftWork
from mlforge.study.events import Observer
from mlforge.study.trial_draft import StoppedError, TrialDraft
from mlforge.study.variants import Making, Sized
from mlforge.study.warm_start import TRAINED_FILE, Source, source
from mlforge.study.workbench import Workbench
from mlforge.toolchain.machine import machine_failure
from mlforge.training.shrink_plan import pruned

MODEL_FILE: Final = "model.tflite"
FLOAT_MODEL_FILE: Final = "model.keras"
LOG_TAIL: Final = 4000  # characters of a tool's output kept with a failed trial


@dataclass(frozen=True, slots=True)
class Evaluator(Workbench):
    """Evaluates proposals on its workbench. Safe to call from several threads."""

    def __call__(self, number: int, proposal: Proposal, observer: Observer, visible: Sequence[Trial] = ()) -> Trial:
        """The finished Trial. Of other trials it may use only the `visible` ones.

        Raises:
            MachineError: this machine cannot go on, which says nothing of the proposal. No other ForgeError is raised.
        """
        draft = TrialDraft(number, proposal, observer, proposal.architecture)
        try:
            return self._behind(draft)._evaluate(draft, visible)
        except StoppedError as stopped:
            return draft.ended(State.STOPPED, Failure("train", str(stopped)))
        except MachineError:
            raise
        except OSError as error:
            if failure := machine_failure(error):
                raise failure from error
            raise
        except ForgeError as error:
            if failure := machine_failure(error):
                raise failure from error
            log = error.log if isinstance(error, ToolError | TrainingError) else ""
            return draft.ended(State.FAILED, failure=Failure(draft.current, error.message, log[-LOG_TAIL:]))

    def _behind(self, draft: TrialDraft) -> Evaluator:
        if len(self.contract.front_ends) == 1:
            return self
        with draft.stage("features"):
            draft.fresh.add(draft.current)
            return self.behind(draft.architecture.front_end)

    def _evaluate(self, draft: TrialDraft, visible: Sequence[Trial]) -> Trial:
        if draft.architecture.imported:
            return self._imported(draft, draft.architecture.imported)
        with draft.stage("cost"):
            try:
                proposed = self._sized(draft, draft.architecture)
            except (UnsupportedOperatorError, ImageTooLargeError) as error:  # of our own language: in size alone
                return draft.ended(State.REJECTED, Failure("cost", f"too large for the board: {error.message}"))
            draft.cost = proposed.cost
            draft.verdict = judge(self.contract, draft.cost)
            smaller = self._smaller(draft, proposed)
        if not draft.verdict.feasible and smaller is None:
            return draft.ended(State.REJECTED)
        reuses = self.contract.training.reuse and proposed.architecture.trees is None
        begins_with = source(proposed.architecture, visible, self.artefacts) if reuses else Source()
        made, draft.attempts = Making(self.contract, DraftWork(self, draft, visible, begins_with)).best(
            proposed, smaller
        )
        draft.architecture = made.sized.architecture
        draft.artefacts = {
            MODEL_FILE: self.artefacts.put(made.tflite),
            FLOAT_MODEL_FILE: self.artefacts.put(made.keras),
        }
        if reuses:
            draft.artefacts[TRAINED_FILE] = self.artefacts.put(made.first)
        with draft.stage("verify"):
            model = read_model(made.tflite, self.contract.name, self.prepared.pipeline, self.isa)
            _check_same_network(self.costed(draft.architecture), model)
            draft.cost = draft.take(self.known_cost(model))
            self._verify(draft, model, made.float_quality)
        return draft.ended(State.TRAINED)

    def _imported(self, draft: TrialDraft, imported: Imported) -> Trial:
        """One that was trained elsewhere: measured as any other. Where it breaks a limit it is rejected, but what it
        reaches is known, since that is what the others are compared with."""
        with draft.stage("cost"):
            model = read_model(self.artefacts.get(imported.int8), self.contract.name, self.prepared.pipeline, self.isa)
            try:
                draft.cost = draft.take(self.known_cost(model))
            except ImageTooLargeError as error:
                return draft.ended(State.REJECTED, Failure("cost", f"too large for the board: {error.message}"))
        draft.artefacts = {MODEL_FILE: imported.int8, FLOAT_MODEL_FILE: imported.floats}
        with draft.stage("verify"):
            outputs = draft.take(self.known_outputs(self.artefacts.get(imported.floats), self.prepared.validate.x))
            self._verify(draft, model, self.judge(outputs, self.prepared.validate, Stage.FP32_HOST, Split.VALIDATE))
        feasible = draft.verdict is not None and draft.verdict.feasible
        return draft.ended(State.TRAINED if feasible else State.REJECTED)

    def _verify(self, draft: TrialDraft, model: Model, float_quality: Quality) -> None:
        """The int8 model on validation data, on the host and on the target, and the verdict on it all."""
        examples, split = self.prepared.validate, Split.VALIDATE
        on_host, on_target = self.int8_qualities(model, examples, split, self.known_answers(draft.take))
        draft.qualities = (float_quality, on_host, on_target)
        if self.contract.events:
            draft.events = self.event_quality(model, self.prepared.validation_streams(), split)
        if draft.cost is not None:
            draft.verdict = judge(self.contract, draft.cost, on_target, draft.events)

    def _sized(self, draft: TrialDraft, architecture: Architecture) -> Sized:
        return Sized(architecture, draft.take(self.known_cost(self.costed(architecture))))

    def _smaller(self, draft: TrialDraft, proposed: Sized) -> Sized | None:
        """What pruning leaves of a network, where the contract asks for it, it is less, and it fits."""
        share = 0.0 if proposed.architecture.trees else self.contract.training.prune
        if not share:
            return None
        smaller = pruned(proposed.architecture, share)
        if smaller == proposed.architecture:
            return None
        sized = self._sized(draft, smaller)
        return sized if judge(self.contract, sized.cost).feasible else None


def _check_same_network(costed: Model, trained: Model) -> None:
    """What was costed with random weights must be what was trained, or the cost gate judged something else.

    Bytes of weights may differ: how tables are packed, and which kernel suits, can depend on the numbers.
    """
    networks = [[(operator.kind, operator.macs) for operator in model.program.operators] for model in (costed, trained)]
    if networks[0] != networks[1]:
        kinds = [", ".join(kind for kind, _ in network) for network in networks]
        raise ModelError(f"the converter made another network than was costed: {kinds[1]} instead of {kinds[0]}")
