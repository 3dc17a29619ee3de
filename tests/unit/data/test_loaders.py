"""The other loaders: smartwatch, NPZ, WAV and the user's own function."""

from __future__ import annotations

import wave
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from mlforge.contract import Contract
from mlforge.data import load_dataset, seglearn_watch
from mlforge.errors import DataError

from .conftest import MakeContract


def error(contract: Contract) -> DataError:
    with pytest.raises(DataError) as caught:
        load_dataset(contract)
    return caught.value


def test_smartwatch(contract: MakeContract) -> None:
    dataset = load_dataset(contract("seglearn-watch", group="subject", strata="subject, side"))
    assert len(dataset.signals) == 140
    assert len(dataset.classes) == 7
    assert len(set(dataset.groups)) == 10
    assert all(signal.dtype == np.float32 and signal.shape[1] == 6 for signal in dataset.signals)
    assert set(dataset.strata["side"]) == {"0", "1"}
    assert load_dataset(contract("seglearn-watch", group="subject", strata="subject, side")).digest == dataset.digest


def test_smartwatch_package_missing(contract: MakeContract, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", missing)
    assert error(contract("seglearn-watch")).hint == "pip install --no-deps seglearn==1.2.5"


def test_smartwatch_file_changed(tmp_path: Path, contract: MakeContract, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "watch.npy"
    path.write_bytes(b"something else")
    monkeypatch.setattr(seglearn_watch, "_path", lambda: path)
    assert "SHA-256 differs" in error(contract("seglearn-watch")).reason
    path.unlink()
    assert "cannot be read" in error(contract("seglearn-watch")).reason


def test_npz_of_pictures(tmp_path: Path, contract: MakeContract) -> None:
    x = np.arange(6 * 4 * 5 * 3, dtype=np.uint8).reshape(6, 4, 5, 3)
    np.savez(tmp_path / "d.npz", x=x, y=[0, 1, 0, 1, 0, 1], machine=[1, 1, 2, 2, 3, 3])
    dataset = load_dataset(contract("{npz: d.npz}", group="machine"))
    assert dataset.signals[0].shape == (4, 5, 3)
    assert dataset.signals[0].dtype == np.float32
    assert dataset.groups.tolist() == [1, 1, 2, 2, 3, 3]


def test_the_label_is_a_stratum_of_all_data(tmp_path: Path, contract: MakeContract) -> None:
    x = np.zeros((6, 4))
    np.savez(tmp_path / "d.npz", x=x, y=["run", "walk"] * 3)
    assert load_dataset(contract("{npz: d.npz}", strata="label")).strata["label"].tolist() == ["run", "walk"] * 3
    np.savez(tmp_path / "one_hot.npz", x=x, y=np.eye(2)[[0, 1, 0, 1, 0, 1]])
    found = load_dataset(contract("{npz: one_hot.npz}", strata="label", classes="run, walk"))
    assert found.strata["label"].tolist() == ["run", "walk"] * 3
    (tmp_path / "rows.csv").write_text("a,label\n" + "1,run\n2,walk\n" * 3)
    assert load_dataset(contract("{csv: rows.csv}", strata="label")).strata["label"].tolist() == ["run", "walk"] * 3
    (tmp_path / "mine.py").write_text("def f():\n    return {'x': [[1.0], [2.0]] * 3, 'y': ['run', 'walk'] * 3}\n")
    assert load_dataset(contract("{python: 'mine:f'}", strata="label")).strata["label"].tolist() == ["run", "walk"] * 3


def test_for_anomaly_each_kind_is_a_stratum(tmp_path: Path, contract: MakeContract) -> None:
    np.savez(tmp_path / "d.npz", x=np.zeros((4, 8)), y=["normal", "ok", "broken bearing", "worn belt"])
    strata = load_dataset(contract("{npz: d.npz}", task="anomaly", strata="label")).strata["label"].tolist()
    assert strata == ["normal", "ok", "broken bearing", "worn belt"]


def test_for_regression_the_label_is_no_stratum(tmp_path: Path, contract: MakeContract) -> None:
    np.savez(tmp_path / "d.npz", x=np.zeros((4, 8)), y=np.arange(4.0))
    assert "'label'" in error(contract("{npz: d.npz}", task="regression", strata="label")).reason


def test_npz_anomaly_labels(tmp_path: Path, contract: MakeContract) -> None:
    np.savez(tmp_path / "d.npz", x=np.zeros((4, 8)), y=["normal", "ok", "broken bearing", "normal"])
    dataset = load_dataset(contract("{npz: d.npz}", task="anomaly"))
    assert dataset.labels.tolist() == [0, 0, 1, 0]
    assert dataset.classes == ("normal", "anomaly")
    np.savez(tmp_path / "d.npz", x=np.zeros((2, 8)), y=["bad", "worse"])
    assert "no normal recording" in error(contract("{npz: d.npz}", task="anomaly")).reason


def test_broken_npz(tmp_path: Path, contract: MakeContract) -> None:
    path = tmp_path / "d.npz"
    spec = contract("{npz: d.npz}")
    assert "no such file" in error(spec).reason
    path.write_bytes(b"PK not a zip")
    assert "cannot be read as .npz" in error(spec).reason
    np.savez(path, x=np.zeros((4, 8)))
    assert "no array 'y' (arrays: x)" in error(spec).reason
    np.savez(path, x=np.zeros((4, 8)), y=[0, 1, 0])
    assert "y has shape (3,), but x has 4 examples" in error(spec).reason
    np.savez(path, x=np.zeros(4), y=[0, 1, 0, 1])
    assert "2 to 4 dimensions" in error(spec).reason
    np.savez(path, x=np.zeros((4, 8), dtype=complex), y=[0, 1, 0, 1])
    assert "complex" in error(spec).reason
    np.savez(path, x=np.array([[1], [2, 3], [4], [5]], dtype=object), y=[0, 1, 0, 1])
    assert "pickled objects" in error(spec).reason
    values = np.zeros((4, 8, 2))
    values[2, 5, 1] = np.nan
    np.savez(path, x=values, y=[0, 1, 0, 1])
    found = error(spec)
    assert (found.file, found.row) == (str(path), 3)
    assert "nan in row 6 in column 2" in found.reason
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    assert "single array" in error(spec).reason


def write_wav(path: Path, samples: np.ndarray, rate: int = 16000, width: int = 2) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())


def test_wav(tmp_path: Path, contract: MakeContract) -> None:
    samples = np.array([[0, 16384], [-32768, 32767]], dtype="<i2")
    for name in ("yes/ann_1.wav", "yes/bob.wav", "no/ann_2.WAV"):
        write_wav(tmp_path / "data" / name, samples)
    dataset = load_dataset(contract("{wav: data}", group="subject"))
    assert dataset.classes == ("no", "yes")
    assert dataset.groups.tolist() == ["ann", "ann", "bob"]
    np.testing.assert_array_equal(dataset.signals[0], samples.astype(np.float32) / 32768)


def test_broken_wav(tmp_path: Path, contract: MakeContract) -> None:
    samples = np.zeros((4, 1), dtype="<i2")
    write_wav(tmp_path / "data" / "no" / "a.wav", samples)
    path = tmp_path / "data" / "yes" / "b.wav"
    spec = contract("{wav: data}")
    write_wav(path, samples, rate=8000)
    assert "8000 Hz, but a.wav has 16000 Hz" in error(spec).reason
    write_wav(path, samples[:0])
    assert "no samples" in error(spec).reason
    write_wav(path, np.zeros((4, 2), dtype="<i2"))
    assert "2 channels, but a.wav has 1" in error(spec).reason
    assert "ffmpeg -i IN.wav -ac 1" in error(spec).hint
    path.write_bytes(b"RIFF")
    assert "cannot be read as WAV" in error(spec).reason


def test_own_function(tmp_path: Path, contract: MakeContract) -> None:
    (tmp_path / "neighbour.py").write_text("LABELS = ['a', 'b', 'a']\n")
    (tmp_path / "mine.py").write_text(
        "import neighbour\n"
        "def load():\n"
        "    return {'x': [[[1, 2]], [[3, 4], [5, 6]], [[7, 8]]], 'y': neighbour.LABELS, 'who': [1, 2, 3]}\n"
    )
    dataset = load_dataset(contract("{python: 'mine:load'}", group="who"))
    assert [signal.shape for signal in dataset.signals] == [(1, 2), (2, 2), (1, 2)]
    assert dataset.groups.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("code", "row", "reason"),
    [
        ("x = 1\n", 0, "no function 'load'"),
        ("def load():\n    return 1\n", 0, "returned int: expected a mapping"),
        ("def load():\n    return {'x': ['a'], 'y': [1]}\n", 0, "no array of numbers"),
        ("def load():\n    x = 0\n    return 1 / x\n", 3, "raised ZeroDivisionError"),
        ("def load(:\n", 1, "raised SyntaxError"),
        ("import no_such_module_at_all\n", 1, "raised ModuleNotFoundError"),
        ("import sys\ndef load():\n    sys.exit(0)\n", 3, "called sys.exit(0)"),
        ("import sys\nsys.exit()\n", 2, "called sys.exit(None)"),
        ("class Stop(BaseException): pass\ndef load():\n    raise Stop\n", 3, "raised Stop"),
        ("def load():\n    raise KeyboardInterrupt\n", 2, "raised KeyboardInterrupt"),
        ("import os\ndef load():\n    os._exit(0)\n", 0, "ended its process before it returned, with exit status 0"),
        ("import os\ndef load():\n    os.kill(os.getpid(), 9)\n", 0, "killed by SIGKILL"),
        ("def load():\n    input()\n", 2, "raised EOFError"),
        ("def load():\n    return {'x': [[[1.0]]], 'y': [1, 2]}\n", 0, "1 recordings, but labels"),
        ("def load():\n    return {'x': [], 'y': []}\n", 0, "no recordings"),
        ("def load():\n    return {'x': [[[1]], [[1, 2]]], 'y': [1, 2]}\n", 0, "does not go with"),
    ],
)
def test_own_function_that_fails(tmp_path: Path, contract: MakeContract, code: str, row: int, reason: str) -> None:
    (tmp_path / "mine.py").write_text(code)
    found = error(contract("{python: 'mine:load'}"))
    assert reason in found.reason
    assert found.row == row


