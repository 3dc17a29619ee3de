"""The HTML report: complete in every situation, self-contained, escaped, accessible and repeatable."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest

from mlforge.records.baseline import Baseline
from mlforge.records.evidence import Evidence, Mistake
from mlforge.records.quality import Confusion, Figure, Metric, Split
from mlforge.records.robustness import Robustness
from mlforge.records.threshold import Threshold
from mlforge.records.trial import Epoch, Failure, State
from mlforge.records.verdict import Check, Verdict
from mlforge.report.html import render_html

ATTACK = "</style><script>alert('x')</script><img src=//evil.example onerror=alert(1)>\"'&{{ 7 * 6 }}"
VOID = {"meta", "br", "img", "link", "hr"}


class Page(HTMLParser):
    """Reads a page strictly: every tag must be closed by its own end tag."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def checked(html: str) -> Page:
    """The page, after what must hold for every page has been checked."""
    page = Page(html)
    assert not {"script", "link", "iframe", "img", "object", "form"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("src", "href", "srcset")]
    assert "url(" not in html
    assert "@import" not in html
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    for name, value in page.attributes:
        assert name != "style" or not re.search(r"nan|inf|None", value)
        if name == "aria-labelledby":
            assert set(value.split()) <= set(ids)
    for svg in re.findall(r"<svg.*?</svg>", html, re.DOTALL):
        for element in ElementTree.fromstring(svg).iter():
            for value in element.attrib.values():
                assert not re.search(r"\b(nan|inf|None)\b", value)
    assert not re.search(r"\b(nan|None|inf|Undefined)\b", page.text)
    return page


def test_a_winner(make: Any) -> None:
    lock, trials = make.won()
    page = checked(render_html(lock, trials, name="activity"))
    assert "Contract met Trial" in page.text
    for words in (
        "estimated in QEMU: cortex-m4 instruction table",
        "0.847 ± 0.021",
        "subject 7",
        "best so far",
        "training not spent (estimated)",
        f"Trial {lock.study.winner} wins: tied with 2 and 5 on quality, cheapest.",
        "The test data were opened once, for the winner.",
        lock.contract_sha256,
        lock.model.sha256,
        lock.architecture.id,
        "qemu-system-arm 7.2.17",
        "seed 1",
        "west mlforge optimise",
        "DEPTHWISE_CONV_2D",
        "limit 32 KiB",
        "goal 0.800",
    ):
        assert words in page.text, words
    assert page.tags.count("svg") > 8


def test_a_winner_that_misses_on_the_test_split(make: Any) -> None:
    lock, trials = make.won()
    missed = make.lock(next(t for t in trials if t.number == lock.study.winner), trials, test_accuracy=0.77)
    page = checked(render_html(missed, trials, name="activity"))
    assert "Contract not met" in page.text
    assert "won on validation data, but misses the contract in its final figures." in page.text
    assert "Binding: Accuracy, 0.770 against 0.800, 3.8 % short." in page.text


def test_test_data_opened_more_than_once_are_confessed(make: Any) -> None:
    lock, trials = make.won()
    opened = replace(lock, study=replace(lock.study, test_opened_for=(3, lock.study.winner)))
    page = checked(render_html(opened, trials, name="a"))
    assert f"The test data were opened for trials 3 and {lock.study.winner}, " in page.text
    elsewhere = replace(lock, study=replace(lock.study, test_models=3))
    words = f"The test data were opened for trial {lock.study.winner} and 2 more of other studies, "
    assert words in checked(render_html(elsewhere, trials, name="a")).text


def test_what_the_error_stands_on_is_said(make: Any) -> None:
    lock, trials = make.won()
    page = checked(render_html(lock, trials, name="a"))
    assert "3 groups are few: ± is uncertain itself" in page.text
    assert "0.729–0.912" in page.text  # 0.841 ± 0.021 over 3 groups
    alone = replace(lock, qualities=tuple(replace(q, groups=1, standard_error=None) for q in lock.qualities))
    page = checked(render_html(alone, trials, name="a"))
    assert "One group says nothing of others: there is no standard error." in page.text
    assert "0.000–1.000" in page.text


