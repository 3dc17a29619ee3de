"""One study as one self-contained HTML file: no request leaves it, no script is in it, equal input gives equal bytes.

Only renders; view.py says what is on the page, templates/ how it looks. Text from outside is escaped by the templates,
and a content security policy in the page itself forbids what must not be there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from mlforge.contract.contract import Contract
from mlforge.records.baseline import Baseline
from mlforge.records.data_summary import Inspection
from mlforge.records.evidence import Evidence
from mlforge.records.lock import Lock
from mlforge.records.trial import Trial
from mlforge.records.verdict import Verdict
from mlforge.report.view import build_page
from mlforge.templating import environment

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


def render_html(
    lock: Lock | None,
    trials: Sequence[Trial],
    *,
    name: str,
    limits: Verdict | None = None,
    nearest: int | None = None,
    command: str = "west mlforge optimise",
    provenance: Mapping[str, str] = _NOTHING,
    data: Inspection | None = None,
    contract: Contract | None = None,
    baselines: Sequence[Baseline] = (),
    evidence: Evidence | None = None,
) -> str:
    """The report as the text of one HTML file.

    Args:
        lock: the winner's final figures; None while or because no trial met the contract. The page then shows the
            nearest miss and its binding limit.
        trials: the whole study, in any order; may be empty.
        name: the contract's name.
        limits: the contract's limits and goals, drawn into the charts; only their limit, unit and name are read. None
            takes them from the lock and the trials.
        data: what is in the data, and what was found there; None leaves the section out.
        contract: what the section on energy is made from; None leaves it out.
        baselines: those beside the nearest miss; a lock has its own.
        evidence: single answers of the candidate that the page is about; None leaves these out.
        nearest: the number of the nearest miss, used without a lock; None takes the one with the smallest shortfall.
        command: what runs this study again.
        provenance: further facts, shown in the given order: what a lock would say (seed, hashes) while there is none.
    """
    page = build_page(
        lock,
        trials,
        name=name,
        limits=limits,
        nearest=nearest,
        command=command,
        provenance=provenance,
        data=data,
        contract=contract,
        baselines=baselines,
        evidence=evidence,
    )
    return environment("mlforge.report", markup=True).get_template("report.html.j2").render(page=page)
