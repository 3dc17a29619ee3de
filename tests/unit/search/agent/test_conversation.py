"""The agent within a study: it shares with TPE, hands over whatever goes wrong, and what was said is said again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from mlforge.errors import AgentError, BuildError, SearchError, StudyError
from mlforge.records.architecture import Architecture
from mlforge.records.cost import OperatorCost
from mlforge.records.quality import Metric
from mlforge.records.trial import Failure, State, Trial
from mlforge.records.verdict import Check, Verdict
from mlforge.search.agent.budget import Budget
from mlforge.search.agent.conversation import MAX_AT_ONCE, MAX_COMPLAINTS, MAX_TURNS
from mlforge.search.agent.exchange import spent
from mlforge.search.agent.prompt import Costed
from mlforge.search.registry import proposer_named
from tests.unit.search.agent.endpoint import proposal
from tests.unit.search.agent.scripted import PLENTY, POOL, Script, agent, conv, cost, proposer, task
from tests.unit.search.synthetic import search, space


def growing(asked: int) -> str:
    """Another good design each time; each second one is a point of the search space."""
    return proposal([conv(4 * asked), {**conv(8, 1)}, POOL])


def ids(trials: list[Trial]) -> list[str]:
    return [trial.architecture.id for trial in trials]


def test_agent_and_tpe_share_the_trials() -> None:
    script = Script([growing])
    trials = search(proposer(agent(script)), 8)
    assert [trial.proposer for trial in trials] == ["agent", "tpe"] * 4
    assert [trial.reasoning for trial in trials] == ["because", ""] * 4
    assert len(script.heard) == 4


def test_every_says_how_often_the_agent_is_asked() -> None:
    trials = search(proposer(agent(Script([growing]), every=3)), 7)
    assert [trial.proposer == "agent" for trial in trials] == [True, False, False, True, False, False, True]


def test_tpe_learns_from_the_agents_points_of_the_space() -> None:
    point = proposal([conv(8), conv(16, 1), POOL])
    first = proposer(agent(Script([point]))).propose(0, [])
    assert first.parameters["blocks"] == 1 and first.parameters["stem.filters"] == 8
    assert first.distributions.keys() == first.parameters.keys()
    outside = proposer(agent(Script([proposal([conv(5), POOL])]))).propose(0, [])
    assert outside.parameters == {} == outside.distributions
    trials = search(proposer(agent(Script([growing])), seed=2), 20)
    assert len(set(ids(trials))) == 20


def test_costs_are_told_and_the_best_design_then_proposed() -> None:
    both = [{"layers": [conv(8), POOL]}, {"layers": [conv(16), POOL]}]
    script = Script([json.dumps({"reasoning": "?", "action": "cost", "architectures": both}), growing])
    archive: dict[int, str] = {}
    made = proposer(agent(script, archive)).propose(0, [])
    told = script.heard[1][-1].text
    assert '"fits":true' in told and '"output_bytes"' in told and "48 more may be costed" in told
    assert made.proposer == "agent"
    assert spent(archive).costed == 2


def test_a_design_that_cannot_be_built_is_told_without_the_tools_words() -> None:
    def broken(_: Architecture) -> Costed:
        raise BuildError("collect2: /home/someone/secret-project/x.o", log="/home/someone")

    script = Script([proposal([conv()], action="cost"), growing])
    proposer(agent(script, costing=broken)).propose(0, [])
    assert "could not be built" in script.heard[1][-1].text
    assert "/home" not in json.dumps([message.text for message in script.heard[1]])


def test_the_validators_complaint_goes_back_and_a_good_answer_is_taken() -> None:
    script = Script([proposal([{"kind": "Conv", "filters": 8, "kernel": [999, 1]}]), growing])
    assert proposer(agent(script)).propose(0, []).proposer == "agent"
    assert script.heard[1][-1].text.startswith("Not accepted. architectures[0]: layers[0]: a window of 999")


@pytest.mark.parametrize(
    ("texts", "reason", "questions"),
    [
        (["rubbish"], "4 answers were wrong, the last one: no JSON object", MAX_COMPLAINTS + 1),
        ([proposal([conv()], action="cost")], "no proposal in 8 replies", MAX_TURNS),
        ([AgentError("no answer within 3 s")], "no answer within 3 s", 1),
    ],
)
def test_what_goes_wrong_is_handed_over_to_tpe(texts: list[str | AgentError], reason: str, questions: int) -> None:
    script, said = Script(list(texts)), list[str]()
    one = proposer(agent(script, say=said.append))
    made = one.propose(0, [])
    alone = proposer_named("tpe", space(), 1, Metric.ACCURACY).propose(0, [])
    assert (made.proposer, made.architecture) == ("tpe", alone.architecture)
    assert reason in made.handed_over
    assert len(script.heard) == questions
    assert len(said) == 1 and "trial 0" in said[0] and reason in said[0]


def test_it_is_said_once_and_the_model_left_alone_after_two_trials() -> None:
    script, said = Script([AgentError("busy")]), list[str]()
    trials = search(proposer(agent(script, say=said.append)), 10)
    assert len(said) == 1
    assert len(script.heard) == 2
    assert [trial.handed_over for trial in trials] == ["busy", ""] * 5


def test_one_failure_in_between_is_forgiven() -> None:
    script = Script([AgentError("busy"), growing, AgentError("busy"), growing])
    trials = search(proposer(agent(script)), 8)
    assert [trial.proposer for trial in trials[::2]] == ["tpe", "agent", "tpe", "agent"]


def test_a_lasting_failure_ends_it_at_once() -> None:
    script = Script([AgentError("refused", lasting=True)])
    search(proposer(agent(script)), 6)
    assert len(script.heard) == 1


def test_a_repeated_design_is_refused_and_then_handed_over() -> None:
    same = proposal([conv(), POOL])
    script = Script([same])
    trials = search(proposer(agent(script)), 3)
    assert [trial.proposer for trial in trials] == ["agent", "tpe", "tpe"]
    assert "that of trial 0" in trials[2].handed_over
    assert "that of trial 0" in script.heard[2][-1].text
    assert len(set(ids(trials))) == 3


@pytest.mark.parametrize(
    ("budget", "reason"),
    [
        (replace(PLENTY, tokens=3000), "3000 tokens"),
        (replace(PLENTY, money=0.01, price_in=1.0, price_out=15.0), "0.01 in money"),
        (replace(PLENTY, time_s=0.0), "budget of 0 s"),
    ],
)
def test_a_spent_budget_hands_over(budget: Budget, reason: str) -> None:
    script, archive = Script([growing], tokens=300), dict[int, str]()
    trials = search(proposer(agent(script, archive, budget=budget)), 12)
    assert reason in trials[10].handed_over
    used = spent(archive)
    assert used.tokens <= budget.tokens
    assert budget.money is None or budget.price(used.tokens_in, used.tokens_out) <= budget.money
    questions = len(script.heard)
    search(proposer(agent(script, archive, budget=budget), seed=1), 4)  # a second run has no new budget
    assert len(script.heard) == questions


def test_costs_have_a_budget() -> None:
    three = json.dumps(
        {"reasoning": "?", "action": "cost", "architectures": [{"layers": [conv(n)]} for n in (4, 8, 16)]}
    )
    script = Script([three, growing])
    calls = []

    def counted(architecture: Architecture) -> Costed:
        calls.append(architecture)
        return cost(architecture)

    archive: dict[int, str] = {}
    proposer(agent(script, archive, costing=counted, budget=replace(PLENTY, costed=2))).propose(0, [])
    assert len(calls) == 2 == spent(archive).costed
    assert "not measured" in script.heard[1][-1].text
    assert script.schemas[0]["properties"]["architectures"]["maxItems"] == 2
    assert script.schemas[1]["properties"]["action"]["enum"] == ["propose"]
    none = Script([three, growing])
    proposer(agent(none, budget=replace(PLENTY, costed=0))).propose(0, [])
    assert "Not accepted" in none.heard[1][-1].text
    assert MAX_AT_ONCE >= 3


def asking_first(asked: int) -> str:
    """Costs before each proposal, and now and then rubbish."""
    if asked % 3 == 0:
        return "hm"
    layers = [conv(4 * asked), POOL]
    return proposal(layers, action="cost" if asked % 3 == 1 else "propose")


def test_replay_gives_the_same_trials_without_a_model_or_costing() -> None:
    archive: dict[int, str] = {}
    first = search(proposer(agent(Script([asking_first]), archive)), 12)
    stored = dict(archive)

    def never(_: Architecture) -> Costed:
        raise AssertionError("nothing may be costed")

    again = search(proposer(agent(None, archive, costing=never)), 12)
    assert [(t.architecture, t.proposer, t.reasoning) for t in again] == [
        (t.architecture, t.proposer, t.reasoning) for t in first
    ]
    assert archive == stored


def test_replay_of_a_study_whose_agent_gave_up() -> None:
    archive: dict[int, str] = {}
    script = Script([growing, AgentError("busy"), AgentError("gone", lasting=True)])
    first = search(proposer(agent(script, archive)), 10)
    again = search(proposer(agent(None, archive)), 10)
    assert again == first
    assert [trial.handed_over for trial in again[::2]] == ["", "busy", "gone", "gone", "gone"]


@pytest.mark.parametrize("missing", [4, 8])
def test_replay_says_what_is_missing(missing: int) -> None:
    archive: dict[int, str] = {}
    search(proposer(agent(Script([asking_first]), archive)), 10)
    del archive[missing]
    with pytest.raises(StudyError, match=f"trial {missing} is not stored"):
        search(proposer(agent(None, archive)), 10)


class Killed(BaseException):
    pass


def dying(text: Callable[[int], str], after: int) -> Callable[[int], str]:
    def say(asked: int) -> str:
        if asked > after:
            raise Killed
        return text(asked)

    return say


@pytest.mark.parametrize("answers", [0, 1, 2, 3, 5])
def test_a_killed_study_goes_on_in_the_middle_of_a_conversation(answers: int) -> None:
    """Killed after so many answers; the next run hears the stored ones again and asks for the rest."""
    whole: dict[int, str] = {}
    uninterrupted = search(proposer(agent(Script([asking_first]), whole)), 9)
    archive: dict[int, str] = {}
    with pytest.raises(Killed):
        search(proposer(agent(Script([dying(asking_first, answers)]), archive)), 9)

    rest = Script([lambda asked: asking_first(asked + answers)])
    resumed = search(proposer(agent(rest, archive)), 9)
    assert ids(resumed) == ids(uninterrupted)
    assert everything_said(archive) == everything_said(whole)


def everything_said(archive: dict[int, str]) -> list[str]:
    return [turn["said"] for number in sorted(archive) for turn in json.loads(archive[number])["turns"]]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"number": 0}',
        "[" * 9999,
        '{"number": 2, "model": "m"}',
        '{"number": 0, "model": "m", "format": 9}',
    ],
)
def test_a_damaged_exchange_is_an_error_that_says_so(text: str) -> None:
    with pytest.raises(StudyError, match="exchange about trial 0"):
        proposer(agent(Script([growing]), {0: text})).propose(0, [])


def test_a_stored_reply_is_validated_like_a_new_one() -> None:
    archive: dict[int, str] = {}
    search(proposer(agent(Script([growing]), archive)), 1)
    tampered = json.loads(archive[0])
    tampered["turns"][0]["reply"] = proposal([{"kind": "Lambda", "function": "import os"}])
    archive[0] = json.dumps(tampered)
    with pytest.raises(StudyError, match="not to its end"):
        proposer(agent(None, archive)).propose(0, [])


def test_a_model_is_needed() -> None:
    with pytest.raises(SearchError, match="language model"):
        proposer_named("agent", space(), 1, Metric.ACCURACY)


OPERATORS = (OperatorCost(0, "CONV_2D", "secretproject/Mrs. Secret", 100, 10, 1000, 2000, 50),)
FAILURE = Failure("train", "/home/mrs/data.csv: Mrs. Secret has 3 rows", "Mrs. Secret")
SECRETS = ("Mrs. Secret", "diagnosis=cancer", "/home/mrs", "secretproject", "ward")


def test_nothing_that_a_user_wrote_is_told() -> None:
    """Names of classes, strata, layers, files and failures stay here; only numbers and MLForge's own words go out."""
    trials = []
    for number, trial in enumerate(search(proposer_named("random", space(), 3, Metric.ACCURACY), 30)):
        assert trial.cost is not None
        operators = replace(cost(trial.architecture).cost, operators=OPERATORS, target="secretproject")
        strata = {"ward=7": 0.5, "diagnosis=cancer": 0.9}
        qualities = tuple(replace(quality, strata=strata) for quality in trial.qualities)
        worst = Check("worst accuracy", "", 0.8, 0.5, -0.3, False, where="ward=7")
        verdict = Verdict((*trial.verdict.checks, worst)) if trial.verdict else None
        trials.append(replace(trial, number=number, cost=operators, qualities=qualities, verdict=verdict))
    failure = replace(trials[-1], state=State.FAILED, verdict=None, qualities=(), cost=None, failure=FAILURE)
    script = Script([growing])
    proposer(agent(script), seed=3).propose(30, [*trials[:-1], failure])
    told = "\n".join(message.text for message in script.heard[0])
    assert not [secret for secret in SECRETS if secret.lower() in told.lower()]
    assert "CONV_2D" in told and '"failed_in":"train"' in told
    assert len(told) < 60_000
    assert str(task().clock_hz // 10**6) in told
