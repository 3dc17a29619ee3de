"""From contract and lock to a block: units, quantisation, and what does not suit the model."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlforge.app.build_step import app_sources
from mlforge.app.lockfile import read_lock
from mlforge.bundle.assemble import assemble, calibration, thresholds
from mlforge.bundle.block import Block, Version, decode, encode
from mlforge.bundle.sections import Baseline, Features, SelfTest, TaskCode, Threshold, Thresholds
from mlforge.compiler.emitter import TensorInfo
from mlforge.compiler.graph import DType
from mlforge.contract.load import load_contract
from mlforge.errors import BundleError
from mlforge.features.pipeline import Pipeline
from mlforge.records.golden_vectors import GoldenVectors
from mlforge.records.threshold import Threshold as LockedThreshold
from tests.programs.locked_app import CHANNELS, CLASSES, locked_app

SOFTMAX = TensorInfo("scores", (1, 3), DType.INT8, 1 / 256, -128, 0, 3)
REFERENCE = GoldenVectors(
    mean=np.arange(CHANNELS, dtype=np.int32),
    deviation=np.full(CHANNELS, 9000, np.uint32),
    class_shares=np.array([40000, 20000, 5535], np.uint16),
    score_shares=np.zeros(16, np.uint16),
    inputs=np.full((2, 192), -3, np.int8),
    outputs=np.array([[1, 2, 3], [4, 5, -128]], np.int8),
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return locked_app(tmp_path_factory.mktemp("app"))


def block_of(app: Path, bundle: str = "{version: 1.2.0}", reference: GoldenVectors | None = None) -> Block:
    write_bundle(app, bundle)
    built = app_sources(app)
    assert not built.stale, "a release's own keys are not what the model was searched for"
    return assemble(built.contract, built.lock, SOFTMAX, reference, "mps2/an385")


def write_bundle(app: Path, bundle: str) -> None:
    path = app / "mlforge.yaml"
    text = path.read_text().partition("bundle:")[0]
    path.write_text(f"{text}bundle: {bundle}\n")


def test_versions_hashes_and_names(app: Path) -> None:
    block = block_of(app, "{version: 1.2.0, model: 1.1.0+7, thresholds: {version: 3.0.0}}", REFERENCE)
    built = app_sources(app)
    assert [str(version) for version in (block.versions.firmware, block.versions.model)] == ["1.2.0", "1.1.0+7"]
    assert block.versions.thresholds == Version(3, 0, 0)
    assert block.versions.calibration == Version(1, 2, 0)
    assert (block.contract.hex(), block.model.hex()) == (built.lock.contract_sha256, built.lock.model.sha256)
    assert (block.board, block.name) == ("mps2/an385", "activity")
    assert decode(encode(block)) == block


def test_features_are_the_locks(app: Path) -> None:
    features = block_of(app).section(Features)
    assert features is not None
    assert json.loads(features.text) == json.loads(json.dumps(app_sources(app).lock.features))
    assert Pipeline.from_json(features.text).channels == CHANNELS


def test_references_of_the_model(app: Path) -> None:
    block = block_of(app, reference=REFERENCE)
    baseline, self_test = block.section(Baseline), block.section(SelfTest)
    assert baseline is not None
    assert self_test is not None
    assert baseline.psi_limit == 64
    assert [one.mean for one in baseline.channels] == list(range(CHANNELS))
    assert baseline.class_shares == (40000, 20000, 5535)
    assert self_test.vectors[1].output == b"\x04\x05\x80"
    assert block_of(app).section(SelfTest) is None


def test_thresholds_in_the_models_quantisation(app: Path) -> None:
    """A score reaches the int8 threshold exactly when the number that it stands for reaches the contract's."""
    bundle = "{thresholds: {enter: 0.6, leave: 0.4, hysteresis: 2, classes: {run: {enter: 1, leave: 0}}}}"
    section = block_of(app, bundle).section(Thresholds)
    assert section is not None
    assert (section.task, section.hysteresis, len(section.items)) == (TaskCode.CLASSIFICATION, 2, len(CLASSES))
    walk, run, _ = section.items
    scores = np.arange(-128, 128)
    real = (scores + 128) / 256
    assert np.array_equal(scores >= walk.enter, real >= 0.6)
    assert np.array_equal(scores < walk.leave, real < 0.4)
    assert (run.enter, run.leave) == (127, -128)