@pytest.mark.parametrize(
    ("column", "good"), [("[1, 'b', None]", True), ("[[1], [2], [3]]", False), ("[1.0, float('nan'), 2]", False)]
)
def test_own_groups(tmp_path: Path, contract: MakeContract, column: str, good: bool) -> None:
    code = f"def load():\n    return {{'x': [[[1.0]]] * 3, 'y': ['a', 'b', 'a'], 'who': {column}}}\n"
    (tmp_path / "mine.py").write_text(
        code.replace("'who': [1, 'b', None]", "'who': np.array([1, 'b', None], dtype=object)")
    )
    (tmp_path / "mine.py").write_text("import numpy as np\n" + (tmp_path / "mine.py").read_text())
    spec = contract("{python: 'mine:load'}", group="who")
    if good:
        assert load_dataset(spec).groups.tolist() == ["1", "b", "None"]
    else:
        assert "column 'who' (data.split.group)" in error(spec).reason


def test_own_module_missing(contract: MakeContract) -> None:
    assert "no such module beside the contract" in error(contract("{python: 'mine:load'}")).reason


GOOD = "    return {'x': np.arange(6, dtype=float).reshape(3, 2), 'y': ['a', 'b', 'a']}\n"


def test_own_function_leaves_nothing_behind(
    tmp_path: Path, contract: MakeContract, capfd: pytest.CaptureFixture[str]
) -> None:
    """Stdout is one JSON document elsewhere; and a changed directory, a handler or a dead thread is its own affair."""
    code = "import os, sys\nimport numpy as np\ndef load():\n    print('hello')\n    os.system('echo child')\n"
    (tmp_path / "mine.py").write_text(f"{code}    os.chdir('/')\n    sys.stdout.close()\n{GOOD}")
    before = Path.cwd()
    dataset = load_dataset(contract("{python: 'mine:load'}"))
    np.testing.assert_array_equal(np.stack([*dataset.signals]), [[0, 1], [2, 3], [4, 5]])
    out, err = capfd.readouterr()
    assert out == ""
    assert "hello" in err
    assert "child" in err
    assert Path.cwd() == before


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_own_function_with_processes(tmp_path: Path, contract: MakeContract, start: str) -> None:
    """They find the function that they are to run, and one that is left behind holds nobody up."""
    (tmp_path / "mine.py").write_text(
        "import multiprocessing, time\nimport numpy as np\ndef double(x):\n    return 2 * x\n"
        "def load():\n"
        f"    context = multiprocessing.get_context('{start}')\n"
        "    with context.Pool(2) as pool:\n"
        "        x = np.array(pool.map(double, range(6)), dtype=float).reshape(3, 2)\n"
        "    context.Process(target=time.sleep, args=(60,)).start()\n"
        "    return {'x': x, 'y': ['a', 'b', 'a']}\n"
    )
    dataset = load_dataset(contract("{python: 'mine:load'}"))
    np.testing.assert_array_equal(np.stack([*dataset.signals]), [[0, 2], [4, 6], [8, 10]])


