"""Front ends and networks are proposed together: no combination that the contract lacks, each found again."""

from __future__ import annotations

import pytest
from optuna.samplers import RandomSampler
from optuna.study import create_study

from mlforge.contract import Task
from mlforge.records.architecture import Architecture, Shape, validate
from mlforge.records.quality import Metric
from mlforge.search.coordinates import coordinates
from mlforge.search.registry import PROPOSERS, proposer_named
from mlforge.search.space import Choice, FrontEndSpace, Space, space_for
from tests.unit.search.synthetic import search

# As a contract has them: of two chains, one with a setting that the other lacks; 16 bands have no 13 coefficients.
FRONT_ENDS: dict[str, list[tuple[str, Choice]]] = {
    "raw": [("chain", "raw")],
    "b40 c10": [("chain", "mfcc"), ("mel.bands", 40), ("dct.coefficients", 10)],
    "b40 c13": [("chain", "mfcc"), ("mel.bands", 40), ("dct.coefficients", 13)],
    "b12 c10": [("chain", "mfcc"), ("mel.bands", 12), ("dct.coefficients", 10)],
}
SHAPES: dict[str, Shape] = {"raw": (1600, 1, 1), "b40 c10": (49, 10, 1), "b40 c13": (49, 13, 1), "b12 c10": (49, 10, 1)}


def networks(front_end: str) -> Space:
    return space_for(Task.CLASSIFICATION, SHAPES[front_end], 5)


SPACE = FrontEndSpace(FRONT_ENDS, networks)


@pytest.mark.parametrize("name", sorted(PROPOSERS))
def test_every_front_end_is_proposed_with_networks_for_its_input(name: str) -> None:
    trials = search(proposer_named(name, SPACE, 1, Metric.ACCURACY), 40)
    for trial in trials:
        architecture = trial.architecture
        assert architecture.input_shape == SHAPES[architecture.front_end]
        if trial.parameters:  # a known design may be no point of the space
            assert trial.parameters["features.chain"] == dict(FRONT_ENDS[architecture.front_end])["chain"]
        validate(architecture)
    seen = {trial.architecture.front_end for trial in trials}
    assert seen == set(FRONT_ENDS) if name == "random" else len(seen) > 1  # who learns may leave some alone


def test_what_is_drawn_is_found_again() -> None:
    trials = search(proposer_named("random", SPACE, 2, Metric.ACCURACY), 40)
    for trial in trials:
        found = coordinates(SPACE, trial.architecture)
        assert found is not None
        same = create_study(sampler=RandomSampler(seed=2))
        same.enqueue_trial(dict(found[0]))
        assert SPACE.suggest(same.ask()) == trial.architecture


def test_unknown_front_ends_are_no_points() -> None:
    known = search(proposer_named("random", SPACE, 3, Metric.ACCURACY), 1)[0].architecture
    other = Architecture(known.input_shape, known.layers, known.outputs, known.head, "b99")
    assert coordinates(SPACE, other) is None


def test_the_same_network_behind_another_front_end_is_another_candidate() -> None:
    one = Architecture((49, 10, 1), (), 5, networks("b40 c10").suggest(create_study().ask()).head, "b40 c10")
    other = Architecture(one.input_shape, one.layers, one.outputs, one.head, "b12 c10")
    alone = Architecture(one.input_shape, one.layers, one.outputs, one.head)
    assert len({one.id, other.id, alone.id}) == 3
    assert "front_end" not in alone.to_json()
    assert [Architecture.from_json(each.to_json()) for each in (one, other, alone)] == [one, other, alone]
