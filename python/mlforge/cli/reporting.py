"""Writing the HTML report, for the commands that do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlforge.contract.contract import Contract
    from mlforge.records.baseline import Baseline
    from mlforge.records.data_summary import Inspection
    from mlforge.records.evidence import Evidence
    from mlforge.records.lock import Lock
    from mlforge.records.trial import Trial


def report_path(contract: Contract) -> Path:
    return contract.app_dir / ".mlforge" / "report.html"


def write_report(
    contract: Contract,
    lock: Lock | None,
    trials: Sequence[Trial],
    path: Path,
    data: Inspection,
    baselines: Sequence[Baseline] = (),
    evidence: Evidence | None = None,
) -> None:
    """One self-contained file, replaced in one step."""
    from mlforge.app.verdicts import limits_alone
    from mlforge.measure import ranking
    from mlforge.report.html import render_html
    from mlforge.toolchain.files import write_atomically

    facts = {"contract": contract.digest, "seed": str(contract.search.seed), "proposer": str(contract.search.proposer)}
    nearest = None if ranking.winner(trials) else ranking.nearest_miss(trials)  # the one that the terminal names
    html = render_html(
        lock,
        trials,
        name=contract.name,
        limits=limits_alone(contract),
        nearest=nearest.number if nearest else None,
        provenance=facts,
        data=data,
        contract=contract,
        baselines=baselines,
        evidence=evidence,
    )
    write_atomically(path, html.encode())
