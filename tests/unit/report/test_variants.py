"""The ways in which a model was made, and how it uses int8, as a reader sees them."""

from __future__ import annotations

from dataclasses import replace

from mlforge.records.attempt import Attempt, Method, Network, TensorRange
from mlforge.records.lock import Lock
from mlforge.records.trial import Trial
from mlforge.report import terminal
from mlforge.report.html import render_html
from mlforge.report.variants import attempt_rows, notable, range_rows, ranges_sentence
from tests.unit.report.factory import lock, trained
from tests.unit.report.test_terminal import text_of

ATTEMPTS = (
    Attempt(Network.PLAIN, Method.PTQ, "a" * 16, 0.861, 0.7712, 20_480, 4100.0),
    Attempt(Network.PLAIN, Method.FINETUNE, "a" * 16, None, None, 20_480, 4100.0, failure="the loss is <nan>"),
    Attempt(Network.PRUNED, Method.QAT, "b" * 16, 0.858, 0.8567, 12_288, 2500.0, kept=True),
)
RANGES = (
    TensorRange(0, "CONV_2D", "l0/weights", True, 8, 1.0, 0.95, 0.0),
    TensorRange(0, "CONV_2D", "l0", False, 8, 1.0, 0.12, 0.0003),
    TensorRange(1, "FULLY_CONNECTED", "block/<w>/MatMul", True, 4, 1.0, 0.004, 0.0),
    TensorRange(1, "FULLY_CONNECTED", "l1", False, 4, 1.0, 0.5, 0.03),
)


def locked() -> tuple[Lock, Trial]:
    trial = replace(trained(3), attempts=ATTEMPTS)
    return replace(lock(trial, [trial]), attempts=ATTEMPTS, ranges=RANGES), trial


def test_rows_say_what_was_kept_and_why_something_came_to_nothing() -> None:
    rows = attempt_rows(ATTEMPTS)
    assert [row.outcome for row in rows] == ["", "the loss is <nan>", "kept"]
    assert rows[1].int8_quality == "–"
    assert rows[2].network == "with fewer channels"


def test_what_is_clipped_or_hardly_used_is_marked() -> None:
    assert [notable(one) for one in RANGES] == [False, False, True, True]
    assert [row.notable for row in range_rows(RANGES)] == [False, False, True, True]


def test_one_sentence_names_the_worst_of_each() -> None:
    sentence = ranges_sentence(RANGES)
    assert "0.4 % (operator 1, FULLY_CONNECTED)" in sentence
    assert "3.00 % of an output's values" in sentence
    assert ranges_sentence(()) == ""


def test_the_page_shows_both_tables_and_escapes_names() -> None:
    final, trial = locked()
    page = render_html(final, [trial], name="activity")
    assert "From floats to int8" in page
    assert "quantisation-aware training" in page
    assert "the loss is &lt;nan&gt;" in page
    assert "&lt;w&gt;" in page


def test_a_page_without_them_has_no_such_section() -> None:
    trial = trained(3)
    assert "From floats to int8" not in render_html(lock(trial, [trial]), [trial], name="activity")


def test_the_nearest_miss_shows_its_attempts_too() -> None:
    assert "From floats to int8" in render_html(None, [locked()[1]], name="activity")


def test_records_survive_json_and_the_lock() -> None:
    final, trial = locked()
    assert Trial.from_json(trial.to_json()) == trial
    assert Lock.from_dict(final.to_dict()).attempts == ATTEMPTS
    assert Lock.from_dict(final.to_dict()).ranges == RANGES


def test_the_terminal_shows_a_line_for_each_way() -> None:
    shown = text_of(terminal.attempts_table(ATTEMPTS))
    assert shown.count("20 KiB") == 2
    assert "kept" in shown
