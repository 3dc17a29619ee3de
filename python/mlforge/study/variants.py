"""From a network that fits to its best int8 model: ways to int8, a teacher, fewer channels, chosen by measurement.

Knows what to try and what wins; the work itself is done by whoever implements `Work`. Everything is judged on
validation data with the study's own metric; equals go to the simplest.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from mlforge.app.verdicts import judge
from mlforge.compiler.clustering import cluster_tflite
from mlforge.contract.contract import Contract, Quantisation
from mlforge.errors import TrainingError
from mlforge.measure.ranking import spent
from mlforge.records.architecture import Architecture
from mlforge.records.attempt import Attempt, Method, Network
from mlforge.records.cost import Cost
from mlforge.records.program import Prefer
from mlforge.records.quality import Quality
from mlforge.training.methods import Requantisation, Shrinking, Variant
from mlforge.training.request import TrainingRequest, TrainingResult
from mlforge.training.teacher import teacher_of

BESIDE_PTQ: Final = {
    Quantisation.PTQ: (),
    Quantisation.EQUALISED: (Method.EQUALISED,),
    Quantisation.CALIBRATED: (Method.CALIBRATED,),
    Quantisation.FINETUNE: (Method.FINETUNE,),
    Quantisation.QAT: (Method.QAT,),
    Quantisation.ALL: (Method.EQUALISED, Method.CALIBRATED, Method.FINETUNE, Method.QAT),
    Quantisation.AUTO: (Method.EQUALISED, Method.CALIBRATED, Method.FINETUNE, Method.QAT),
}


class Work(Protocol):
    """What making a model needs done. Each call raises ForgeErrors of its own kind."""

    def stage(self, name: str) -> AbstractContextManager[None]:
        """What is done inside counts as this stage of the trial."""
        ...

    def request(self, architecture: Architecture) -> TrainingRequest: ...

    def train(self, request: TrainingRequest) -> TrainingResult: ...

    def teacher(self, request: TrainingRequest) -> bytes:
        """The float model that teaches: the study's, or what `request` trains, once for all trials."""
        ...

    def requantise(self, job: Requantisation) -> tuple[Variant, ...]: ...

    def shrink(self, job: Shrinking) -> TrainingResult: ...

    def float_quality(self, made: TrainingResult | Variant) -> Quality: ...

    def int8_quality(self, tflite: bytes) -> Quality:
        """On the host."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Sized:
    """An architecture and what it costs, measured before it is trained."""

    architecture: Architecture
    cost: Cost


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """One int8 model of a trial, judged. `trained` is the float network that others may be made from, `first` the one
    as proposed, before anything was taken from it."""

    network: Network
    method: Method
    sized: Sized
    tflite: bytes
    keras: bytes
    float_quality: Quality
    int8_quality: Quality
    trained: bytes
    first: bytes

    @property
    def value(self) -> float:
        """The int8 quality; more is better."""
        quality = self.int8_quality
        return quality.value if quality.metric.higher_is_better else -quality.value


@dataclass(slots=True, eq=False)
class Making:
    """One trial's model in the making; use it once."""

    contract: Contract
    work: Work
    _tried: list[Made | Attempt] = field(default_factory=list)  # an Attempt is one that failed

    def best(self, proposed: Sized, smaller: Sized | None) -> tuple[Made, tuple[Attempt, ...]]:
        """The model to keep, and all that were tried.

        Args:
            smaller: what pruning leaves of the proposed architecture; None where the contract or the limits rule it
                out. Where only this one fits, it is kept.

        Raises:
            TrainingError: the network as proposed cannot be trained, or the only one that fits came to nothing.
        """
        fits = judge(self.contract, proposed.cost).feasible
        source = self._trained(proposed)
        kept = _best([source, *self._variants(source)]) if fits else source
        if smaller is not None:
            try:
                narrow = self._pruned(source, smaller)
            except TrainingError as error:
                if not fits:
                    raise
                self._tried.append(_failed(Network.PRUNED, Method.PTQ, smaller, error.message))
            else:
                kept = self._smaller_or(kept, _best([narrow, *self._variants(narrow)]), fits=fits)
        return kept, tuple(one if isinstance(one, Attempt) else _attempt(one, kept) for one in self._tried)

    def _trained(self, proposed: Sized) -> Made:
        """The better of the network as proposed and, where the contract asks for it, the one with a teacher."""
        request = self.work.request(proposed.architecture)
        with self.work.stage("train"):
            plain = self._made(Network.PLAIN, proposed, self.work.train(request))
        if not self.contract.training.distil or proposed.architecture.trees:
            return plain
        with self.work.stage("distil"):
            try:
                teacher = self.work.teacher(self.work.request(teacher_of(proposed.architecture)))
                taught = self._made(Network.DISTILLED, proposed, self.work.train(replace(request, teacher=teacher)))
            except TrainingError as error:
                self._tried.append(_failed(Network.DISTILLED, Method.PTQ, proposed, error.message))
                return plain
        return _best([plain, taught])

    def _pruned(self, source: Made, smaller: Sized) -> Made:
        with self.work.stage("prune"):
            request = self.work.request(source.sized.architecture)
            job = Shrinking(request, source.trained, self.contract.training.prune)
            return self._made(Network.PRUNED, smaller, self.work.shrink(job), source.first)

    def _variants(self, plain: Made) -> list[Made]:
        """The same network by the other ways to int8 that are worth a try."""
        if plain.sized.architecture.trees:  # grown for int8 (study/growing.py)
            return []
        methods = BESIDE_PTQ[self.contract.training.quantisation]
        if self.contract.training.quantisation is Quantisation.AUTO and self._loss(plain) <= self._tolerance(plain):
            methods = ()
        if not methods:
            return []
        with self.work.stage(f"quantise {plain.network}" if plain.network is Network.PRUNED else "quantise"):
            request = self.work.request(plain.sized.architecture)
            try:
                variants = self.work.requantise(Requantisation(request, plain.trained, methods))
            except TrainingError as error:  # the worker crashed or took too long: there is a model without it
                self._tried += [_failed(plain.network, method, plain.sized, error.message) for method in methods]
                return []
            made = [self._variant(plain, variant) for variant in variants]
        return [one for one in made if one is not None]

    def _made(self, network: Network, sized: Sized, result: TrainingResult, first: bytes = b"") -> Made:
        tflite = self._in_few_bits(sized, result.tflite)
        made = Made(
            network=network,
            method=Method.PTQ,
            sized=sized,
            tflite=tflite,
            keras=result.keras,
            float_quality=self.work.float_quality(result),
            int8_quality=self.work.int8_quality(tflite),
            trained=result.keras,
            first=first or result.keras,
        )
        self._tried.append(made)
        return made

    def _variant(self, plain: Made, variant: Variant) -> Made | None:
        if variant.failure:
            self._tried.append(_failed(plain.network, variant.method, plain.sized, variant.failure))
            return None
        tflite = self._in_few_bits(plain.sized, variant.tflite)
        made = replace(
            plain,
            method=variant.method,
            tflite=tflite,
            keras=variant.keras,
            float_quality=self.work.float_quality(variant),
            int8_quality=self.work.int8_quality(tflite),
        )
        self._tried.append(made)
        return made

    def _in_few_bits(self, sized: Sized, tflite: bytes) -> bytes:
        """With weights of few values, where the architecture was costed so: what is measured is what will run."""
        bits = self.contract.weight_bits
        return cluster_tflite(tflite, bits)[0] if bits and sized.cost.prefer is Prefer.FLASH else tflite

    def _smaller_or(self, full: Made, narrow: Made, *, fits: bool) -> Made:
        """The smaller network where the full one does not fit; else where it is cheaper, loses no more than is
        tolerated, and misses no goal that the full one meets."""
        if not fits:
            return narrow
        one, other = (judge(self.contract, made.sized.cost, made.int8_quality) for made in (full, narrow))
        cheaper = other.feasible and spent(other) < spent(one)
        as_good = full.value - narrow.value <= self._tolerance(full)
        return narrow if cheaper and as_good and (other.met or not one.met) else full

    def _loss(self, made: Made) -> float:
        """Of quality from floats to int8, in the metric's unit."""
        sign = 1.0 if made.int8_quality.metric.higher_is_better else -1.0
        return sign * (made.float_quality.value - made.int8_quality.value)

    def _tolerance(self, reference: Made) -> float:
        """In the metric's unit: of errors a share of the goal, or of what floats reach where no goal is on them."""
        tolerance, metric = self.contract.training.tolerance, self.contract.metric
        goal = next((one.value for one in self.contract.goals if one.metric is metric), reference.float_quality.value)
        return tolerance if metric.higher_is_better else tolerance * goal


def _best(made: Sequence[Made]) -> Made:
    """The best on validation data; the first, which is the simplest, of equals."""
    return max(made, key=lambda one: one.value)


def _attempt(made: Made, kept: Made) -> Attempt:
    return Attempt(
        network=made.network,
        method=made.method,
        architecture=made.sized.architecture.id,
        float_quality=made.float_quality.value,
        int8_quality=made.int8_quality.value,
        flash_bytes=made.sized.cost.flash.total,
        latency_us=made.sized.cost.total_latency_us,
        kept=made is kept,
    )


def _failed(network: Network, method: Method, sized: Sized, reason: str) -> Attempt:
    cost = sized.cost
    latency_us = cost.total_latency_us
    return Attempt(network, method, sized.architecture.id, None, None, cost.flash.total, latency_us, failure=reason)
