"""Faults that are planted in data, and what is said of them; and sound data, of which nothing is said."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlforge.data import load_dataset, split_dataset
from mlforge.data.looking import look, refuse
from mlforge.errors import DataError
from mlforge.records.data_summary import Inspection
from mlforge.records.finding import Finding, Severity

from .conftest import MakeContract

Arrays = dict[str, np.ndarray]
Inspect = Callable[..., Inspection]


@pytest.fixture
def inspect(tmp_path: Path, contract: MakeContract) -> Inspect:
    """`inspect(arrays, **contract settings)`: what is found in them, stored as data.npz."""

    def inspected(arrays: Arrays, allow: str = "", **settings: Any) -> Inspection:
        np.savez(tmp_path / "data.npz", allow_pickle=False, **arrays)
        spec = contract("{npz: data.npz}", allow=allow, **settings)
        dataset = load_dataset(spec)
        return look(dataset, split_dataset(dataset, spec.data.split), spec)

    return inspected


def sound(count: int = 300, frames: int = 64, channels: int = 2, seed: int = 1) -> Arrays:
    """Two classes of noisy sines, by 30 people who do both."""
    random = np.random.default_rng(seed)
    label = np.arange(count) % 2
    time = np.arange(frames)[None, :, None]
    phase = random.uniform(0, 6.28, (count, 1, channels))
    x = np.sin(2 * np.pi * time * (3 + 2 * label[:, None, None]) / frames + phase)
    x = x + 0.3 * random.standard_normal((count, frames, channels))
    return {"x": x.astype(np.float32), "y": np.array(["go", "stop"])[label], "who": np.arange(count) // 2 % 30}


def vectors(count: int = 400, width: int = 6) -> Arrays:
    random = np.random.default_rng(2)
    label = np.arange(count) % 2
    x = random.standard_normal((count, width)) + 1.5 * label[:, None] * (np.arange(width) < 2)
    return {"x": x, "y": label, "who": np.arange(count) // 2 % 40}


def kinds(inspection: Inspection) -> list[str]:
    return [finding.kind for finding in inspection.findings if finding.severity is not Severity.NOTE]


def only(inspection: Inspection, kind: str) -> Finding:
    (found,) = (finding for finding in inspection.findings if finding.kind == kind)
    return found


@pytest.mark.parametrize("group", ["", "who"])
@pytest.mark.parametrize("make", [sound, vectors])
def test_nothing_is_said_against_sound_data(inspect: Inspect, make: Callable[..., Arrays], group: str) -> None:
    inspection = inspect(make(count=600), group=group)
    assert kinds(inspection) == []
    refuse(inspection)
    assert [finding.kind for finding in inspection.findings] == ["certainty", "certainty"]


def test_summary(inspect: Inspect) -> None:
    summary = inspect(sound(), group="who", features="window: {length: 32, hop: 16}").summary
    assert (summary.recordings, summary.groups, summary.group) == (300, 30, "who")
    assert [split.recordings for split in summary.splits] == [180, 60, 60]
    assert [split.groups for split in summary.splits] == [18, 6, 6]
    assert [split.inputs for split in summary.splits] == [540, 180, 180]
    assert summary.splits[1].classes == {"go": 90, "stop": 90}
    assert summary.channel_count == 2
    assert (summary.shortest, summary.longest) == (64, 64)
    assert summary.channels[0].name == "channel 1"
    assert 0.5 < summary.channels[0].deviation < 1.0


def twins(data: Arrays, share: float = 1.0) -> Arrays:
    """Each recording once more, under another name."""
    more = int(share * len(data["x"]))
    names = np.array([f"p{one}" for one in data["who"]])
    return {
        "x": np.concatenate([data["x"], data["x"][:more]]),
        "y": np.concatenate([data["y"], data["y"][:more]]),
        "who": np.concatenate([names, [f"{name}-again" for name in names[:more]]]),
    }


@pytest.mark.parametrize("group", ["", "who"])
@pytest.mark.parametrize("make", [sound, vectors])
def test_twins_in_two_splits_are_refused(inspect: Inspect, make: Callable[[], Arrays], group: str) -> None:
    inspection = inspect(twins(make()), group=group)
    found = only(inspection, "duplicates")
    assert found.severity is Severity.ERROR
    assert "validate recordings" in found.what
    assert "test recordings are in the training split" in found.what
    assert found.where.startswith("mlforge.yaml:5: data.split")
    assert "data.npz:" in found.places[0]
    assert "data.allow: [duplicates]" in found.cure
    with pytest.raises(DataError, match="value for value"):
        refuse(inspection)


def test_twins_that_are_allowed_are_told_all_the_same(inspect: Inspect) -> None:
    inspection = inspect(twins(sound()), group="who", allow="duplicates")
    assert only(inspection, "duplicates").severity is Severity.WARNING
    refuse(inspection)


def test_a_single_twin_among_many_is_a_warning(inspect: Inspect) -> None:
    data = twins(sound(count=2400), share=0.0025)
    found = [finding for finding in inspect(data, group="who").findings if finding.kind == "duplicates"]
    assert [finding.severity for finding in found] == [Severity.WARNING]


def test_windows_that_were_cut_with_an_overlap_are_refused(inspect: Inspect) -> None:
    """The commonest leak: half of each example stands in its neighbour, which is dealt to another split."""
    random = np.random.default_rng(3)
    stream = np.cumsum(random.standard_normal((6400, 2)), axis=0).astype(np.float32)
    x = np.stack([stream[start : start + 64] for start in range(0, 6336, 32)])
    inspection = inspect({"x": x, "y": np.arange(len(x)) // 7 % 2})
    assert only(inspection, "duplicates").severity is Severity.ERROR


CHANGES = {
    "noise": lambda x: x + 0.02 * np.random.default_rng(4).standard_normal(x.shape),
    "gain": lambda x: 1.01 * x,
    "rounded": lambda x: x.round(2),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_copies_with_a_change_are_near_duplicates(inspect: Inspect, change: Callable[[np.ndarray], np.ndarray]) -> None:
    data = twins(sound())
    data["x"][300:] = change(data["x"][300:])
    found = only(inspect(data, group="who"), "near duplicates")
    assert found.severity is Severity.WARNING
    assert "is near data.npz:" in found.places[0]


def test_silence_and_tables_of_switches_are_no_copies(inspect: Inspect) -> None:
    data = sound()
    data["x"][::3] = 0.0
    assert "duplicates" not in kinds(inspect(data))
    random = np.random.default_rng(5)
    inspection = inspect({"x": random.integers(0, 3, (600, 4)), "y": np.arange(600) % 2})
    assert inspection.errors == ()


def test_equal_recordings_with_other_labels(inspect: Inspect) -> None:
    data = twins(sound())
    data["y"][300:305] = np.where(data["y"][300:305] == "go", "stop", "go")
    found = only(inspect(data, allow="duplicates"), "contradictory labels")
    assert "5 pairs" in found.what
    assert "data.npz:1 is go, data.npz:301 stop" in "".join(found.places) or found.count == 5


def test_channels_that_are_dead(inspect: Inspect) -> None:
    data = sound(channels=3)
    data["x"][..., 1] = 7.5
    found = only(inspect(data), "dead channels")
    assert "1 of 3 channels is constant" in found.what
    assert "channel 2 (always 7.5)" in found.what
    data["x"][:] = 1.0
    inspection = inspect(data)
    assert only(inspection, "constant").severity is Severity.ERROR
    assert only(inspect(data, allow="constant"), "constant").severity is Severity.WARNING


def test_a_channel_that_is_dead_in_some_recordings(inspect: Inspect) -> None:
    data = sound()
    data["x"][10:40, :, 1] = 0.0
    found = only(inspect(data), "dead in some recordings")
    assert "30 of 300 recordings have constant values throughout, in channel 2" in found.what
    assert found.places[0] == "data.npz:11"


def test_glitches_of_a_sample(inspect: Inspect) -> None:
    data = sound()
    random = np.random.default_rng(6)
    for at in range(0, 300, 3):
        data["x"][at, random.integers(1, 63), 0] = random.choice([-1, 1]) * random.uniform(150, 400)
    found = only(inspect(data), "glitches")
    assert "in channel 1; the deviation" in found.what
    assert "statistics: robust" in found.cure


def test_sensors_that_hang_or_clip(inspect: Inspect) -> None:
    data = sound()
    data["x"][:30, 20:50, 0] = data["x"][:30, 20:21, 0]
    found = only(inspect(data), "stuck channels")
    assert found.places[0] == "data.npz:1"
    data = sound(frames=256)
    data["x"] = np.clip(data["x"], -0.9, 0.9)
    assert "end of the scale" in only(inspect(data), "clipped signals").what


def test_a_column_that_is_the_label(inspect: Inspect) -> None:
    data = sound()
    data["x"][..., 1] = (data["y"] == "go")[:, None]
    assert "channel 2 never changes within a recording" in only(inspect(data, group="who"), "leak").what
    data = vectors()
    data["x"][:, 3] = 10 * data["y"] + 3
    assert "feature 4 alone tells the label" in only(inspect(data, group="who"), "leak").what
    data["y"] = data["x"][:, 0] * 3 - 1
    assert "correlation 1.0" in only(inspect(data, task="regression"), "leak").what


def test_columns_that_count(inspect: Inspect) -> None:
    data = sound()
    data["x"][..., 0] = np.arange(64) * 0.02
    assert "channel 1 grows steadily from frame to frame" in only(inspect(data), "counting column").what
    data = vectors()
    data["x"][:, 5] = np.arange(400)
    assert "feature 6 grows steadily from row to row" in only(inspect(data), "counting column").what


def test_few_of_a_class_and_a_goal_that_asks_for_nothing(inspect: Inspect) -> None:
    data = sound()
    data["y"] = np.where(np.arange(300) % 15 == 0, "stop", "go")
    inspection = inspect(data)
    assert "few examples train 'stop' 12; 'go' has 168" in only(inspection, "rare classes").what
    found = only(inspection, "trivial goal")
    assert "always says 'go' is right in 0.933" in found.what
    assert found.where == "mlforge.yaml:10: goals.accuracy"


def test_few_groups_prove_little(inspect: Inspect) -> None:
    data = sound()
    data["who"] = np.arange(300) // 2 % 5
    found = [one for one in inspect(data, group="who").findings if one.kind == "certainty"]
    assert [one.severity for one in found] == [Severity.WARNING] * 2
    assert "60 examples of 1 group: at accuracy 0.8 the standard error is ±0.052 if all were" in found[0].what
    eleven = {name: values[:55] for name, values in sound().items()}
    found = [one for one in inspect(eleven).findings if one.kind == "certainty"]
    assert "the standard error is ±0.1" in found[0].what
    assert found[0].severity is Severity.WARNING


@pytest.mark.parametrize(("task", "metric"), [("regression", "mse 1"), ("anomaly", "auc 0.5")])
def test_certainty_of_other_metrics(inspect: Inspect, task: str, metric: str) -> None:
    data = vectors()
    data["y"] = data["x"][:, 0] if task == "regression" else np.array(["normal", "bad"])[data["y"]]
    found = [one for one in inspect(data, task=task).findings if one.kind == "certainty"]
    assert all(f"at {metric} the standard error is ±0." in one.what for one in found)


def test_anomalies_that_nobody_sees(inspect: Inspect) -> None:
    data = vectors()
    data["y"] = np.array(["normal", "bad"])[data["y"]]
    found = only(inspect(data, task="anomaly", group="who"), "unused anomalies")
    assert "120 of 200 anomalous recordings" in found.what


def test_short_recordings_and_unused_ends(tmp_path: Path, contract: MakeContract) -> None:
    (tmp_path / "mine.py").write_text(
        "import numpy as np\n"
        "def load():\n"
        "    r = np.random.default_rng(1)\n"
        "    x = [r.standard_normal((90 if n % 3 else 20, 1)) for n in range(60)]\n"
        "    return {'x': x, 'y': ['a' if n % 2 else 'b' for n in range(60)]}\n"
    )
    spec = contract("{python: 'mine:load'}", features="window: {length: 50}")
    dataset = load_dataset(spec)
    inspection = look(dataset, split_dataset(dataset, spec.data.split), spec)
    found = only(inspection, "short recordings")
    assert "20 of 60 recordings are shorter than the window of 50 frames: 10 of 'b', 10 of 'a'" in found.what
    assert found.places[0] == "mine.py x[0] has 20"
    assert found.where == "mlforge.yaml:8: features[0].window.length"
    assert "44% of all frames are in no window" in only(inspection, "unused frames").what
    assert inspection.summary.left_out == 20


def test_the_smartwatch_data_are_sound(contract: MakeContract) -> None:
    spec = contract("seglearn-watch", group="subject", features="window: {length: 128, hop: 64}")
    dataset = load_dataset(spec)
    inspection = look(dataset, split_dataset(dataset, spec.data.split), spec)
    assert set(kinds(inspection)) == {"certainty"}
    assert inspection.summary.rate_hz == 50.0
    assert inspection.summary.channels[5].name == "gz"


def test_short_for_a_window_of_columns(tmp_path: Path, contract: MakeContract) -> None:
    """A window of 5 columns of 32 samples, one every 16, takes 32 + 4 * 16 samples."""
    (tmp_path / "mine.py").write_text(
        "import numpy as np\n"
        "def load():\n"
        "    r = np.random.default_rng(1)\n"
        "    x = [r.standard_normal((96 + 64 * (n % 4) - (n % 8 == 4), 1)) for n in range(64)]\n"
        "    return {'x': x, 'y': ['a' if n % 2 else 'b' for n in range(64)]}\n"
    )
    features = "{frame: {length: 32, hop: 16}}, {fft: {}}, {mel: {bands: 4}}, {log: {}}, {window: {length: 5, hop: 4}}"
    spec = contract("{python: 'mine:load'}\n  signal: {rate: 1 kHz}", features=features)
    dataset = load_dataset(spec)
    inspection = look(dataset, split_dataset(dataset, spec.data.split), spec)
    found = only(inspection, "short recordings")
    assert "8 of 64 recordings are shorter than the window of 5 columns, which takes 96 samples" in found.what
    assert sum(split.inputs for split in inspection.summary.splits) == 8 * 1 + 16 * 2 + 16 * 3 + 16 * 4


def test_files_that_no_loader_reads(tmp_path: Path, contract: MakeContract) -> None:
    random = np.random.default_rng(1)
    for label in ("run", "walk"):
        for number in range(30):
            path = tmp_path / "data" / label / f"p{number}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            np.savetxt(path, random.standard_normal((20, 2)), delimiter=",")
    for name in ("walk/monday/p99.csv", "loose.csv", "walk/.hidden/p1.csv", "walk/notes.txt"):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1,2\n")
    spec = contract("{csv: data}", group="subject", features="window: {length: 10}")
    dataset = load_dataset(spec)
    found = only(look(dataset, split_dataset(dataset, spec.data.split), spec), "unread files")
    assert (found.count, found.places) == (2, ("data/loose.csv", "data/walk/monday/p99.csv"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("time_s", ""),
        ("Time (ms)", "; it means 5e+04 Hz, but data.signal.rate says 50 Hz"),
        ("t", ""),
        ("timestamp_us", "; it means 5e+07 Hz, but data.signal.rate says 50 Hz"),
        ("ax", ""),
    ],
)
def test_a_column_of_times_tells_the_rate(tmp_path: Path, contract: MakeContract, name: str, words: str) -> None:
    random = np.random.default_rng(1)
    rows = [f"{name},ay,label,recording"]
    for number in range(40):
        late = 0.02 * np.arange(20) + random.uniform(0, 0.004, 20)
        rows += [f"{late[at]:.4f},{random.standard_normal():.3f},{'ab'[number % 2]},{number}" for at in range(20)]
    (tmp_path / "t.csv").write_text("\n".join(rows) + "\n")
    spec = contract("{csv: t.csv}\n  signal: {rate: 50 Hz}", features="window: {length: 10}")
    dataset = load_dataset(spec)
    found = only(look(dataset, split_dataset(dataset, spec.data.split), spec), "counting column")
    assert found.what == f"{name} grows steadily from frame to frame, in every recording: a clock, and no sensor{words}"


@pytest.mark.parametrize("rate", [8000, 44100])
def test_a_rate_that_the_contract_does_not_name(tmp_path: Path, contract: MakeContract, rate: int) -> None:
    for name in ("yes/a", "yes/b", "no/c", "no/d"):
        path = tmp_path / "data" / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, rate, 0, "NONE", ""))
            file.writeframes(bytes(64))
    with pytest.raises(DataError, match=r"data\.signal\.rate is 16 kHz, but the recordings have") as caught:
        load_dataset(contract("{wav: data}\n  signal: {rate: 16 kHz}"))
    assert caught.value.row == 5
    load_dataset(contract(f"{{wav: data}}\n  signal: {{rate: {rate} Hz}}"))


def test_channels_in_another_order_than_the_contract_s(tmp_path: Path, contract: MakeContract) -> None:
    (tmp_path / "t.csv").write_text("ay,ax,label,recording\n" + "".join(f"1,2,{'ab'[n % 2]},{n}\n" for n in range(20)))
    features = "window: {length: 1}"
    with pytest.raises(DataError, match="in another order: ay, ax"):
        load_dataset(contract("{csv: t.csv}\n  signal: {rate: 50 Hz, channels: [ax, ay]}", features=features))
    load_dataset(contract("{csv: t.csv}\n  signal: {rate: 50 Hz, channels: [ay, ax]}", features=features))


def test_a_single_number_that_comes_twice_is_no_copy(inspect: Inspect) -> None:
    random = np.random.default_rng(1)
    x = random.integers(0, 5000, (2000, 1)) / 100
    inspection = inspect({"x": x, "y": np.sin(x[:, 0]) + 0.1 * random.standard_normal(2000)}, task="regression")
    assert kinds(inspection) == []
    assert "the standard error is ±0." in only_first(inspection).what


def only_first(inspection: Inspection) -> Finding:
    return next(finding for finding in inspection.findings if finding.kind == "certainty")


def test_a_group_with_another_gain_or_offset_is_named(inspect: Inspect) -> None:
    for kind, gain, offset in (("odd gain", 1000.0, 0.0), ("odd offset", 1.0, 500.0)):
        arrays = sound()
        (column,) = [name for name in arrays if name not in ("x", "y")]
        odd = arrays[column] == arrays[column][0]
        arrays["x"][odd] = gain * arrays["x"][odd] + offset
        found = [one for one in inspect(arrays, group=column).findings if one.kind == kind]
        assert len(found) == 1 and f"all of {arrays[column][0]}" in found[0].what
        assert found[0].count == int(odd.sum())


def test_copies_with_another_gain_are_near(inspect: Inspect) -> None:
    arrays = sound(count=240)
    (column,) = [name for name in arrays if name not in ("x", "y")]
    random = np.random.default_rng(3)
    x = np.concatenate([arrays["x"], 1.3 * arrays["x"] + 0.01 * random.standard_normal(arrays["x"].shape)])
    y, who = np.tile(arrays["y"], 2), [f"{name}{copy}" for copy in "ab" for name in arrays[column]]
    found = inspect({"x": x.astype(np.float32), "y": y, column: np.array(who)}, group=column).findings
    assert "near duplicates" in [one.kind for one in found]


def test_a_marker_in_one_frame_is_a_leak(inspect: Inspect) -> None:
    arrays = sound()
    names = sorted(set(arrays["y"].tolist()))
    arrays["x"][:, -1, 0] = 7 + np.array([names.index(label) for label in arrays["y"].tolist()]) / 2
    (found,) = [one for one in inspect(arrays).findings if one.kind == "leak"]
    assert "frame 64 of channel 1 alone tells the label" in found.what
