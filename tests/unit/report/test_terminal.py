"""The terminal's tables: complete and readable at 80 columns without colour."""

from __future__ import annotations

import math
from dataclasses import replace
from io import BytesIO, StringIO, TextIOWrapper
from typing import Any

import pytest
from rich.console import Console, RenderableType

from mlforge.records.quality import Metric, Split, Stage
from mlforge.records.robustness import Robustness
from mlforge.records.trial import Failure
from mlforge.records.verdict import Check, Verdict
from mlforge.report import terminal


def text_of(renderable: RenderableType, width: int = 80) -> str:
    console = Console(file=StringIO(), width=width, no_color=True, legacy_windows=False)
    console.print(renderable)
    output = console.file.getvalue()  # type: ignore[attr-defined]
    assert all(len(line) <= width for line in output.splitlines())
    return str(output)


def test_verdict(make: Any) -> None:
    found = make.cost(40_960, 10_241, 4_795.2)
    text = text_of(terminal.verdict_table(make.verdict(found, 0.853), title="Verdict of trial 3"))
    lines = {line.split()[0]: line for line in text.splitlines() if line.strip()}
    assert "≤ 32 KiB" in lines["Flash"]
    assert "40 KiB" in lines["Flash"]
    assert "██████████!" in lines["Flash"]
    assert "-25.0 %" in lines["Flash"]
    assert lines["Flash"].rstrip().endswith("NO")
    assert "10.0 KiB (10,241 B)" in lines["RAM"]
    assert "-0.01 %" in lines["RAM"]
    assert lines["Latency"].rstrip().endswith("yes")  # exactly at the limit
    assert "≥ 0.800" in lines["Accuracy"]
    assert "Binding: Flash 40 KiB of 32 KiB, 25.0 % over" in text


def test_verdict_met_names_the_tightest(make: Any) -> None:
    assert "Tightest: Accuracy 0.853 of 0.800, 6.6 % to spare" in text_of(
        terminal.verdict_table(make.verdict(make.cost(), 0.853))
    )


def test_verdict_of_nothing() -> None:
    assert "Verdict" in text_of(terminal.verdict_table(Verdict(())))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_verdict_of_no_number(bad: float) -> None:
    checks = (Check("ram", "bytes", 0, 5, bad, True), Check("latency", "us", 5, bad, bad, True))
    assert "–" in text_of(terminal.verdict_table(Verdict(checks)))


def test_quality_side_by_side_and_spread(make: Any) -> None:
    qualities = (*make.three_stages(0.853, Split.VALIDATE), *make.three_stages(0.841, Split.TEST))
    text = text_of(terminal.quality_table(qualities))
    assert "0.847 ± 0.021  0.841 ± 0.021  0.841 ± 0.021" in text
    assert text.index("test ") < text.index("validate ")
    assert "Accuracy per stratum, test" in text
    assert text.index("subject=3") < text.index("subject=9")  # worst first
    words = " ".join(text.split())
    assert "95 % interval: test 0.729–0.912, validate 0." in words
    assert words.count("3 groups are few: ± is uncertain itself") == 1
    assert "…" not in text


def test_robustness() -> None:
    rows = (Robustness("noise", 0.3, 0.80, 0.02, -0.041, 0.01), Robustness("offset", 0.1, 0.84, None, 0.0, None))
    text = text_of(terminal.robustness_table(rows))
    assert "0.800 ± 0.020  −0.041 ± 0.010" in text
    assert "offset, ±0.1 deviations" in text


def test_quality_with_missing_stages_and_two_metrics(make: Any) -> None:
    float_only = make.quality(0.9, Stage.FP32_HOST, Split.VALIDATE)
    mse = replace(make.quality(0.1, Stage.INT8_TARGET, Split.VALIDATE, Metric.MSE), strata={}, groups=0)
    text = text_of(terminal.quality_table([float_only, mse]))
    assert "Quality: Accuracy" in text
    assert "Quality: MSE" in text
    text_of(terminal.quality_table([]))