def test_robustness_is_shown(make: Any) -> None:
    lock, trials = make.won()
    assert "Robustness" not in checked(render_html(lock, trials, name="a")).text
    rows = (Robustness("gain", 0.1, 0.80, 0.02, -0.041, 0.01), Robustness("dropout", 0.2, 0.70, None, -0.141, None))
    page = checked(render_html(replace(lock, robustness=rows), trials, name="a"))
    assert "gain, ±10 % 0.800 ± 0.020 −0.041 ± 0.010" in page.text
    assert "dropout, 20 % of samples 0.700 −0.141" in page.text


def test_the_words_of_one_unproven_trial(make: Any) -> None:
    lock, trials = make.won()
    doubtful = replace(lock, study=replace(lock.study, unproven=(4, 7)))
    assert (
        "Trials 4 and 7 did worse, but not with 95 % confidence."
        in checked(render_html(doubtful, trials, name="a")).text
    )


def test_no_trial_met_the_contract(make: Any) -> None:
    trials = [make.trained(0, 0.70), make.trained(1, 0.78), make.rejected(2), make.failed(3)]
    page = checked(render_html(None, trials, name="activity", provenance={"seed": "17"}))
    assert "The nearest miss is trial 1. Binding: Accuracy, 0.780 against 0.800, 2.5 % short." in page.text
    assert "seed 17" in page.text
    assert "There is no lock file" in page.text
    chosen = checked(render_html(None, trials, name="activity", nearest=0))
    assert "The nearest miss is trial 0." in chosen.text


def test_a_study_under_way(make: Any) -> None:
    page = checked(render_html(None, [make.trained(0, 0.78), make.trained(1, 0.85)], name="activity"))
    assert "No winner yet Trial 1 meets the contract on validation data; the test data are still sealed." in page.text


def test_the_front_is_named(make: Any) -> None:
    cheap = make.trained(1, 0.81, make.cost(flash=9_000))
    page = checked(render_html(None, [make.trained(0, 0.85), cheap, make.trained(2, 0.80)], name="activity"))
    assert "Trials 0 and 1 form the Pareto front of quality, flash, RAM and latency" in page.text
    assert "Pareto front of" not in checked(render_html(None, [cheap], name="activity")).text


def test_nothing_was_trained(make: Any) -> None:
    page = checked(render_html(None, [make.rejected(0), make.rejected(1)], name="activity"))
    assert "The nearest miss is trial 0. Binding: Flash, 50.0 KiB against 32 KiB, 56.4 % over." in page.text
    assert "Nothing has been trained" in page.text


def test_everything_failed(make: Any) -> None:
    page = checked(render_html(None, [make.failed(0), make.failed(1)], name="activity"))
    assert "2 of 2 trials failed; nothing could be held against the contract." in page.text
    assert "timeout after 20 s" in page.text


def test_no_trial_at_all() -> None:
    assert "No trial has been run" in checked(render_html(None, [], name="activity")).text


def test_one_trial(make: Any) -> None:
    only = make.trained(0)
    page = checked(render_html(make.lock(only, [only]), [only], name="activity"))
    assert "Contract met Trial 0 won." in page.text


def test_a_lock_without_its_study(make: Any) -> None:
    only = make.trained(0)
    assert "Contract met" in checked(render_html(make.lock(only, [only]), [], name="activity")).text


def test_no_limits_at_all(make: Any) -> None:
    free = [make.changed(trial, verdict=None) for trial in (make.trained(0), make.trained(1, 0.9))]
    page = checked(render_html(None, free, name="activity", limits=None))
    assert "No verdict" in page.text
    only = make.trained(0)
    unbound = replace(make.lock(only, [only]), verdict=Verdict(()))
    assert "Contract met Trial 0 won." in checked(render_html(unbound, free, name="activity")).text


def test_limits_of_the_caller_are_drawn(make: Any) -> None:
    limits = Verdict((make.check("flash", "bytes", 20_480, 0),))
    page = checked(render_html(None, [make.trained(0)], name="activity", limits=limits))
    assert "limit 20 KiB" in page.text


