"""The contract: `mlforge.yaml` read, checked and made frozen data. Knows no part of MLForge but records and errors."""

from mlforge.contract.contract import (
    METRICS,
    AugmentSpec,
    BundleSpec,
    Contract,
    DataSpec,
    Goal,
    Limits,
    LoaderKind,
    Proposer,
    RobustnessSpec,
    SearchSpec,
    SplitSpec,
    TargetSpec,
    Task,
)
from mlforge.contract.describe import Setting, describe
from mlforge.contract.load import CONTRACT_FILE, load_contract
from mlforge.contract.stages import (
    DctSpec,
    FftSpec,
    FrameSpec,
    LogSpec,
    MelSpec,
    SignalSpec,
    StageSpec,
    StandardiseSpec,
    WindowSpec,
)
from mlforge.contract.template import contract_template

__all__ = [
    "CONTRACT_FILE",
    "METRICS",
    "AugmentSpec",
    "BundleSpec",
    "Contract",
    "DataSpec",
    "DctSpec",
    "FftSpec",
    "FrameSpec",
    "Goal",
    "Limits",
    "LoaderKind",
    "LogSpec",
    "MelSpec",
    "Proposer",
    "RobustnessSpec",
    "SearchSpec",
    "Setting",
    "SignalSpec",
    "SplitSpec",
    "StageSpec",
    "StandardiseSpec",
    "TargetSpec",
    "Task",
    "WindowSpec",
    "contract_template",
    "describe",
    "load_contract",
]
