"""The contract's `user` stage: which files it takes, and that another text is another contract."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlforge.contract import Contract, load_contract
from mlforge.contract.stages_user import UserSpec
from mlforge.errors import ContractError

CONTRACT = """\
name: own
task: classification
data:
  csv: data
  split: {{validate: 0.2, test: 0.2}}
  signal: {{rate: 1 kHz, channels: [x, y]}}
features:
  - frame: {{length: 64}}
  - user: {user}
limits: {{ram: 10 KiB}}
goals: {{accuracy: 0.8}}
"""
CODE = "#include <mlforge/user_stage.h>\nvoid peak(const struct mlforge_user_block *b, int32_t *m, void *s) {}\n"


def load(directory: Path, user: str, code: str = CODE) -> Contract:
    (directory / "src").mkdir(exist_ok=True)
    if not (directory / "src" / "peak.c").exists() or code != CODE:
        (directory / "src" / "peak.c").write_text(code)
    (directory / "mlforge.yaml").write_text(CONTRACT.format(user=user))
    return load_contract(directory)


def test_settings(tmp_path: Path) -> None:
    (front_end,) = load(
        tmp_path, "{file: src/peak.c, function: peak, makes: 3, fraction_bits: 8, state: 16}"
    ).front_ends
    assert front_end.stages[1] == UserSpec("src/peak.c", "peak", CODE, 3, 8, 16)
    (front_end,) = load(tmp_path, "{file: src/peak.c, function: peak}").front_ends
    assert front_end.stages[1] == UserSpec("src/peak.c", "peak", CODE, 1)


def test_another_text_is_another_contract(tmp_path: Path) -> None:
    first = load(tmp_path, "{file: src/peak.c, function: peak}").digest
    assert load(tmp_path, "{file: src/peak.c, function: peak}", CODE + "/* */\n").digest != first
    assert load(tmp_path, "{file: src/peak.c, function: peak}", CODE.replace("\n", "\r\n")).digest == first


PEAK = "{file: src/peak.c, function: peak}"
WRONG = [
    ("{function: peak}", "file", "nothing", "a C file", CODE),
    ("{file: src/peak.c}", "function", "nothing", "a function in it", CODE),
    ("{file: src/peak.c, function: 2nd}", "function", "'2nd'", "a C identifier", CODE),
    ("{file: src/peak.c, function: mlforge_peak}", "function", "mlforge_peak", "does not begin with", CODE),
    ("{file: ../peak.c, function: peak}", "file", "'../peak.c'", "below the contract's directory", CODE),
    ("{file: /etc/peak.c, function: peak}", "file", "/etc/peak.c", "below the contract's directory", CODE),
    ("{file: src/peak.h, function: peak}", "file", "src/peak.h", "a C file", CODE),
    ("{file: src/none.c, function: peak}", "file", "no such file", "a C file", CODE),
    ("{file: src/peak.c, function: crest}", "file", "does not have the function crest", "void crest", CODE),
    (PEAK, "file", 'includes "own.h"', "one file", '#include "own.h"\n' + CODE),
    (PEAK, "file", "of more than 64 KiB", "at most", CODE + " " * 65_536),
    (PEAK, "file", "a byte 0", "a C file", CODE + "\0"),
    ("{file: src/peak.c, function: peak, makes: 0}", "makes", "0", "from 1 to 4096", CODE),
]


@pytest.mark.parametrize(("user", "key", "found", "expected", "code"), WRONG, ids=[f"{w[1]}: {w[2]}" for w in WRONG])
def test_mistakes(tmp_path: Path, user: str, key: str, found: str, expected: str, code: str) -> None:
    with pytest.raises(ContractError) as caught:
        load(tmp_path, user, code)
    (problem,) = caught.value.problems
    assert (problem.line, problem.key) == (9, f"features[1].user.{key}")
    assert found in problem.found
    assert expected in problem.expected


@pytest.mark.parametrize("kind", ["fifo", "directory", "link"])
def test_files_that_are_none(tmp_path: Path, kind: str) -> None:
    (tmp_path / "app" / "src").mkdir(parents=True)
    place = tmp_path / "app" / "src" / "peak.c"
    if kind == "fifo":
        os.mkfifo(place)
    elif kind == "directory":
        place.mkdir()
    else:
        (tmp_path / "peak.c").write_text(CODE)
        place.symlink_to(tmp_path / "peak.c")
    with pytest.raises(ContractError, match=r"no regular file|cannot be read|leads out of"):
        load(tmp_path / "app", PEAK)
