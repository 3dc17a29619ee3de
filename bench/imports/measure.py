"""Imports the twenty networks of networks.py, and says how far the float and int8 models are from PyTorch.

Usage: python bench/imports/measure.py [NAME...]. Converters are installed on first use.
"""

from __future__ import annotations

import ast
import sys
import tempfile
from pathlib import Path

import numpy as np

from mlforge.app.import_model import Source, import_model
from mlforge.errors import ForgeError

NETWORKS = Path(__file__).with_name("networks.py")
EXAMPLES = 40


def shapes() -> dict[str, tuple[int, ...]]:
    """`SHAPES` of networks.py, which needs PyTorch to be imported."""
    tree = ast.parse(NETWORKS.read_text(encoding="utf-8"))
    values = (each.value for each in tree.body if isinstance(each, ast.AnnAssign) and each.value is not None)
    return dict(ast.literal_eval(next(values)))


def main(names: list[str]) -> int:
    failed = 0
    print(f"{'network':<28}{'float':>10}{'int8':>10}  engine")
    for name, shape in shapes().items():
        if names and name not in names:
            continue
        x = np.random.default_rng(1).normal(size=(EXAMPLES, *shape)).astype(np.float32)
        try:
            report = import_model(Source(factory_file(name), "make"), x).report
            print(f"{name:<28}{report.float_error:>10.1g}{report.int8_error:>10.2g}  {report.engine or 'compiles'}")
            failed += report.float_error > 1e-3 or bool(report.engine)
        except ForgeError as error:
            print(f"{name:<28}{error}")
            failed += 1
    return failed


def factory_file(name: str) -> Path:
    """A file with a factory for the seeded and settled network."""
    place = Path(tempfile.gettempdir()) / f"mlforge-network-{name}.py"
    text = f"import sys\nsys.path.insert(0, {str(NETWORKS.parent)!r})\nfrom networks import network\n\n\n"
    place.write_text(f"{text}def make():\n    return network({name!r})\n", encoding="utf-8")
    return place


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
