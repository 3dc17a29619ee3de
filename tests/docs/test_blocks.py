"""That a page cannot pass with a block that nobody checks: the parser, and each check, made to fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlforge.toolchain.sources import root
from tests.docs.blocks import Block, Stage, UnmarkedError, blocks
from tests.docs.checks import CHECKS
from tests.docs.shell import desk

HERE = root() / "docs" / "page.md"  # where a block says it is from


def _page(directory: Path, text: str) -> Path:
    """Pages name themselves from the root of the checkout; this one is nowhere in it."""
    page = directory / "page.md"
    page.write_text(text, encoding="utf-8")
    return page


@pytest.fixture(autouse=True)
def anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Block, "place", property(lambda block: f"{block.page.name}:{block.line}"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("```\nwest build\n```\n", "found the language ''"),
        ("```bash\nwest build\n```\n", "found the language 'bash'"),
        ("Text.\n\n    west build\n", "an indented block"),
        ("```text\nwest build\n```\n", "neither `output` nor `not run`"),
        ("<!-- not run: -->\n```sh\nwest build\n```\n", "found the comment"),
        ("<!-- not run: slow -->\n```sh\nwest build\n```\n", "gives no reason"),
        ("<!-- nightly: slow -->\n```sh\nwest build\n```\n", "gives no reason"),
        ("<!-- skipped: it is slow -->\n```sh\nwest build\n```\n", "found the comment 'skipped: it is slow'"),
        ("<!-- zephyr -->\n<!-- not run: needs a board -->\n```sh\nwest flash\n```\n", "stands alone"),
    ],
)
def test_a_block_that_nobody_checks_is_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(UnmarkedError, match=r"page\.md:\d+: ") as refused:
        blocks(_page(tmp_path, text))
    assert why in str(refused.value)


def test_marks_belong_to_the_next_block_alone(tmp_path: Path) -> None:
    listed = "- item\n\n    <!-- to: a -->\n    ```c\n    x;\n    ```\n"
    text = f"<!-- zephyr -->\n<!-- in: app -->\n```sh\none\n```\n\n```sh\ntwo\n```\n\n{listed}"
    one, two, three = blocks(_page(tmp_path, text))
    assert (one.marks, one.stage, one.line) == ({"zephyr": "", "in": "app"}, Stage.ZEPHYR, 3)
    assert (two.marks, two.stage) == ({}, Stage.QUICK)
    assert (three.marks, three.text) == ({"to": "a"}, "x;\n")


@pytest.mark.parametrize(
    ("language", "text", "marks"),
    [
        ("yaml", "limits: {flash: 32}\n", {}),
        ("yaml", "search: {proposer: nobody}\n", {}),
        ("yaml", "projects: [{nam: x}]\n", {}),
        ("yaml", "- {connected: true, platform: 7}\n", {}),
        ("json", "{", {}),
        ("python", "from mlforge import nothing_of_the_kind\n", {}),
        ("kconfig", "CONFIG_MLFORGE_NO_SUCH_THING=y\n", {}),
        ("kconfig", "CONFIG_MLFORGE = y\n", {}),
        ("c", "void on_frame(const int32_t *frame) { mlforge_no_such_function(frame); }\n", {"in": "function.c"}),
        ("cmake", "mlforge_model(TARGET app FILE models/a.tflite)\n", {"in": "plain"}),
    ],
)
def test_a_wrong_block_fails(tmp_path: Path, language: str, text: str, marks: dict[str, str]) -> None:
    with pytest.raises(Exception, match=r"\w"):
        CHECKS[language](Block(HERE, 1, language, text, marks), tmp_path)


def test_a_command_that_fails_fails_its_page(tmp_path: Path) -> None:
    shell = desk(tmp_path)
    with pytest.raises(ValueError, match="status 1"):
        shell.run(Block(HERE, 1, "sh", "west mlforge check nowhere\n"), 60)
    with pytest.raises(ValueError, match="not over after"):
        shell.run(Block(HERE, 1, "sh", "echo begun; sleep 60\n"), 0.5)
    assert "begun" in shell.run(Block(HERE, 1, "sh", "echo begun; sleep 60\n", {"until": "begun"}), 30)


def test_a_user_s_commands_are_there_and_the_checkout_is_safe(tmp_path: Path) -> None:
    shell = desk(tmp_path)
    printed = shell.run(Block(HERE, 1, "sh", "west mlforge check app && mlforge --help && rm -r mlforge/docs\n"), 120)
    assert "limits.flash" in printed
    assert (root() / "docs").is_dir()
