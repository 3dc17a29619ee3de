"""The list of the runtime's sources is the runtime: nothing forgotten, nothing twice, names that do not collide."""

from __future__ import annotations

import pytest

from mlforge.toolchain.sources import root, runtime_sources

PARTS = ("bundle", "decision", "features", "host", "kernels", "monitor", "signal")


def test_every_source_is_listed_once() -> None:
    listed = runtime_sources(*PARTS)
    assert list(listed) == sorted((root() / "runtime").rglob("*.c"))


@pytest.mark.parametrize("parts", [("kernels",), ("features", "decision", "host")])
def test_parts(parts: tuple[str, ...]) -> None:
    found = {path.relative_to(root() / "runtime").parts[0] for path in runtime_sources(*parts)}
    assert found == {*parts, "signal"}


def test_object_names_do_not_collide() -> None:
    names = [path.name for path in runtime_sources(*PARTS)]
    assert len(names) == len(set(names))
