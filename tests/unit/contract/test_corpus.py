"""Contracts with one mistake each: the first line of every file says what the one problem must be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mlforge.contract import load_contract
from mlforge.errors import ContractError

CORPUS = Path(__file__).parents[2] / "corpus" / "contracts"
WRONG = sorted((CORPUS / "wrong").iterdir())
GOOD = sorted((CORPUS / "good").iterdir())
EXPECT = re.compile(r"# expect: line (?P<line>\d+); (?P<key>[^;]+); (?P<found>[^;]*); (?P<expected>[^;]+)")


def test_corpus_is_there() -> None:
    assert len(WRONG) >= 45
    assert len(GOOD) >= 5


@pytest.mark.parametrize("path", WRONG, ids=lambda path: path.stem)
def test_wrong_contract_names_its_one_mistake(path: Path) -> None:
    match = EXPECT.fullmatch(path.read_bytes().splitlines()[0].decode())
    assert match, "the first line must say what to expect"
    with pytest.raises(ContractError) as caught:
        load_contract(path)
    assert len(caught.value.problems) == 1, str(caught.value)
    problem = caught.value.problems[0]
    assert problem.file == path
    assert problem.line == int(match["line"]), str(problem)
    assert problem.key == match["key"]
    assert match["found"] in problem.found
    assert match["expected"] in problem.expected
    where = f"{path}:{problem.line}" if problem.line else str(path)
    assert str(caught.value) == f"{where}: {problem.key}: found {problem.found}, expected {problem.expected}"


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_contract_loads(path: Path) -> None:
    assert load_contract(path).path == path
