"""The settings of stages that describe frames of the signal by numbers."""

from __future__ import annotations

from dataclasses import replace

from mlforge.contract.build_stages import Place, Steps
from mlforge.contract.reader import Reader
from mlforge.contract.schema import did_you_mean, show
from mlforge.contract.stages import StageSpec
from mlforge.contract.stages_form import Form
from mlforge.contract.stages_frames import Statistic, StatisticsSpec


def read_statistics(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    """A list of names."""
    node = reader.node(*steps)
    found: list[Statistic] = []
    if node is None or not isinstance(node.value, list) or not node.value:
        reader.wrong(steps, show(node) if node else "nothing", "a list of statistics, such as [mean, rms, crest]")
    for item in node.items if node else []:
        if not isinstance(item.value, str) or item.value not in list(Statistic):
            reader.wrong(
                steps, f"the unknown statistic {item.text!r}", did_you_mean(item.text, [one.value for one in Statistic])
            )
        elif item.value in found:
            reader.wrong(steps, f"{item.value} twice", "each statistic once")
        else:
            found.append(Statistic(item.value))
    return StatisticsSpec(tuple(found)), replace(place, form=Form.STATISTICS, rows=max(1, len(found)))