def test_lower_is_better(make: Any) -> None:
    goal = Check("mse", "", 0.05, 0.04, 0.2, False)
    trials = [
        make.changed(
            make.trained(n), qualities=make.three_stages(v, Split.VALIDATE, Metric.MSE), verdict=Verdict((goal,))
        )
        for n, v in enumerate((0.09, 0.04, 0.06))
    ]
    page = checked(render_html(None, trials, name="pump"))
    assert "MSE (lower is better)" in page.text
    assert "No winner yet Trial 1" in page.text
    assert "Best feasible MSE on validation data: 0.040" in page.text


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_figures_that_are_no_numbers(make: Any, bad: float) -> None:
    sick = make.trained(0, bad)
    slow = make.changed(make.trained(1), cost=replace(make.cost(), latency_us=bad))
    zero = make.changed(make.trained(2), verdict=Verdict((Check("ram", "bytes", 0, 10, bad, True),)))
    checked(render_html(None, [sick, slow, zero], name="activity"))
    only = make.changed(make.trained(0), cost=slow.cost, verdict=zero.verdict)
    checked(render_html(make.lock(only, [only]), [only], name="activity"))


def test_empty_sizes_and_no_operators(make: Any) -> None:
    cost = make.cost(0, 1_100, 0.0)
    trial = make.trained(0, 0.9, replace(cost, operators=(), feature_instructions=0, feature_cycles=0))
    page = checked(render_html(None, [trial], name="activity"))
    assert "By operator" not in page.text


def test_far_outliers_do_not_squeeze_the_plot(make: Any) -> None:
    trials = [make.trained(0), make.rejected(1, make.cost(flash=9_000_000))]
    assert "1 beyond the axis" in checked(render_html(None, trials, name="activity")).text


def test_many_strata_show_the_worst(make: Any) -> None:
    strata = {f"machine={n}": n / 100 for n in range(80)}
    trial = make.trained(0)
    many = make.changed(trial, qualities=tuple(replace(q, strata=strata) for q in trial.qualities))
    page = checked(render_html(None, [many], name="activity"))
    assert "Accuracy by machine, the worst 30 of 80" in page.text
    assert "machine 29" in page.text
    assert "machine 30" not in page.text


def test_each_kind_of_stratum_has_its_plot(make: Any) -> None:
    trial = make.trained(0)
    strata = {"a b=1": 0.8, "a-b=1": 0.7, "plain": 0.9}
    mixed = make.changed(trial, qualities=tuple(replace(q, strata=strata) for q in trial.qualities))
    assert "Accuracy by plain" in checked(render_html(None, [mixed], name="activity")).text


def test_text_from_outside_is_escaped_everywhere(make: Any) -> None:
    lock, trials = make.won(12)
    cost = make.cost()
    operators = tuple(replace(operator, kind=ATTACK, name=ATTACK) for operator in cost.operators)
    evil_cost = replace(cost, target=ATTACK, core=ATTACK, method=ATTACK, operators=operators)
    evil_lock = replace(
        lock,
        name=ATTACK,
        model=replace(lock.model, path=ATTACK, sha256=ATTACK),
        contract_sha256=ATTACK,
        classes=(ATTACK, "walk"),
        study=replace(lock.study, proposer=ATTACK),
        cost=evil_cost,
        qualities=tuple(replace(q, strata={f"{ATTACK}={ATTACK}": 0.8}) for q in lock.qualities),
        verdict=Verdict((*lock.verdict.checks, Check(ATTACK, "", 1.0, 2.0, -1.0, True))),
        tools={ATTACK: ATTACK},
    )
    winner = make.changed(trials[lock.study.winner], parameters={ATTACK: ATTACK}, cost=evil_cost)
    broken = make.changed(make.failed(12), failure=Failure(ATTACK, ATTACK, f"{ATTACK}\x1b[31m"))
    html = render_html(
        evil_lock,
        [*(t for t in trials if t.number != winner.number), winner, broken],
        name=ATTACK,
        command=ATTACK,
        provenance={ATTACK: ATTACK},
    )
    page = checked(html)
    assert "<script" not in html.lower()
    assert "{{ 7 * 6 }}" in page.text  # shown as written, not evaluated
    assert "\x1b" not in html


def test_the_page_forbids_what_must_not_be_there(make: Any) -> None:
    html = render_html(None, [make.trained(0)], name="activity")
    assert "default-src 'none'; style-src 'unsafe-inline'" in html


