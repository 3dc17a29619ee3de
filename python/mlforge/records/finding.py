"""`Finding`: something about the data that whoever trusts a figure from them should know."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    ERROR = "error"  # figures from these data would be wrong: nothing is trained
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """`kind` is a name for programs, and what `data.allow` says to go on all the same."""

    kind: str
    severity: Severity
    what: str  # one sentence, without its end
    cure: str
    where: str  # the contract's line and key, such as "mlforge.yaml:7: data.split"
    count: int = 0  # of recordings
    places: tuple[str, ...] = ()  # the first of them

    def __str__(self) -> str:
        named = f" ({', '.join(self.places)}{', ...' if self.count > len(self.places) else ''})" if self.places else ""
        return f"{self.where}: {self.severity}: {self.what}{named}; {self.cure}"
