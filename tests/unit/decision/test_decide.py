"""Decisions in C against the same rules in plain Python, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mlforge.contract.streams import DecisionSpec, FalseAccepts, Span, StreamSpec
from mlforge.decision import decide, emit_decision, fit_decision
from mlforge.errors import DataError
from mlforge.records.decision import Decision
from tests.unit.decision.reference import decided

SCALE, ZERO = 1 / 256, -128


def scores(*rows: tuple[int, ...]) -> NDArray[np.int8]:
    return np.array(rows, np.int8)


def begun(decision: Decision, *rows: tuple[int, ...]) -> list[int]:
    return [int(event) for event in decide(decision, scores(*rows))]


def of(
    *pairs: tuple[int, int],
    background: tuple[bool, ...] = (True, False),
    smoothing: int = 1,
    consecutive: int = 1,
    refractory: int = 0,
) -> Decision:
    return Decision(pairs or ((-128, -128), (50, 20)), background, smoothing, consecutive, refractory)


QUIET, LOUD, BETWEEN = (100, -100), (-100, 100), (-120, 30)


def test_the_beginning_of_a_decision_is_an_event_and_its_length_is_not() -> None:
    assert begun(of(), QUIET, LOUD, LOUD, BETWEEN, LOUD, QUIET, LOUD) == [-1, 1, -1, -1, -1, -1, 1]


def test_a_decision_for_the_background_is_no_event() -> None:
    assert begun(of(background=(True, True)), QUIET, LOUD, QUIET) == [-1, -1, -1]


def test_windows_in_a_row() -> None:
    assert begun(of(consecutive=2), LOUD, QUIET, LOUD, LOUD, LOUD) == [-1, -1, -1, 1, -1]


def test_no_event_within_the_refractory_time() -> None:
    rows = [LOUD, QUIET, LOUD, QUIET, LOUD, QUIET]
    assert begun(of(refractory=2), *rows) == [1, -1, 1, -1, 1, -1]
    assert begun(of(refractory=3), *rows) == [1, -1, -1, -1, 1, -1]
    assert begun(of(refractory=9), *rows) == [1, -1, -1, -1, -1, -1]


def test_averages_are_of_the_windows_so_far_and_then_of_the_newest() -> None:
    decision = of((127, 127), (40, 40), smoothing=2)
    assert begun(decision, (0, 40)) == [1]
    assert begun(decision, (0, 0), (0, 79), (0, 0), (0, 80)) == [-1, 1, -1, -1]
    assert begun(decision, (0, -1), (0, 80)) == [-1, 1]  # 39.5 rounds away from zero


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_as_the_rules_say(data: st.DataObject) -> None:
    classes = data.draw(st.integers(1, 4))
    byte = st.integers(-128, 127)
    pairs = [sorted(data.draw(st.tuples(byte, byte)), reverse=True) for _ in range(classes)]
    decision = Decision(
        tuple((pair[0], pair[1]) for pair in pairs),
        tuple(data.draw(st.lists(st.booleans(), min_size=classes, max_size=classes))),
        data.draw(st.integers(1, 5)),
        data.draw(st.integers(1, 4)),
        data.draw(st.integers(0, 6)),
    )
    rows = data.draw(st.lists(st.lists(byte, min_size=classes, max_size=classes), max_size=40))
    given_scores = np.array(rows, np.int8).reshape(-1, classes)
    assert decide(decision, given_scores).tolist() == decided(decision, given_scores)


def test_scores_of_other_classes_are_refused() -> None:
    with pytest.raises(DataError, match="expected 2 classes"):
        decide(of(), np.zeros((3, 4), np.int8))


def test_times_become_windows_that_are_at_least_as_long() -> None:
    spec = StreamSpec(smoothing=Span(time_us=250_000), refractory=Span(time_us=1e6), background=("noise",))
    decision = fit_decision(spec, ("noise", "yes"), SCALE, ZERO, 100_000)
    assert (decision.smoothing, decision.refractory) == (3, 10)
    assert decision.background == (True, False)
    assert decision.thresholds == ((-128, -128), (-128, -128))


def test_scores_become_those_of_the_output() -> None:
    spec = StreamSpec(common=DecisionSpec(0.5, 0.25), classes={"no": DecisionSpec(1.0, 0.0)})
    assert fit_decision(spec, ("yes", "no"), SCALE, ZERO, 0).thresholds == ((0, -64), (127, -128))


def test_a_rule_waits_for_its_score() -> None:
    spec = StreamSpec(common=FalseAccepts(1))
    assert fit_decision(spec, ("yes",), SCALE, ZERO, 0).thresholds == ((127, 127),)
    assert fit_decision(spec, ("yes",), SCALE, ZERO, 0, enter=12).thresholds == ((12, 12),)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (StreamSpec(background=("noise",)), "no class 'noise'"),
        (StreamSpec(classes={"noise": DecisionSpec(1, 1)}), "no class 'noise'"),
        (StreamSpec(common=DecisionSpec(2.0, 1.0)), "scores go from 0 to 0.996"),
        (StreamSpec(smoothing=Span(time_us=1e9)), "10000 windows of 100 ms, at most 255"),
        (StreamSpec(refractory=Span(time_us=1e10)), "at most 65535"),
    ],
)
def test_what_does_not_suit_the_model_is_said(spec: StreamSpec, words: str) -> None:
    with pytest.raises(DataError, match=words):
        fit_decision(spec, ("yes", "no"), SCALE, ZERO, 100_000)


def test_a_time_needs_a_rate() -> None:
    with pytest.raises(DataError, match="needs the signal's rate"):
        fit_decision(StreamSpec(refractory=Span(time_us=1)), ("yes",), SCALE, ZERO, 0)


def test_files_of_no_decision_have_no_tables() -> None:
    files = emit_decision(None, "words")
    assert sorted(files) == ["words_decision.c", "words_decision.h"]
    assert not any("struct" in text for text in files.values())