def test_equal_input_gives_equal_bytes_in_any_order(make: Any) -> None:
    lock, trials = make.won()
    other_lock, _ = make.won()
    shuffled = replace(other_lock, tools=dict(reversed(other_lock.tools.items())))
    assert render_html(lock, trials, name="a") == render_html(shuffled, trials[::-1], name="a")


def test_a_device_that_measured_is_said_to_have_measured(make: Any) -> None:
    cost = replace(make.cost(), method="measured on device")
    trial = make.changed(make.trained(0, 0.9, cost), cost=cost)
    page = checked(render_html(make.lock(trial, [trial]), [trial], name="activity"))
    assert "cycles (measured)" in page.text
    assert "estimated in QEMU" not in page.text


def test_a_failed_trial_with_a_cost_stays_out_of_the_trade_offs(make: Any) -> None:
    half = make.changed(make.trained(1), state=State.FAILED, qualities=(), failure=Failure("train", "diverged"))
    page = checked(render_html(None, [make.trained(0), half], name="activity"))
    assert page.text.count("Trial 1: failed. train: diverged") == 2  # the convergence plot, wide and narrow


def test_classes_figures_and_baselines_are_shown(make: Any) -> None:
    lock, trials = make.won()
    counts = Confusion(("walk", ATTACK), ((30, 10), (5, 55)))
    figures = Figure(Metric.RECALL, "walk", 0.75, 0.02), Figure(Metric.DETECTION, "0.05", 0.9, None)
    qualities = tuple(replace(quality, confusion=counts, figures=figures) for quality in lock.qualities)
    beside = Baseline("logistic regression", Split.TEST, Figure(Metric.ACCURACY, "", 0.9, 0.01), (), -0.05, 0.01)
    html = render_html(replace(lock, qualities=qualities, baselines=(beside,)), trials, name="activity")
    page = checked(html)
    assert "Confusion: test, int8 on the target" in page.text
    assert "10 of 40 of walk taken for" in html and "25.0 %" in html
    assert "Recall of walk 0.750 ± 0.020" in page.text
    assert "Detection at 5.0 % false alarms" in page.text
    assert "The model is worse than the logistic regression on test data (−0.050 ± 0.010)" in page.text


def test_training_answers_and_arena_are_drawn(make: Any) -> None:
    lock, trials = make.won()
    history = tuple(Epoch(1.0 / (number + 1), 1.2 / (number + 1) + 0.01 * number, 0.1) for number in range(12))
    trials = [replace(trial, history=history) if trial.number == lock.study.winner else trial for trial in trials]
    mistakes = (Mistake(f"data/{ATTACK}.csv:7, window 3", "walk", "run", 0.97),)
    evidence = Evidence(200, 31, mistakes)
    html = render_html(lock, trials, name="activity", evidence=evidence)
    page = checked(html)
    assert "Learning curves of the winner" in page.text
    assert "epoch 1: training 1.000, validation 1.200" in html
    assert "31 of 200 validation examples are answered wrongly in int8. The 1 most certain of them." in page.text
    assert "window 3" in page.text
    assert "Arena over time" in page.text and "scratch: " in html


def test_anomalies_have_their_curve_and_regressions_their_scatter(make: Any) -> None:
    lock, trials = make.won()
    curve = ((0.0, 0.2), (0.05, 0.8), (0.5, 1.0))
    qualities = tuple(replace(quality, metric=Metric.AUC, curve=curve) for quality in lock.qualities)
    lock = replace(lock, qualities=qualities, thresholds=(Threshold("anomaly", 0.1, ()),))
    seen = Evidence(100, 0, (), edges=(-2.0, -1.0, 0.0, 1.0), normal=(5, 80, 5), anomalous=(0, 2, 8))
    page = checked(render_html(lock, trials, name="activity", evidence=seen))
    assert "ROC, test data: AUC" in page.text and "threshold 0.1" in page.text
    pairs = Evidence(3, 0, (), pairs=((1.0, 1.1), (2.0, 1.9)))
    assert "Answers against the truth" in checked(render_html(lock, trials, name="activity", evidence=pairs)).text