def test_a_class_without_a_threshold_decides_as_if_there_were_none(app: Path) -> None:
    section = block_of(app, "{thresholds: {classes: {run: {enter: 0.5}}}}").section(Thresholds)
    assert section is not None
    assert section.items == (Threshold(-128, -128), Threshold(0, 0), Threshold(-128, -128))


@pytest.mark.parametrize(
    ("keys", "found", "expected"),
    [
        ("thresholds: {anomaly: 3.5, leave: 2, hysteresis: 2}", 9.0, (3.5, 2.0)),
        ("version: 1.0.0", 9.0, (9.0, 9.0)),
        ("version: 1.0.0", None, None),
    ],
)
def test_thresholds_of_anomalies(
    app: Path, keys: str, found: float | None, expected: tuple[float, float] | None
) -> None:
    """An error above the threshold is an alarm; the contract's number goes before the lock's."""
    anomaly = Path(__file__).parents[2] / "corpus" / "contracts" / "good" / "anomaly.yaml"
    contract = anomaly.read_text().partition("bundle:")[0] + f"bundle: {{{keys}}}\n"
    (app.parent / "anomaly.yaml").write_text(contract)
    locked = () if found is None else (LockedThreshold("anomaly", found, ()),)
    lock = replace(app_sources(app).lock, thresholds=locked)
    section = thresholds(load_contract(app.parent / "anomaly.yaml"), lock, SOFTMAX)
    if expected is None:
        assert section is None
        return
    assert section is not None
    assert section.items == (Threshold(*(round(value * 65536) + 1 for value in expected)),)


def test_an_anomaly_cannot_end_above_where_it_begins(app: Path) -> None:
    anomaly = Path(__file__).parents[2] / "corpus" / "contracts" / "good" / "bundle-anomaly.yaml"
    (app.parent / "a.yaml").write_text(anomaly.read_text().replace("leave: 2", "leave: 4"))
    with pytest.raises(BundleError, match=r"bundle\.thresholds\.leave: 4: above"):
        thresholds(load_contract(app.parent / "a.yaml"), app_sources(app).lock, SOFTMAX)


def test_calibration_in_the_frames_fixed_point(app: Path) -> None:
    keys = "period: 90 s, offset: [0.5, 0, 0, 0, 0, -1], gain: 1.5, offset_bound: 0.25, gain_bound: 0.1"
    write_bundle(app, f"{{calibration: {{{keys}}}}}")
    built = app_sources(app)
    pipeline = Pipeline.from_json(json.dumps(built.lock.features))
    section = calibration(built.contract, pipeline)
    one = 1 << pipeline.input_frac_bits
    assert [channel.offset for channel in section.channels] == [one // 2, 0, 0, 0, 0, -one]
    assert {(channel.gain, channel.offset_bound, channel.gain_bound) for channel in section.channels} == {
        (98304, one // 4, 6554)
    }
    assert (section.baseline_allowed, section.period_s) == (True, 90)


def test_without_keys_calibration_changes_nothing(app: Path) -> None:
    write_bundle(app, "{version: 1.0.0}")
    section = calibration(load_contract(app), Pipeline.from_json(json.dumps(app_sources(app).lock.features)))
    assert not section.baseline_allowed
    assert {(one.offset, one.gain) for one in section.channels} == {(0, 65536)}


@pytest.mark.parametrize(
    ("bundle", "words"),
    [
        ("{thresholds: {classes: {jump: {enter: 0.5}}}}", "bundle.thresholds.classes.jump: the model has no class"),
        ("{calibration: {gain: [1, 2]}}", "bundle.calibration.gain: 2 numbers: expected one, or one for each of 6"),
        ("{calibration: {offset: 1.0e+9}}", "calibration.offset"),
    ],
)
def test_what_does_not_suit_the_model(app: Path, bundle: str, words: str) -> None:
    with pytest.raises(BundleError) as caught:
        encode(block_of(app, bundle))
    assert words in str(caught.value)


def test_scores_that_the_model_cannot_give(app: Path) -> None:
    write_bundle(app, "{thresholds: {enter: 0.9}}")
    logits = replace(SOFTMAX, scale=0.004, zero_point=0)
    with pytest.raises(BundleError, match=r"go from -0\.512 to 0\.508"):
        thresholds(load_contract(app), read_lock(app), logits)
