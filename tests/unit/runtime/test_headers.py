"""Each public header of the runtime by itself, in C and C++, with every warning an error; and what users initialise."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from mlforge.toolchain.sources import root

INCLUDE: Final = root() / "runtime" / "include"
# Those for the cores that have such instructions are compiled with the kernels.
HEADERS: Final = sorted(
    f"mlforge/{path.name}"
    for path in (INCLUDE / "mlforge").glob("*.h")
    if not path.name.startswith(("kernels_dsp", "kernels_mve"))
)
C: Final = ("gcc", "-xc", "-std=c11")
STANDARDS: Final = (C, *(("g++", "-xc++", f"-std=c++{year}") for year in ("11", "14", "17", "20")))
INITIALISED: Final = """
#include <mlforge/instance.h>
extern const struct mlforge_model model;
extern uint8_t arena[];
const struct mlforge_model *first_of(void);
const struct mlforge_model *first_of(void)
{
	static const struct mlforge_instance one = MLFORGE_INSTANCE_INIT(&model, arena);
	return one.model;
}
"""


def refused(command: tuple[str, ...], text: str) -> str:
    """What the compiler has against the text; empty where it takes it."""
    flags = ["-Wall", "-Wextra", "-Wpedantic", "-Wmissing-field-initializers", "-Werror", "-fsyntax-only"]
    return subprocess.run(
        [*command, *flags, f"-I{INCLUDE}", "-"], input=text, capture_output=True, text=True, check=False
    ).stderr


@pytest.mark.parametrize("command", [C, STANDARDS[1]], ids=lambda command: command[-1])
def test_each_header_stands_alone(command: tuple[str, ...]) -> None:
    complaints = {name: refused(command, f"#include <{name}>\n#include <{name}>\n") for name in HEADERS}
    assert {name: words for name, words in complaints.items() if words} == {}


@pytest.mark.parametrize("command", STANDARDS, ids=lambda command: command[-1])
def test_all_headers_together_and_what_users_initialise(command: tuple[str, ...]) -> None:
    assert refused(command, "".join(f"#include <{name}>\n" for name in HEADERS) + INITIALISED) == ""


def test_a_field_that_is_left_out_is_noticed() -> None:
    incomplete = INITIALISED.replace("MLFORGE_INSTANCE_INIT(&model, arena)", "{&model, arena}")
    assert "missing initializer" in refused(STANDARDS[3], incomplete)


INTERNAL: Final = re.compile(r"/\*\* @cond INTERNAL_HIDDEN \*/.*?/\*\* @endcond \*/", re.DOTALL)
PLAIN: Final = re.compile(
    r"^/\*(?!\*)(?:(?!\*/).)*\*/\n(?=(?:static inline |extern |struct |enum |\w[\w *]*\())", re.MULTILINE | re.DOTALL
)
PUBLIC: Final = sorted(
    path
    for path in [*(INCLUDE / "mlforge").glob("*.h"), *(root() / "zephyr" / "include" / "mlforge").glob("*.h")]
    if not path.name.startswith("kernels")
)


@pytest.mark.parametrize("path", PUBLIC, ids=lambda path: path.name)
def test_public_headers_are_documented_for_doxygen(path: Path) -> None:
    text = INTERNAL.sub("", path.read_text(encoding="utf-8"))
    assert re.match(r"/\* SPDX-License-Identifier: Apache-2\.0 \*/\n/\*\*\n \* @file\n \* @brief \S", text)
    assert [found[0].splitlines()[0] for found in PLAIN.finditer(text)] == []