def test_the_worst_stratum_of_an_error_is_the_highest(make: Any) -> None:
    mse = replace(make.quality(0.1, Stage.INT8_TARGET, Split.TEST, Metric.MSE), strata={"pump=1": 0.1, "pump=2": 0.4})
    text = text_of(terminal.quality_table([mse]))
    assert text.index("pump=2") < text.index("pump=1")


def test_cost(make: Any) -> None:
    text = text_of(terminal.cost_table(make.cost()))
    for word in ("Flash", "weights", "code", "kernels", "features", "other", "RAM", "arena", "Stack", "Latency"):
        assert word in text
    assert "22,118 B" in text
    assert "409,500 cycles (estimated)" in text
    assert "timing estimated in QEMU" in text
    measured = replace(make.cost(), method="measured on device")
    assert "cycles (measured)" in text_of(terminal.cost_table(measured))


def test_operators_keep_their_figures_at_80_columns(make: Any) -> None:
    cost = make.cost()
    big = tuple(
        replace(op, macs=op.macs * 99, cycles=op.cycles * 99, instructions=op.instructions * 99)
        for op in cost.operators
    )
    text = text_of(terminal.operators_table(replace(cost, operators=big)))
    for operator in big:
        assert f" {operator.macs:,} " in text
        assert f" {operator.instructions:,} " in text
        assert f" {operator.cycles:,} " in text
    assert "29.7 %" in text
    assert "4 DEPTHWISE_CONV" in text
    text_of(terminal.operators_table(replace(cost, operators=())))


def test_trials(make: Any) -> None:
    text = text_of(terminal.trials_table([make.failed(2), make.trained(0), make.rejected(1), make.trained(3, 0.7)]))
    outcomes = "met", "rejected", "failed", "trained"
    lines = [line.split() for line in text.splitlines() if len(line.split()) > 1 and line.split()[1] in outcomes]
    assert [line[:2] for line in lines] == [["0", "met"], ["1", "rejected"], ["2", "failed"], ["3", "trained"]]
    assert "run: the firmware hung" in text
    text_of(terminal.trials_table([]))


def test_footprint_sums_its_rows() -> None:
    text = text_of(
        terminal.footprint_table([("model weights", 12_345, 0), ("arena", 0, 5_678), ("application", 99, 1)])
    )
    assert [line.split()[-1] for line in text.splitlines() if line.strip().startswith("total")] == ["5,679"]
    assert "12,444" in text
    text_of(terminal.footprint_table([]))


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_no_width_breaks_a_table(make: Any, width: int) -> None:
    trial = make.trained(0)
    for renderable in (
        terminal.verdict_table(trial.verdict),
        terminal.quality_table(trial.qualities),
        terminal.cost_table(trial.cost),
        terminal.operators_table(trial.cost),
        terminal.trials_table([trial, make.rejected(1)]),
        terminal.footprint_table([("arena", 1, 2)]),
    ):
        text_of(renderable, width)


def test_text_from_outside_is_neither_markup_nor_escape(make: Any) -> None:
    evil = make.changed(make.failed(0), failure=Failure("run", "[red]boom[/red] [/nope] \x1b[31m"))
    text = text_of(terminal.trials_table([evil]), 200)
    assert "[red]boom[/red] [/nope]" in text
    assert "\x1b" not in text
    cost = replace(make.cost(), method="[bold]m[/]", target="[/x]", operators=tuple(
        replace(op, name="[red]n[/wrong]") for op in make.cost().operators))  # fmt: skip
    for table in (
        terminal.operators_table(cost),
        terminal.cost_table(cost),
        terminal.footprint_table([("[/a]", 1, 1)]),
    ):
        assert "[/" in text_of(table, 120)
    qualities = [replace(q, strata={"[/who]=[red]": 0.5}) for q in make.trained(0).qualities]
    assert "[/who]=[red]" in text_of(terminal.quality_table(qualities))


def test_an_ascii_terminal_gets_an_ascii_bar() -> None:
    stream = TextIOWrapper(BytesIO(), encoding="ascii")
    Console(file=stream, width=80).print(terminal.Gauge(0.5), terminal.Gauge(1.2))
    stream.flush()
    output = stream.buffer.getvalue()
    assert b"#####....." in output
    assert b"##########!" in output
