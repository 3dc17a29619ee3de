"""How long one architecture takes to cost, from proposal to parsed numbers, by stage: the price of "cost first".

    make bench            or: .venv/bin/python bench/cost.py [COUNT]

Uses the activity sample's contract and random architectures of its search space; caches of the kernels are warm, as in
any study after its first trial. Timings are of this machine and noisy; the medians are what counts.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from pathlib import Path
from statistics import median

from mlforge.app.model import compile_model
from mlforge.app.prepare import prepare
from mlforge.compiler.from_architecture import lower_architecture
from mlforge.contract.load import load_contract
from mlforge.records.quality import Metric
from mlforge.search.random import RandomProposer
from mlforge.search.space import space_for
from mlforge.study.evaluate import Evaluator
from mlforge.study.memory.artefacts import ArtefactStore
from mlforge.study.optimise import recipe, usable_target
from mlforge.targets.registry import target_named
from mlforge.training.trainer import Trainer

SAMPLE = Path(__file__).parents[1] / "samples" / "activity"


def main(count: int) -> None:
    contract = load_contract(SAMPLE)
    prepared = prepare(contract)
    target = usable_target(contract.target.board)
    evaluator = Evaluator(
        contract,
        prepared,
        target,
        target_named("host"),
        Trainer(),
        ArtefactStore(Path("build/bench")),
        recipe(contract),
    )
    space = space_for(contract.task, prepared.pipeline.input_shape, prepared.outputs)
    proposer = RandomProposer(space, 1, Metric(contract.goals[0].metric))
    seconds: dict[str, list[float]] = defaultdict(list)
    for number in range(-1, count):  # the first one fills the caches and is not counted
        marks = [time.monotonic()]
        proposal = proposer.propose(number + 1, [])
        marks.append(time.monotonic())
        model = compile_model(lower_architecture(proposal.architecture, 1), contract.name, prepared.pipeline)
        marks.append(time.monotonic())
        evaluator.measure(model)
        marks.append(time.monotonic())
        if number >= 0:
            for stage, begin, end in zip(
                ("propose", "compile to C", "build, run, parse"), marks, marks[1:], strict=False
            ):
                seconds[stage].append(end - begin)
            seconds["whole"].append(marks[-1] - marks[0])
    print(f"cost of one architecture, {count} random ones of {contract.name}, on {target.name}")
    for stage, values in seconds.items():
        print(f"  {stage:<20} median {median(values):6.3f} s   max {max(values):6.3f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
