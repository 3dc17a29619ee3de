"""Any value in any place: a contract either loads or explains itself, with one complaint for each key at most."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from mlforge.contract import load_contract
from mlforge.errors import ContractError

FULL = Path(__file__).parents[2] / "corpus" / "contracts" / "good" / "full.yaml"
BASE = YAML(typ="safe", pure=True).load(FULL.read_text())
SCALARS = [None, True, 0, -1, 1.5, 1e300, 10**20, "", "auto", "nan", "1 KiB", "csv:", "python:", "é" * 50, "1" * 400]
NESTED: list[Any] = [[], {}, [[]], [{}], [None], {"": 1}, {"a": {"b": 1}}, ["window"], {"window": {"length": {}}}]
JUNK = st.sampled_from([*SCALARS, *NESTED]).map(lambda value: json.loads(json.dumps(value)))
KEYS = st.sampled_from(["", "1", "a/b", "a;b", "a[0]", "window", "csv", "loader", "0"])


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of everything in the document, the root excepted."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place for key in keys for place in ((*path, key), *places(value[key], (*path, key)))]


def parent(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        document = document[key]
    return document


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_junk_is_explained(tmp_path: Path, data: st.DataObject) -> None:
    document = json.loads(json.dumps(BASE))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(places(document)))
        holder = parent(document, path)
        match data.draw(st.sampled_from(["put", "drop", "rename"])):
            case "put":
                holder[path[-1]] = data.draw(JUNK)
            case "drop":
                del holder[path[-1]]
            case "rename" if isinstance(holder, dict):
                holder[data.draw(KEYS)] = holder.pop(path[-1])
        if not places(document):
            break
    file = tmp_path / "mlforge.yaml"
    file.write_text(json.dumps(document), encoding="utf-8")
    try:
        load_contract(file)
    except ContractError as error:
        keys = [problem.key for problem in error.problems]
        assert len(keys) == len(set(keys)), str(error)
        assert all(problem.found and problem.expected for problem in error.problems)
        assert "another value" not in str(error), str(error)
