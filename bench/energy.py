"""The power profiles against energies that others measured: MLPerf Tiny's published results on the same chips.

    .venv/bin/python bench/energy.py             print the tables; fail where a profile's band does not hold a result
    .venv/bin/python bench/energy.py --update    also write them into docs/energy.md

The estimate is the profile's current times the published supply and time of an inference: what is checked is the
current. Each profile's active current comes from one of these results (its `source` says which); the others check it.
The second table is of our own engine: estimated cycles (bench/baseline.json) times the same currents.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from mlforge.contract.build_power import profiles
from mlforge.measure.energy import estimate

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "energy.md"
BEGIN, END = "<!-- energy table -->", "<!-- end of energy table -->"
MODELS = {"ad": "ad01_int8", "kws": "kws_ref_model", "ic": "pretrainedResnet_quant", "vww": "vww_96_int8"}
CORES = {"stm32l4r5": "mps2/an386", "stm32u575": "mps2/an521"}  # boards with the chip's core, in bench/baseline.json


@dataclass(frozen=True, slots=True)
class Result:
    results: str  # the round
    system: str
    profile: str
    clock_mhz: int
    model: str
    millivolts: int
    inferences_per_s: float
    energy_uj: float

    @property
    def estimated_uj(self) -> float:
        power = profiles()[self.profile]
        supply_v = self.millivolts / 1000
        power = replace(power, supply_v=supply_v, active=power.at_supply(supply_v), wake_us=0.0)
        return estimate(power, self.clock_mhz * 1_000_000, 1e6 / self.inferences_per_s, None).inference_uj

    @property
    def ratio(self) -> float:
        return self.energy_uj / self.estimated_uj


def published() -> list[Result]:
    return [Result(**row) for row in json.loads((HERE / "energy.json").read_text())["rows"]]


def outside(results: list[Result]) -> list[Result]:
    """Results that their profile's band does not hold."""
    found = []
    for result in results:
        band = profiles()[result.profile].band
        if band is None or not band[0] <= result.ratio <= band[1]:
            found.append(result)
    return found


def checked(results: list[Result]) -> Iterator[str]:
    yield "| result | model | supply | measured | estimated | measured / estimated |"
    yield "|---|---|---:|---:|---:|---:|"
    for one in results:
        name = one.system.removeprefix("closed/").replace("/results/", ", ")
        supply = f"{one.millivolts / 1000:.1f} V"
        figures = f"{one.energy_uj:,.0f} µJ | {one.estimated_uj:,.0f} µJ | {one.ratio:.2f}"
        yield f"| v{one.results} {name} | {one.model} | {supply} | {figures} |"


def ours(results: list[Result]) -> Iterator[str]:
    """Our engine's estimate beside the least energy that anybody published for the chip, at its supply."""
    cycles = {key: value["cycles"] for key, value in json.loads((HERE / "baseline.json").read_text()).items()}
    yield "| chip | model | ours, estimated | published, measured: the least | ours / published |"
    yield "|---|---|---:|---|---:|"
    for chip, board in CORES.items():
        for model, file in MODELS.items():
            least = min(
                (one for one in results if (one.profile, one.model) == (chip, model)), key=lambda one: one.energy_uj
            )
            clock_hz = least.clock_mhz * 1_000_000
            power = replace(profiles()[chip], wake_us=0.0)
            own = estimate(power, clock_hz, cycles[f"{file} on {board}"] * 1e6 / clock_hz, None).inference_uj
            name = least.system.removeprefix("closed/").replace("/results/", ", ")
            measured = f"v{least.results} {name}, {least.millivolts / 1000:.1f} V: {least.energy_uj:,.0f} µJ"
            yield f"| {chip} | {model} | {own:,.0f} µJ | {measured} | {own / least.energy_uj:.2f} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--update", action="store_true", help="write the tables into docs/energy.md")
    update = parser.parse_args().update
    results = published()
    text = "\n".join((*checked(results), "", *ours(results)))
    print(text)
    if update:
        page = PAGE.read_text(encoding="utf-8")
        before, after = page.partition(BEGIN)[0], page.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
    for one in outside(results):
        print(f"outside of its profile's band: {one.system}, {one.model}: {one.ratio:.3f}", file=sys.stderr)
    return 1 if outside(results) else 0


if __name__ == "__main__":
    sys.exit(main())
