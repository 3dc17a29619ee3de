"""Whether a release is one version everywhere. Usage: check_version.py vX.Y.Z"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def versions() -> dict[str, str]:
    """Where a version stands, and which."""
    package = (ROOT / "python" / "mlforge" / "__init__.py").read_text(encoding="utf-8")
    released = re.search(r"^## \[?(\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    stated = re.search(r'__version__: Final = "(.*)"', package)
    return {
        "pyproject.toml": tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"],
        "python/mlforge/__init__.py": stated[1] if stated else "none",
        "CHANGELOG.md": released[1] if released else "none",
    }


def main(tag: str) -> int:
    wrong = [f"{where} says {version}" for where, version in versions().items() if f"v{version}" != tag]
    if wrong:
        sys.stderr.write(f"the tag is {tag}, but {', '.join(wrong)}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
