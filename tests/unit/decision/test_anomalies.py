"""Decisions of autoencoders: levels of their error, on the host and as a device computes them after an inference."""

from __future__ import annotations

import ctypes
from math import floor, log2
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mlforge.contract.load import load_contract
from mlforge.contract.streams import DecisionSpec, FalseAccepts, Span, StreamSpec
from mlforge.decision import decide, emit_decision, error_levels, fit_decision
from mlforge.decision.fit import level_error
from mlforge.errors import ContractError
from mlforge.records.decision import Decision
from mlforge.toolchain.host import shared_library
from mlforge.toolchain.sources import root, runtime_sources

CLASSES = ("normal", "anomaly")
BYTES = 16
AS_IT_IS = (1.0, 0)
APP = Path(__file__).with_name("autoencoder.c")


def fitted(common: DecisionSpec | FalseAccepts, enter: int | None = None, **more: object) -> Decision:
    spec = StreamSpec(common, {"normal": DecisionSpec(0, 0)}, background=("normal",), **more)  # type: ignore[arg-type]
    return fit_decision(spec, CLASSES, 1.0, 0, 0, enter, BYTES)


def off_by(*errors: float, scale: float = 1 / 16) -> NDArray[np.int8]:
    """The scores of windows whose reconstruction is off by so much, squared, in each of their values."""
    made = np.zeros((len(errors), BYTES), np.int8)
    given = np.rint(np.sqrt(np.array(errors))[:, None] / scale) + made
    return error_levels(given.astype(np.int8), made, (scale, 0), (scale, 0))


def test_a_level_is_an_eighth_of_an_octave() -> None:
    steps = np.arange(1, 128, dtype=np.int8)
    given = np.repeat(steps[:, None], BYTES, axis=1)
    levels = error_levels(given, np.zeros_like(given), (1 / 32, 0), (1 / 32, 0))
    expected = [floor(8 * log2((int(step) / 32) ** 2) + 1e-12) for step in steps]
    np.testing.assert_array_equal(levels[:, 1], expected)
    assert set(levels[:, 0]) == {-128}


def test_levels_of_nothing_and_of_more_than_there_is() -> None:
    zeros = np.zeros((1, BYTES), np.int8)
    far = np.full((1, BYTES), 127, np.int8)
    assert error_levels(zeros, zeros, AS_IT_IS, AS_IT_IS)[0, 1] == -128
    assert error_levels(far, -far, (1e9, 0), (1e9, 0))[0, 1] == 127


@pytest.mark.parametrize("value", [0.0, 1e-4, 0.5, 1.0, 1.05, 3.0, 60_000.0])
def test_a_decision_begins_at_no_smaller_error(value: float) -> None:
    enter, leave = fitted(DecisionSpec(value, value)).thresholds[1]
    assert enter == leave
    assert value <= max(level_error(enter), 2.0**-16) * (1 + 1e-9)
    assert enter == 127 or level_error(enter) < value * 1.1 or enter == -128


def test_smoothing_hysteresis_and_refractory_time() -> None:
    decision = fitted(DecisionSpec(4.0, 1.0), consecutive=2, refractory=Span(4))
    quiet, loud, between = 0.25, 9.0, 2.25
    windows = off_by(quiet, loud, quiet, loud, loud, between, quiet, quiet, loud, loud, quiet, quiet, loud, loud)
    # One loud window is none; between the two scores it goes on; after four windows another may begin.
    assert decide(decision, windows).tolist() == [-1, -1, -1, -1, 1, -1, -1, -1, -1, 1, -1, -1, -1, -1]
    smooth = fitted(DecisionSpec(4.0, 1.0), smoothing=Span(3))
    assert decide(smooth, off_by(quiet, loud, quiet, loud, loud, loud)).tolist() == [-1, -1, -1, -1, -1, 1]


def test_a_rule_decides_by_what_it_has_found() -> None:
    assert fitted(FalseAccepts(1.0)).thresholds == ((-128, -128), (127, 127))
    assert fitted(FalseAccepts(1.0), enter=5).thresholds == ((-128, -128), (5, 5))


def test_the_device_decides_as_the_host(tmp_path: Path) -> None:
    """tests/unit/decision/autoencoder.c has an instance whose model makes halves of its input."""
    decision = fitted(DecisionSpec(0.2, 0.1), smoothing=Span(2), refractory=Span(4))
    for name, text in emit_decision(decision, "halves").items():
        (tmp_path / name).write_text(text)
    copied = tmp_path / "autoencoder.c"
    copied.write_text(APP.read_text())
    sources = (copied, tmp_path / "halves_decision.c", *runtime_sources("decision"))
    library = ctypes.CDLL(str(shared_library("mlforge_autoencoder", sources, include=[tmp_path])))
    given = np.random.default_rng(3).integers(-90, 91, (300, BYTES)).astype(np.int8)
    given[::3] //= 16
    made = given // 2
    scores = error_levels(given, made, (1 / 32, 0), (1 / 32, 0))
    events = [library.halves_event(row.ctypes.data_as(ctypes.c_void_p)) for row in given]
    assert events == decide(decision, scores).tolist()
    assert 10 < events.count(1) < 100


CONTRACT = (root() / "samples" / "anomaly" / "mlforge.yaml").read_text()
SIGNAL = "  signal: {rate: 50 Hz, channels: [ax, ay, az, gx, gy, gz]}\nfeatures:\n"


def contract(tmp_path: Path, more: str) -> Path:
    (tmp_path / "mlforge.yaml").write_text(CONTRACT.replace("features:\n", SIGNAL, 1) + more)
    return tmp_path


def test_the_contract_of_an_anomaly(tmp_path: Path) -> None:
    more = "decision: {enter: 2.5, leave: 1, smoothing: 2 s, consecutive: 2, refractory: 4 s}\n"
    found = load_contract(contract(tmp_path, more + "events: {goals: {recall: 0.5, false_accepts_per_hour: 4}}\n"))
    assert found.decision is not None
    assert found.decision.common == DecisionSpec(2.5, 1.0)
    assert found.decision.background == ("normal",)


@pytest.mark.parametrize(
    ("decision", "complaint"),
    [
        ("{smoothing: 2}", "decision: found no enter with task anomaly, expected enter: an error such as 0.8"),
        ("{enter: 70000}", "decision.enter: found '70000', expected a number from 0 to 60000"),
        ("{enter: 1, leave: 2}", "decision.leave: found 2, expected at most enter, 1"),
        ("{enter: 1, background: [noise]}", "decision.background: found background with task anomaly"),
        ("{enter: 1, classes: {a: {enter: 1}}}", "decision.classes: found classes with task anomaly"),
    ],
)
def test_a_contract_that_asks_for_the_wrong_thing(tmp_path: Path, decision: str, complaint: str) -> None:
    with pytest.raises(ContractError, match=r"mlforge\.yaml") as caught:
        load_contract(contract(tmp_path, f"decision: {decision}\n"))
    assert any(complaint in str(problem) for problem in caught.value.problems), caught.value.problems
