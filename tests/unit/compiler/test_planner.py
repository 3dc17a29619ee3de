"""The memory planner, and the checker that must catch every way in which a plan can be wrong."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlforge.compiler.plan_checker import check_plan
from mlforge.compiler.planner import MemoryProblem, MemoryStep, Plan, Slice, plan_memory
from mlforge.errors import PlanError

# 0 -> 1 -> 2, and 3 = 1 + 2, which takes the place of 1; 4 is a view of 3.
CHAIN = MemoryProblem(
    sizes={0: 40, 1: 100, 2: 100, 3: 100, 4: 100},
    views={4: Slice(3)},
    steps=(
        MemoryStep((0,), (1,), scratch_bytes=12),
        MemoryStep((1,), (2,)),
        MemoryStep((1, 2), (3,), in_place=frozenset({1, 2})),
    ),
    inputs=(0,),
    outputs=(4,),
)


def test_reaches_the_lower_bound_and_works_in_place() -> None:
    plan = plan_memory(CHAIN)
    check_plan(CHAIN, plan)
    assert plan.arena_bytes == plan.lower_bound_bytes == 200
    assert plan.offsets[3] in (plan.offsets[1], plan.offsets[2])
    assert plan.offsets[4] == plan.offsets[3]


def test_without_in_place_it_needs_more() -> None:
    steps = (*CHAIN.steps[:2], replace(CHAIN.steps[2], in_place=frozenset()))
    assert plan_memory(replace(CHAIN, steps=steps)).arena_bytes == 300


def test_never_in_place_over_what_is_read_later() -> None:
    steps = (
        MemoryStep((0,), (1,), in_place=frozenset({0})),
        MemoryStep((0, 1), (2,), in_place=frozenset({0, 1})),
    )
    problem = MemoryProblem({0: 8, 1: 8, 2: 8}, {}, steps, (0,), (2, 1))
    plan = plan_memory(problem)
    check_plan(problem, plan)
    assert plan.offsets[1] != plan.offsets[0]
    assert plan.offsets[2] == plan.offsets[0]


def spoilt(plan: Plan, **offsets: int) -> Plan:
    changes = {int(name[1:]): offset for name, offset in offsets.items()}
    return replace(plan, offsets={**plan.offsets, **changes})


GOOD = Plan(412, 200, {0: 0, 1: 40, 2: 140, 3: 40, 4: 40}, {0: 400}, ())


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (spoilt(GOOD, t2=96), "over its own input 1"),
        (spoilt(GOOD, t3=44, t4=44), "over its own input 1"),
        (spoilt(GOOD, t0=320), "leaves the arena|over its own input"),
        (spoilt(GOOD, t2=-4), "leaves the arena"),
        (spoilt(GOOD, t1=42, t3=42, t4=42), "no multiple of 4"),
        (spoilt(GOOD, t4=240), "overwritten or never written"),
        (replace(GOOD, scratch={}), "scratch of step 0 has no place"),
        (replace(GOOD, scratch={0: 20}), "scratch of step 0 overlaps tensor 0"),
        (replace(GOOD, scratch={0: 100}), "scratch of step 0 overlaps tensor 1"),
        (replace(GOOD, scratch={0: 404}), "leaves the arena"),
        (replace(GOOD, arena_bytes=239), "leaves the arena"),
        (replace(GOOD, offsets={0: 0}), "has no place"),
    ],
)
def test_checker_refuses_bad_plans(plan: Plan, words: str) -> None:
    check_plan(CHAIN, GOOD)
    if plan == spoilt(GOOD, t0=320):
        check_plan(CHAIN, plan)  # nothing wrong: tensor 0 is dead before tensor 2 ends there
        return
    with pytest.raises(PlanError, match=words):
        check_plan(CHAIN, plan)


def test_checker_refuses_overwriting_what_a_later_step_reads() -> None:
    steps = (MemoryStep((0,), (1,)), MemoryStep((1,), (2,)), MemoryStep((0, 2), (3,)))
    problem = MemoryProblem({0: 4, 1: 4, 2: 4, 3: 4}, {}, steps, (0,), (3,))
    with pytest.raises(PlanError, match="tensor 0 is read by step 2"):
        check_plan(problem, Plan(12, 8, {0: 0, 1: 4, 2: 0, 3: 8}, {}, ()))


def test_checker_refuses_overlapping_inputs() -> None:
    problem = MemoryProblem({0: 8, 1: 8, 2: 4}, {}, (MemoryStep((0, 1), (2,)),), (0, 1), (2,))
    with pytest.raises(PlanError, match="overlaps another input"):
        check_plan(problem, Plan(20, 20, {0: 0, 1: 4, 2: 16}, {}, ()))


def test_checker_refuses_an_output_that_scratch_destroyed() -> None:
    steps = (MemoryStep((0,), (1,)), MemoryStep((1,), (2,), scratch_bytes=8))
    problem = MemoryProblem({0: 8, 1: 8, 2: 8}, {}, steps, (0,), (0, 2))
    with pytest.raises(PlanError, match="tensor 0 is read at the end"):
        check_plan(problem, Plan(32, 32, {0: 0, 1: 8, 2: 16}, {1: 0}, ()))


# 1 may be written over 0, which dies, if it starts 8 bytes before it.
ACROSS = MemoryProblem({0: 40, 1: 40}, {}, (MemoryStep((0,), (1,), overlap={0: 8}),), (0,), (1,))


def test_output_lies_across_the_start_of_a_dying_input() -> None:
    plan = plan_memory(ACROSS)
    check_plan(ACROSS, plan)
    assert plan.offsets == {0: 8, 1: 0}
    assert plan.arena_bytes == plan.lower_bound_bytes == 48


@pytest.mark.parametrize("offsets", [{0: 4, 1: 0}, {0: 0, 1: 0}, {0: 0, 1: 8}])
def test_checker_refuses_an_output_too_close_to_its_input(offsets: dict[int, int]) -> None:
    with pytest.raises(PlanError, match="over its own input 0"):
        check_plan(ACROSS, Plan(48, 48, offsets, {}, ()))


def test_never_across_what_is_read_later() -> None:
    steps = (*ACROSS.steps, MemoryStep((0, 1), (2,)))
    problem = MemoryProblem({0: 40, 1: 40, 2: 4}, {}, steps, (0,), (2,))
    plan = plan_memory(problem)
    check_plan(problem, plan)
    assert plan.arena_bytes == 84
    with pytest.raises(PlanError, match="tensor 0 is read by step 1"):
        check_plan(problem, Plan(84, 84, {0: 8, 1: 0, 2: 48}, {}, ()))


# 1 and 2 are the two halves of 3, which step 2 reads; 4 is the second half of 3 again.
HALVES = MemoryProblem(
    sizes={0: 8, 1: 8, 2: 8, 3: 16, 4: 8, 5: 4},
    views={1: Slice(3), 2: Slice(3, 8), 4: Slice(3, 8)},
    steps=(MemoryStep((0,), (1,)), MemoryStep((0,), (2,)), MemoryStep((3,), (5,))),
    inputs=(0,),
    outputs=(5, 4),
)
HALVES_OFFSETS = {0: 16, 1: 0, 2: 8, 3: 0, 4: 8, 5: 16}


def test_parts_are_written_in_their_place() -> None:
    plan = plan_memory(HALVES)
    check_plan(HALVES, plan)
    assert plan.arena_bytes == plan.lower_bound_bytes == 24
    assert (plan.offsets[1], plan.offsets[2], plan.offsets[4]) == tuple(plan.offsets[3] + i for i in (0, 8, 8))


@pytest.mark.parametrize(
    ("offsets", "words"),
    [
        ({2: 4}, "tensor 3 is read by step 2"),
        ({1: 8, 2: 0}, "tensor 3 is read by step 2"),
        ({1: 24}, "tensor 3 is read by step 2"),
        ({4: 0}, "tensor 4 is read at the end"),
        ({5: 8}, "over its own input 3"),
        ({0: 4}, "over its own input 0"),
        ({0: 8}, "over its own input 0"),
    ],
)
def test_checker_refuses_parts_in_the_wrong_place(offsets: dict[int, int], words: str) -> None:
    check_plan(HALVES, Plan(32, 24, HALVES_OFFSETS, {}, ()))
    with pytest.raises(PlanError, match=words):
        check_plan(HALVES, Plan(32, 24, {**HALVES_OFFSETS, **offsets}, {}, ()))


def test_checker_refuses_a_whole_of_which_a_part_is_missing() -> None:
    with pytest.raises(PlanError, match="tensor 3 is read by step 1"):
        problem = replace(HALVES, steps=(HALVES.steps[0], HALVES.steps[2]), outputs=(5,))
        check_plan(problem, Plan(32, 24, HALVES_OFFSETS, {}, ()))


def test_checker_refuses_a_part_that_sticks_out() -> None:
    problem = replace(HALVES, views={**HALVES.views, 2: Slice(3, 12)})
    with pytest.raises(PlanError, match="tensor 2 is no part of tensor 3"):
        check_plan(problem, Plan(32, 24, {**HALVES_OFFSETS, 0: 24, 2: 12}, {}, ()))


def test_checker_refuses_scratch_over_a_part_that_is_read_later() -> None:
    steps = (HALVES.steps[0], replace(HALVES.steps[1], scratch_bytes=8), HALVES.steps[2])
    with pytest.raises(PlanError, match="tensor 3 is read by step 2"):
        check_plan(replace(HALVES, steps=steps), Plan(32, 32, HALVES_OFFSETS, {1: 0}, ()))


def random_problem(seed: int) -> MemoryProblem:
    chance = Random(seed)
    sizes = {0: chance.randint(1, 500), 1: chance.randint(1, 500)}
    steps: list[MemoryStep] = []
    views: dict[int, Slice] = {}
    available = [0, 1]
    for _ in range(chance.randint(1, 14)):
        tensor = len(sizes)
        reads = tuple(chance.sample(available, chance.randint(1, min(2, len(available)))))
        if chance.random() < 0.15:
            source = views.get(reads[0], Slice(reads[0]))
            skipped = chance.randrange(0, sizes[reads[0]], 4)
            sizes[tensor], views[tensor] = sizes[reads[0]] - skipped, Slice(source.root, source.offset + skipped)
        elif chance.random() < 0.15:  # two results, one after the other in one tensor
            first, second = 4 * chance.randint(1, 60), chance.randint(1, 300)
            sizes |= {tensor: first + second, tensor + 1: first, tensor + 2: second}
            views |= {tensor + 1: Slice(tensor), tensor + 2: Slice(tensor, first)}
            for part in (tensor + 1, tensor + 2):
                overlap = {reads[0]: chance.randint(0, sizes[part])}
                steps.append(MemoryStep(reads[:1], (part,), chance.choice([0, 60]), overlap=overlap))
        else:
            same = chance.random() < 0.3
            sizes[tensor] = sizes[reads[0]] if same else chance.randint(1, 900)
            overlap = {reads[-1]: chance.randint(0, sizes[tensor])} if chance.random() < 0.5 else {}
            scratch = chance.choice([0, 0, 60])
            steps.append(MemoryStep(reads, (tensor,), scratch, frozenset(reads if same else ()), overlap))
        available.append(tensor)
    outputs = tuple(chance.sample(available, chance.randint(1, 2)))
    return MemoryProblem(sizes, views, tuple(steps), (0, 1), outputs)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**9))
def test_plans_of_random_problems_pass_the_checker(seed: int) -> None:
    problem = random_problem(seed)
    plan = plan_memory(problem)
    check_plan(problem, plan)
    assert plan.lower_bound_bytes <= plan.arena_bytes
    assert plan == plan_memory(problem)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**9))
def test_a_smaller_arena_is_refused(seed: int) -> None:
    problem = random_problem(seed)
    plan = plan_memory(problem)
    ends = [plan.offsets[t] + problem.sizes[t] for step in problem.steps for t in (*step.reads, *step.writes)]
    if ends and not any(step.scratch_bytes for step in problem.steps):
        with pytest.raises(PlanError):
            check_plan(problem, replace(plan, arena_bytes=max(ends) - 1))


# The same with two states, which come first: five bytes take eight.
STATEFUL = replace(CHAIN, sizes={**CHAIN.sizes, 5: 5, 6: 24}, states=(5, 6))
KEPT = replace(spoilt(GOOD, **{f"t{index}": GOOD.offsets[index] + 32 for index in GOOD.offsets}, t5=0, t6=8))
KEPT = replace(KEPT, arena_bytes=444, scratch={0: 432}, state_bytes=32)


def test_states_lie_in_front() -> None:
    plan = plan_memory(STATEFUL)
    check_plan(STATEFUL, plan)
    assert (plan.offsets[5], plan.offsets[6], plan.state_bytes) == (0, 8, 32)
    assert min(plan.offsets[index] for index in CHAIN.sizes) == 32
    assert plan.arena_bytes == plan.lower_bound_bytes == plan_memory(CHAIN).arena_bytes + 32


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (spoilt(KEPT, t0=28), "tensor 0 lies among the states"),
        (replace(KEPT, scratch={0: 16}), "scratch of step 0 lies among the states"),
        (spoilt(KEPT, t6=4), "state 6 overlaps another state"),
        (spoilt(KEPT, t6=12), "state 6 leaves the first 32 bytes"),
        (replace(KEPT, state_bytes=28), "state 6 leaves the first 28 bytes"),
    ],
)
def test_checker_refuses_states_in_danger(plan: Plan, words: str) -> None:
    check_plan(STATEFUL, KEPT)
    with pytest.raises(PlanError, match=words):
        check_plan(STATEFUL, plan)


# State 0 has 12 bytes; the input 1 is its last 4, and 2 all of it. Step 1 moves the bytes within it.
RING = MemoryProblem(
    sizes={0: 12, 1: 4, 2: 12, 3: 8},
    views={1: Slice(0, 8), 2: Slice(0)},
    steps=(MemoryStep((2,), (3,)), MemoryStep((), (), states=(0,), moves=True)),
    inputs=(1,),
    outputs=(3,),
    states=(0,),
)


def test_parts_of_a_state_take_no_bytes_of_their_own() -> None:
    plan = plan_memory(RING)
    check_plan(RING, plan)
    assert (plan.state_bytes, plan.arena_bytes, plan.lower_bound_bytes) == (12, 20, 20)
    assert plan.offsets == {0: 0, 1: 8, 2: 0, 3: 12}


@pytest.mark.parametrize(
    ("problem", "plan", "words"),
    [
        (RING, {"t1": 12}, "does not lie where its bytes of state 0 are"),
        (RING, {"t3": 8}, "among the states"),
        (replace(RING, steps=RING.steps[::-1]), {}, "when the columns of state 0 have moved"),
        (replace(RING, outputs=(2,)), {}, "output 2 lies among the states"),
    ],
)
def test_checker_follows_what_is_kept(problem: MemoryProblem, plan: dict[str, int], words: str) -> None:
    good = Plan(20, 20, {0: 0, 1: 8, 2: 0, 3: 12}, {}, (), state_bytes=12)
    check_plan(RING, good)
    with pytest.raises(PlanError, match=words):
        check_plan(problem, spoilt(good, **plan))
