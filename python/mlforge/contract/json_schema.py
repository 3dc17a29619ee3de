"""The contract's schema for editors, as JSON Schema (draft 7): made from schema.yaml, which stays the one source.

Editors complete keys and values by it, show what each is for, and mark what cannot be. What spans several keys is for
`check` to say.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from mlforge.contract.boards import ALIASES, CLOCK_HZ
from mlforge.contract.products import measured_names
from mlforge.contract.schema import schema
from mlforge.contract.units import FREQUENCIES_HZ, SHARES, SIZES, TIMES_US

FILE: Final = Path(".mlforge") / "contract.schema.json"  # beside the contract
MODELINE: Final = f"# yaml-language-server: $schema={FILE.as_posix()}"
_DRAFT: Final = "http://json-schema.org/draft-07/schema#"
_TYPES: Final = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
_QUANTITIES: Final[Mapping[str, Iterable[str]]] = {
    "a size": SIZES,
    "a time": TIMES_US,
    "a frequency": FREQUENCIES_HZ,
    "a share such": SHARES,
}


def json_schema() -> dict[str, Any]:
    """JSON values, in the order of schema.yaml."""
    made = _converted(schema())
    split = made["properties"]["data"]["properties"]["split"]
    split["anyOf"] = [{"required": ["validate", "test"]}, {"required": ["folds"]}]
    board = made["properties"]["target"]["properties"]["board"]
    board["examples"] = [*CLOCK_HZ]
    board["anyOf"] = [{"enum": [*CLOCK_HZ, *ALIASES, *measured_names()]}, {"pattern": "@"}]  # a revision
    return {"$schema": _DRAFT, "title": "mlforge.yaml", **made}


def json_schema_text() -> str:
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _converted(rule: Mapping[str, Any]) -> dict[str, Any]:
    told = " ".join(part for part in (rule.get("name"), f"Expected: {rule['desc']}." if "desc" in rule else "") if part)
    made: dict[str, Any] = {"description": told} if told else {}
    if "mapping" in rule:
        keys = rule["mapping"]
        made |= {"type": "object", "additionalProperties": False}
        made["properties"] = {key: _converted(inner) for key, inner in keys.items()}
        if required := [key for key, inner in keys.items() if inner.get("required")]:
            made["required"] = required
    elif "sequence" in rule:
        made |= {"type": "array", "items": _converted(rule["sequence"][0])}
    else:
        made |= _value(rule)
    return made


def _value(rule: Mapping[str, Any]) -> dict[str, Any]:
    kind, made = rule["type"], dict[str, Any]()
    if kind == "any":
        return _quantity(str(rule.get("desc", "")))
    if kind in _TYPES:
        made["type"] = _TYPES[kind]
    if "enum" in rule:
        made["enum"] = list(rule["enum"])
    if "pattern" in rule:
        made["pattern"] = rule["pattern"].replace(r"\Z", "$")  # the same in JavaScript's words
    for ours, theirs in (("min", "minimum"), ("max", "maximum")):
        if ours in rule.get("range", {}):
            made[theirs] = rule["range"][ours]
    return made


def _quantity(desc: str) -> dict[str, Any]:
    """A number with its unit written out; nothing is said of other values that have no one type."""
    units = next((units for words, units in _QUANTITIES.items() if desc.startswith(words)), None)
    if units is None:
        return {}
    pattern = rf"\s*\+?(\d+(\.\d*)?|\.\d+)\s*({'|'.join(units)})\s*"
    return {"type": "string", "pattern": f"^({pattern}|auto)$" if desc.endswith("or auto") else f"^{pattern}$"}
