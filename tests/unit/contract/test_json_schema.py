"""The schema for editors: made from the one source, published as it is, and of one mind with `check`."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from mlforge.cli.main import main
from mlforge.contract.json_schema import FILE, MODELINE, json_schema, json_schema_text
from mlforge.toolchain.sources import root

CORPUS = Path(__file__).parents[2] / "corpus" / "contracts"
PUBLISHED = root() / "docs" / "contract.schema.json"
# Wrong in ways that a schema can know: a key, a type, a unit, a range, a list of values.
SEEN = ("unknown-", "-unit", "wrong-case", "misspelt", "board-", "missing", "trials-", "-too-large", "is-a-")


def complaints(document: Any) -> list[str]:
    jsonschema = importlib.import_module("jsonschema")  # which has no types
    return [error.message for error in jsonschema.Draft7Validator(json_schema()).iter_errors(document)]


def document(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path.read_bytes())


def test_what_is_published_is_what_is_made() -> None:
    """`python -c 'from mlforge.contract.json_schema import *; print(json_schema_text(), end="")'` writes it anew."""
    assert PUBLISHED.read_text(encoding="utf-8") == json_schema_text()


def leaves(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for key, inner in schema.get("properties", {}).items():
        yield f"{path}{key}", inner
        yield from leaves(inner, f"{path}{key}.")


def test_every_key_says_what_it_is_for() -> None:
    for key, inner in leaves(json_schema()):
        purpose, _, expected = inner["description"].partition("Expected: ")
        assert len(purpose) > 10 and expected, key


@pytest.mark.parametrize("path", sorted((CORPUS / "good").iterdir()), ids=lambda path: path.stem)
def test_good_contracts_are_good(path: Path) -> None:
    assert complaints(document(path)) == []


@pytest.mark.parametrize("app", sorted(path.parent.name for path in (root() / "samples").glob("*/mlforge.yaml")))
def test_samples_are_good(app: str) -> None:
    assert complaints(document(root() / "samples" / app / "mlforge.yaml")) == []


def test_an_editor_sees_most_mistakes() -> None:
    paths = [path for path in sorted((CORPUS / "wrong").iterdir()) if any(word in path.stem for word in SEEN)]
    readable = []
    for path in paths:
        try:
            readable.append((path.stem, document(path)))
        except Exception:  # no YAML, or such as MLForge does not read
            continue
    blind = [name for name, values in readable if not complaints(values)]
    assert len(readable) > 40
    assert len(blind) < len(readable) / 3, blind


def test_init_tells_editors(tmp_path: Path) -> None:
    assert main(["init", str(tmp_path), "--name", "motor"]) == 0
    assert (tmp_path / "mlforge.yaml").read_text().splitlines()[0] == MODELINE
    assert json.loads((tmp_path / FILE).read_text()) == json_schema()
    assert (tmp_path / ".mlforge" / ".gitignore").read_text() == "*\n"
    assert complaints(document(tmp_path / "mlforge.yaml")) == []
