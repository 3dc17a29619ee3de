"""One proposer on one task with one seed: so many evaluations, one after another, each stored when it ends.

The evaluation is the study's own (study/evaluate.py). All proposers and seeds train by one recipe with one seed, so an
architecture is worth the same whoever proposes it, and its cost and training are remembered in one database.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from mlforge.app.prepare import prepare
from mlforge.contract.contract import Contract, Proposer, Pruner, Task
from mlforge.contract.load import load_contract
from mlforge.measure.ranking import validation
from mlforge.records.trial import State, Trial
from mlforge.search.agent.budget import Budget
from mlforge.search.agent.chat import ChatModel
from mlforge.search.agent.conversation import Agent
from mlforge.search.agent.openai_chat import openai_chat
from mlforge.search.agent.secret import Secret
from mlforge.search.registry import proposer_named
from mlforge.search.space import space_for
from mlforge.study.agent import Coster, ExchangeFiles, assignment
from mlforge.study.evaluate import Evaluator
from mlforge.study.events import Silent
from mlforge.study.halving import Halving
from mlforge.study.memory.artefacts import ArtefactStore
from mlforge.study.memory.database import open_database
from mlforge.study.optimise import recipe, result_cache, study_name, usable_target
from mlforge.targets.registry import target_named
from mlforge.training.trainer import Trainer

TASKS = Path(__file__).parents[1] / "tasks"
RECIPE_SEED = 1  # of the trainings; the seeds that are compared are the proposers'


@dataclass(frozen=True, slots=True)
class Model:
    """The agent's language model, and what one run may ask of it: little, for one so small that it runs anywhere."""

    name: str
    endpoint: str
    answer_s: float = 400.0
    tokens: int = 2_700
    time_s: float = 420.0
    costs: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """Runs of one task with one seed, in this order: later ones find what earlier ones trained."""

    task: str
    seed: int
    proposers: tuple[str, ...]
    trials: int
    out: Path
    epochs: int = 0  # 0: as the task's contract has it
    model: Model | None = None


def done(job: Job, model: ChatModel | None = None) -> list[dict[str, Any]]:
    """Makes what is missing of a job's runs; what is said of each, as in bench/search.json."""
    contract = contract_of(job.task, job.epochs)
    with evaluator_of(contract, job.out) as evaluator:
        return [described(evaluator, job, name, run(evaluator, job, name, model)) for name in job.proposers]


def contract_of(task: str, epochs: int = 0) -> Contract:
    contract = load_contract(TASKS / task)
    search = replace(contract.search, seed=RECIPE_SEED, pruner=Pruner.NONE, epochs=epochs or contract.search.epochs)
    return replace(contract, search=search)


@contextmanager
def evaluator_of(contract: Contract, memory: Path | None) -> Iterator[Evaluator]:
    """With costs and trainings remembered in a directory; with None nothing is."""
    target = usable_target(contract.target.board)
    directory = memory or Path("build/bench")
    directory.mkdir(parents=True, exist_ok=True)
    artefacts = ArtefactStore(directory / "artefacts")
    with Trainer(timeout_s=1800.0) as trainer:
        evaluator = Evaluator(
            contract=contract,
            prepared=prepare(contract),
            target=target,
            host=target_named("host"),
            trainer=trainer,
            artefacts=artefacts,
            recipe=recipe(contract),
            halving=Halving(),
        )
        if memory is None:
            yield evaluator
            return
        with closing(open_database(f"sqlite:///{memory.resolve() / 'memory.db'}")) as database:
            yield replace(evaluator, cache=result_cache(database, artefacts, target))


def run(evaluator: Evaluator, job: Job, name: str, model: ChatModel | None = None) -> list[Trial]:
    """The trials of one run; those that are stored are not made again."""
    directory = job.out / _key(evaluator)
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / f"{name}-{job.seed}.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True) if file.exists() else []
    trials = [Trial.from_json(line) for line in lines if line.endswith("\n")]
    file.write_text("".join(lines[: len(trials)]), encoding="utf-8")  # a killed run may have left half a line
    contract, prepared = evaluator.contract, evaluator.prepared
    agent = _agent(evaluator, job, directory / f"{name}-{job.seed}", model) if name == Proposer.AGENT else None
    space = space_for(contract.task, prepared.pipeline.input_shape, prepared.outputs)
    proposer = proposer_named(name, space, job.seed, evaluator.metric, agent)
    for number in range(len(trials), job.trials):
        trial = evaluator(number, proposer.propose(number, trials), Silent(), trials)
        with file.open("a", encoding="utf-8") as out:
            out.write(trial.to_json() + "\n")
        trials.append(trial)
        print(f"{contract.name} {name} {job.seed}: {number + 1}/{job.trials} {trial.state} {value(trial)}", flush=True)
    return trials[: job.trials]


def value(trial: Trial) -> float | None:
    """The quality on validation data, int8 on the target; None where a limit is broken or there is no quality."""
    if trial.state is not State.TRAINED or trial.verdict is None or not trial.verdict.feasible:
        return None
    quality = validation(trial)
    return round(quality.value, 6) if quality else None


def described(evaluator: Evaluator, job: Job, name: str, trials: list[Trial]) -> dict[str, Any]:
    return {
        "task": job.task,
        "proposer": name,
        "seed": job.seed,
        "states": "".join(trial.state[0] for trial in trials),  # rejected, trained, failed
        "values": [value(trial) for trial in trials],
        "by_agent": [trial.number for trial in trials if trial.proposer == Proposer.AGENT],
        "handed_over": {str(trial.number): trial.handed_over for trial in trials if trial.handed_over},
    }


def settings(contract: Contract) -> dict[str, Any]:
    """What a reader must know of a task: limits, goal, and what a constant answer is worth."""
    limits = {name: amount for name, amount in asdict(contract.limits).items() if isinstance(amount, int | float)}
    limits.pop("service_bytes", None)
    goal = contract.goals[0]
    classes = 1 if contract.task is Task.ANOMALY else len(prepare(contract).classes)
    return {
        "metric": str(goal.metric),
        "goal": goal.value,
        "limits": limits,
        "epochs": contract.search.epochs,
        "chance": 0.5 if contract.task is Task.ANOMALY else round(1 / classes, 6),
    }


def _key(evaluator: Evaluator) -> str:
    """Changes with the task's contract and data; a change of MLForge's code makes costs and trainings anew."""
    identity = getattr(evaluator.cache, "identity", "")
    return f"{study_name(evaluator.contract, evaluator.prepared.data_digest)}-{identity[:8]}"


def _agent(evaluator: Evaluator, job: Job, exchanges: Path, model: ChatModel | None) -> Agent:
    if model is None and job.model is None:
        raise SystemExit("the agent needs a model: --endpoint")
    asked = job.model or Model("scripted", "")
    exchanges.mkdir(exist_ok=True)
    return Agent(
        task=assignment(evaluator),
        costing=Coster(evaluator),
        archive=ExchangeFiles(exchanges),
        budget=Budget(asked.tokens, asked.time_s, asked.costs),
        model=model or openai_chat(asked.endpoint, asked.name, Secret(), asked.answer_s),
    )


def stored(text: dict[str, Any]) -> str:
    """JSON with one run a line, so that changes can be read."""
    runs = ",\n".join(f"  {json.dumps(run)}" for run in text["runs"])
    rest = json.dumps({name: part for name, part in text.items() if name != "runs"}, indent=1)
    return f'{rest[:-2]},\n "runs": [\n{runs}\n ]\n}}\n'
