"""The parts of `bayesian`: what it predicts, rules out and begins with, and that it finds more than chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mlforge.compiler.emitter import compile_graph
from mlforge.compiler.from_architecture import lower_architecture
from mlforge.contract import Task
from mlforge.contract.contract import Execution
from mlforge.errors import SearchError
from mlforge.records.architecture import Architecture, Dense, Head, validate
from mlforge.records.quality import Metric
from mlforge.records.trial import Epoch, State, Trial
from mlforge.search.acquisition import Family, expected_improvement, order, trained_share
from mlforge.search.bayesian import BayesianProposer
from mlforge.search.designs import designs_of
from mlforge.search.draws import Drawn, drawn, narrowed, neighbours
from mlforge.search.feasibility import chances, lower_bounds
from mlforge.search.gaussian_process import Prediction, fitted
from mlforge.search.observations import observations
from mlforge.search.random import RandomProposer
from mlforge.search.space import FrontEndSpace, space_for
from mlforge.search.stream_space import StreamSpace, without_padding
from mlforge.search.traits import NAMES, front_end_traits, traits
from tests.unit.search.synthetic import FLASH_LIMIT, best, evaluated, search, space
from tests.unit.search.test_space import CASES

LIMITS = {"flash": float(FLASH_LIMIT)}


def test_a_process_learns_a_function_and_knows_where_it_was_not() -> None:
    random = np.random.default_rng(1)
    x = random.uniform(-1, 1, (40, 3))
    y = 2 * x[:, 0] + np.sin(3 * x[:, 1])
    new = random.uniform(-1, 1, (200, 3))
    model = fitted(x, y)
    found = model.predict(new)
    errors = np.abs(found.mean - (2 * new[:, 0] + np.sin(3 * new[:, 1])))
    assert np.median(errors) < 0.15
    assert model.predict(np.full((1, 3), 4.0)).deviation > 2 * found.deviation.mean()


def test_one_observation_and_equal_ones_are_enough() -> None:
    for count in (1, 2, 5):
        found = fitted(np.ones((count, 2)), np.full(count, 3.0)).predict(np.zeros((2, 2)))
        assert np.isfinite(found.mean).all() and (found.deviation > 0).all()
        assert found.mean == pytest.approx(3.0, abs=0.1)


def test_improvement_counts_hope_and_doubt() -> None:
    prediction = Prediction(np.array([0.0, 1.0, 1.0]), np.array([0.1, 0.1, 3.0]))
    sure, hopeless, doubtful = expected_improvement(prediction, best=0.5)
    assert sure == pytest.approx(0.5, abs=1e-3)
    assert hopeless < 1e-3 < doubtful


def test_the_largest_that_may_fit_come_first() -> None:
    sizes = np.log([1e3, 1e6, 1e5])
    nothing = np.zeros((0, 1))
    family = Family(np.arange(3), nothing, np.zeros(0))
    ranked = order(sizes[:, None], [family], np.array([1.0, 0.0, 0.9]), np.random.default_rng(0))
    assert ranked.tolist() == [2, 0, 1]


def test_before_much_is_known_the_larger_of_two_is_preferred_and_data_may_say_otherwise() -> None:
    random = np.random.default_rng(2)
    seen, sure = np.array([[10.0, 0.0], [10.1, 1.0], [10.2, 0.5]]), np.ones(2)
    candidates = np.array([[9.0, 0.5], [11.5, 0.5]])
    assert order(candidates, [Family(np.arange(2), seen, np.full(3, -1.0))], sure, random)[0] == 1
    many = np.column_stack([np.linspace(8, 12, 12), random.random(12)])
    assert order(candidates, [Family(np.arange(2), many, many[:, 0])], sure, random)[0] == 0


def test_a_proposal_that_may_be_rejected_is_worth_a_try() -> None:
    none, hardly, even, sure = trained_share(np.array([0.0, 0.01, 0.5, 1.0]))
    assert none == 0
    assert hardly < 0.15 * sure
    assert even > 0.9 * sure


def test_it_chooses_from_the_candidates_that_it_is_given() -> None:
    few = drawn(space(), 3, np.random.default_rng(9))

    class Few:
        def offered(self, parents: object, random: object) -> list[Drawn]:
            return few

    proposer = BayesianProposer(space(), 1, Metric.ACCURACY, LIMITS, Few())
    trials: list[Trial] = []
    for number in range(3):
        trials.append(evaluated(number, proposer.propose(number, trials)))
    assert {trial.architecture.id for trial in trials} == {one.id for one in few}
    with pytest.raises(SearchError, match="no new architecture"):
        proposer.propose(3, trials)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_designs_can_be_built_and_there_are_some(case: tuple[Task, tuple[int, ...], int]) -> None:
    found = designs_of(space_for(*case))
    assert len({one.id for one in found}) == len(found) >= 4
    for one in found:
        validate(one)
        assert (one.input_shape, one.outputs) == (case[1], case[2])
        assert len(traits(one)) == len(NAMES)


def test_designs_of_streams_have_no_padding() -> None:
    for execution, more in (Execution.STREAM, False), (Execution.AUTO, True):
        found = designs_of(StreamSpace(space(), execution))
        unpadded = [one for one in found if one == without_padding(one)]
        assert unpadded
        assert (len(unpadded) < len(found)) is more


def test_no_program_is_below_the_bounds() -> None:
    """The bounds rule candidates out, so they must hold for what the compiler makes."""
    for one in drawn(space(), 12, np.random.default_rng(3)):
        program = compile_graph(lower_architecture(one.architecture, 1), "bounded").program
        bounds = lower_bounds(one.architecture)
        assert bounds["flash"] <= sum(operator.weight_bytes for operator in program.operators)
        assert bounds["ram"] <= program.arena_bytes


def test_what_cannot_fit_has_no_chance_and_what_broke_a_limit_teaches() -> None:
    trials = search(RandomProposer(space(), 1, Metric.ACCURACY), 24)
    rows = np.array([traits(trial.architecture) for trial in trials])
    fits = np.array([trial.state is State.TRAINED for trial in trials])
    assert fits.any() and not fits.all()
    measured = list(zip(rows, trials, strict=True))
    learnt = chances([{}] * len(trials), rows, LIMITS, measured)
    assert learnt[fits].mean() > 0.75
    assert learnt[~fits].mean() < 0.25
    bounds = [lower_bounds(trial.architecture) for trial in trials]
    assert not chances(bounds, rows, {"flash": 1.0}, ()).any()


def with_curve(trial: Trial, losses: list[float], state: State) -> Trial:
    return replace(trial, state=state, history=tuple(Epoch(loss, loss, 1.0) for loss in losses))


def test_a_stopped_training_counts_with_what_the_others_gained() -> None:
    first = search(RandomProposer(space(), 1, Metric.ACCURACY), 1)[0]
    whole = with_curve(first, [1.0, 0.8, 0.4], State.TRAINED)
    stopped = replace(with_curve(first, [1.0, 0.8], State.STOPPED), number=1)
    found = observations([whole, stopped], Metric.ACCURACY)
    assert found[0] == pytest.approx(np.log(0.4))
    assert found[1] == pytest.approx(found[0])
    assert observations([first], Metric.AUC) == observations([replace(first, history=())], Metric.AUC)


def test_neighbours_are_near_their_parents() -> None:
    random = np.random.default_rng(5)
    parent = drawn(space(), 1, random)[0]
    found = neighbours(space(), [parent.parameters], 30, random)
    shared = [sum(one.parameters.get(key) == value for key, value in parent.parameters.items()) for one in found]
    assert len(found) > 20
    assert np.mean(shared) > 0.6 * len(parent.parameters)
    assert neighbours(space(), [], 30, random) == []


def test_few_front_ends_are_computed() -> None:
    asked: list[str] = []

    def behind(name: str) -> object:
        asked.append(name)
        return space()

    ends = {f"n{count}": (("frames.length", 16 * count), ("window", "hann")) for count in range(1, 31)}
    many = FrontEndSpace(ends, behind)  # type: ignore[arg-type]
    proposal = BayesianProposer(many, 1, Metric.ACCURACY).propose(0, [])
    assert proposal.architecture.front_end in ends
    assert len(set(asked)) <= 8
    assert len(narrowed(many, np.random.default_rng(0)).front_ends) == 8  # type: ignore[attr-defined]
    assert front_end_traits("n2", ends)[0] == pytest.approx(np.log(32))
    assert narrowed(space(), np.random.default_rng(0)) == space()


def test_an_unknown_kind_of_space_has_no_designs() -> None:
    class Other:
        def suggest(self, trial: object) -> Architecture:
            return Architecture((4,), (Dense(2),), 2, Head.SOFTMAX)

    assert designs_of(Other()) == ()


def test_it_finds_more_than_random_search() -> None:
    seeds, budget = range(3), 14
    random = [best(search(RandomProposer(space(), seed, Metric.ACCURACY), budget)) for seed in seeds]
    bayesian = [best(search(BayesianProposer(space(), seed, Metric.ACCURACY, LIMITS), budget)) for seed in seeds]
    assert sum(bayesian) > sum(random) + 0.02 * len(seeds)
