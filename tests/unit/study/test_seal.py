"""The test split: nothing depends on it before there is a winner, and every opening is counted."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mlforge.app.prepare as prepare_module
from mlforge.app.prepare import Examples, prepare
from mlforge.contract.contract import Contract, SplitSpec
from mlforge.contract.load import load_contract
from mlforge.data.dataset import Dataset
from mlforge.data.load import load_dataset
from mlforge.data.splits import split_dataset
from mlforge.records.opening import Opening
from mlforge.study.memory.database import storage_url
from mlforge.study.memory.study_store import StudyStore
from mlforge.study.winner.seal import note_opening

SOURCES = Path(prepare_module.__file__).parents[1]
SPLIT = SplitSpec("person", 0.2, 0.2, 1)

CONTRACT = """
name: sensor
task: classification
data:
  loader: {npz: data.npz}
  split: {group: person, validate: 0.2, test: 0.2}
features:
  - window: {length: 10, hop: 5}
  - standardise: {}
limits: {flash: 32 KiB}
goals: {accuracy: 0.8}
"""


@pytest.fixture
def contract(tmp_path: Path) -> Contract:
    random = np.random.default_rng(0)
    y = np.tile([0, 1], 20)
    x = random.normal(size=(40, 30, 2)) + y[:, None, None]
    np.savez(tmp_path / "data.npz", x=x.astype(np.float32), y=y, person=np.repeat(np.arange(10), 4))
    (tmp_path / "mlforge.yaml").write_text(CONTRACT)
    return load_contract(tmp_path)


def poisoned(contract: Contract) -> Dataset:
    """The same data, but with nonsense in every recording of the test split."""
    dataset = load_dataset(contract)
    test = set(split_dataset(dataset, contract.data.split).test.tolist())
    assert test
    signals = [np.full_like(each, 1e6) if index in test else each for index, each in enumerate(dataset.signals)]
    return replace(dataset, signals=tuple(signals))


def test_nothing_that_a_search_sees_depends_on_the_test_split(
    contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scaling, ranges, training and validation examples are byte for byte the same with other test data."""
    clean = prepare(contract)
    nonsense = poisoned(contract)
    monkeypatch.setattr(prepare_module, "load_dataset", lambda *_: nonsense)
    other = prepare(contract)
    assert clean.pipeline == other.pipeline
    for one, two in ((clean.train, other.train), (clean.validate, other.validate)):
        assert _bytes(one) == _bytes(two)
    opened = other.open_test(Opening((0,), 1))
    assert not np.array_equal(opened.x, clean.open_test(Opening((0,), 1)).x)
    assert not set(opened.groups) & {*clean.train.groups, *clean.validate.groups}


def _bytes(examples: Examples) -> list[bytes]:
    return [array.tobytes() for array in (examples.x, examples.y, examples.groups, *examples.recordings)]


def test_the_split_is_opened_in_three_places_only() -> None:
    """By the end of a study, for each of its folds, and by `verify`, for a model that is locked already; all note it
    before."""
    callers: dict[str, list[ast.Call]] = {}
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "open_test":
                callers.setdefault(path.relative_to(SOURCES).as_posix(), []).append(node)
            if isinstance(node, ast.Attribute) and node.attr == "_splits":
                assert path.name == "prepare.py", f"{path} reaches behind the seal"
    assert sorted(callers) == ["study/stages.py", "study/winner/finish.py", "study/winner/folds.py"]
    assert all(len(calls) == 1 and len(calls[0].args) == 1 for calls in callers.values())


def test_openings_are_counted_over_all_studies_of_the_same_split(tmp_path: Path) -> None:
    one, two = (StudyStore(storage_url(tmp_path), name, maximise=True) for name in ("first", "second"))
    assert note_opening(one, "data", SPLIT, 3, "sha-a") == Opening((3,), 1)
    assert note_opening(one, "data", SPLIT, 3, "sha-a") == Opening((3,), 1)  # the same model again
    assert note_opening(one, "data", SPLIT, 5, "sha-b") == Opening((3, 5), 2)
    assert note_opening(two, "data", SPLIT, 0, "sha-c") == Opening((0,), 3)  # another contract, the same data
    assert note_opening(two, "data", SPLIT, None, "sha-a") == Opening((0,), 3)  # verify, of the first one's model


def test_other_data_or_another_split_are_counted_apart(tmp_path: Path) -> None:
    one, two, three = (StudyStore(storage_url(tmp_path), name, maximise=True) for name in ("a", "b", "c"))
    note_opening(one, "data", SPLIT, 3, "sha-a")
    assert note_opening(two, "other", SPLIT, 1, "sha-b").models == 1
    assert note_opening(three, "data", replace(SPLIT, seed=2), 1, "sha-b").models == 1