def test_own_function_named_as_a_module_of_python(tmp_path: Path, contract: MakeContract) -> None:
    (tmp_path / "csv.py").write_text(f"import numpy as np\ndef load():\n{GOOD}")
    assert len(load_dataset(contract("{python: 'csv:load'}")).signals) == 3


def test_own_function_that_takes_long_is_spoken_of(
    tmp_path: Path, contract: MakeContract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlforge.data.reading.FIRST_S", 0.0)
    (tmp_path / "mine.py").write_text(f"import time\nimport numpy as np\ndef load():\n    time.sleep(2)\n{GOOD}")
    said: list[str] = []
    load_dataset(contract("{python: 'mine:load'}"), said.append)
    assert said[0] == "data: mine:load is at work"


@pytest.mark.parametrize("labels", [[[1, 0], [0, 1], [1, 0]], [[1.0, 0], [0, 1], [1, 0]], [[True, False]] * 3])
def test_one_hot_labels(tmp_path: Path, contract: MakeContract, labels: list[list[float]]) -> None:
    np.savez(tmp_path / "d.npz", x=np.zeros((3, 4)), y=labels)
    assert load_dataset(contract("{npz: d.npz}", classes="walk, run")).classes == ("walk", "run")
    if labels[0] != labels[1]:
        dataset = load_dataset(contract("{npz: d.npz}"))
        assert (dataset.classes, dataset.labels.tolist()) == (("0", "1"), [0, 1, 0])


@pytest.mark.parametrize("labels", [[[1, 1], [0, 1], [1, 0]], [[0.5, 0.5]] * 3, [["a", "b"]] * 3, [[0, 0]] * 3])
def test_labels_of_several_columns_that_are_not_one_hot(
    tmp_path: Path, contract: MakeContract, labels: list[list[float]]
) -> None:
    np.savez(tmp_path / "d.npz", x=np.zeros((3, 4)), y=labels)
    found = error(contract("{npz: d.npz}"))
    assert "shape (3, 2)" in found.reason
    assert "task: regression" in found.hint


def test_numbers_to_predict_are_no_classes(tmp_path: Path, contract: MakeContract) -> None:
    np.savez(tmp_path / "d.npz", x=np.zeros((3000, 4)), y=np.linspace(0.001, 9.001, 3000))
    found = error(contract("{npz: d.npz}"))
    assert "3,000 classes that are numbers" in found.reason
    assert "task: regression" in found.hint


def test_labels_of_bytes(tmp_path: Path, contract: MakeContract) -> None:
    np.savez(tmp_path / "d.npz", x=np.zeros((3, 4)), y=[b"walk", b"run", b"walk"])
    assert load_dataset(contract("{npz: d.npz}")).classes == ("run", "walk")


def test_recordings_shorter_than_the_window_are_left_out_by_name(tmp_path: Path, contract: MakeContract) -> None:
    for name, frames in (("yes/a", 8), ("yes/b", 3), ("no/c", 8), ("no/d", 2), ("no/e", 4)):
        write_wav(tmp_path / "data" / f"{name}.wav", np.zeros((frames, 1), dtype="<i2"))
    dataset = load_dataset(contract("{wav: data}", group="subject", features="window: {length: 4}"))
    assert dataset.groups.tolist() == ["c", "e", "a"]
    assert [(Path(one.source.file).name, one.frames, one.label) for one in dataset.left_out] == [
        ("d.wav", 2, "no"),
        ("b.wav", 3, "yes"),
    ]
    whole = load_dataset(contract("{wav: data}", group="subject", features="window: {length: 2}"))
    assert whole.left_out == ()
    assert whole.digest != dataset.digest
    found = error(contract("{wav: data}", features="window: {length: 9}"))
    assert "the longest recording has 8 frames, the window needs 9" in found.reason
    assert found.row > 0
