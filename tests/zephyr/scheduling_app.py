"""An application whose threads a model may disturb, with a contract and a locked model."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.programs.locked_app import CONTRACT, lock_model, tiny_tflite

HERE = Path(__file__).parent


def scheduling_app(directory: Path, limits: str = "", target: str = "board: mps2/an385, clock: 120 MHz") -> Path:
    """`limits` and `target` are lines of the contract. An inference every 50 ms."""
    shutil.copytree(HERE / "scheduling", directory)
    (directory / "model").mkdir()
    text = CONTRACT.format(name="activity").replace("  latency: 5 ms\n", f"  latency: 5 ms\n{limits}")
    (directory / "mlforge.yaml").write_text(
        f"{text}target: {{{target}}}\npower: {{profile: nrf52840, period: 50 ms}}\n"
    )
    lock_model(directory, tiny_tflite(filters=24))
    return directory
