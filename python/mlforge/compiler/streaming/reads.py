"""What is read of each streamed tensor, in columns: of the ring, and of the window that a hop completes.

A window of a ring is (tensor, columns, how many newer ones there are behind them). A span is a range of columns of the
whole window; where some of them see zeros outside of the window, those are made anew in each hop.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from mlforge.compiler.graph import Graph
from mlforge.compiler.streaming.analysis import Analysis
from mlforge.compiler.streaming.edges import columns_behind
from mlforge.compiler.streaming.track import Link, Step

Window: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Span:
    """Columns `start` to `end` of a whole window. `is_kept`: they are in a ring."""

    tensor: int
    start: int
    end: int
    is_kept: bool = True


@dataclass(frozen=True, slots=True)
class Reads:
    graph: Graph
    analysis: Analysis
    makers: dict[int, Step] = field(default_factory=dict)  # of each streamed tensor but the input

    def __post_init__(self) -> None:
        self.makers.update({step.node.outputs[0]: step for step in self.analysis.steps.values()})

    def is_view(self, tensor: int) -> bool:
        return tensor in self.makers and self.makers[tensor].is_view

    def by(self, step: Step, link: Link) -> Window:
        """What a step reads for its new columns."""
        track = self.analysis.tracks[link.tensor]
        strides = (step.track.per_hop - 1) * (step.track.grid // track.grid)
        return link.tensor, strides + (link.reach - 1) * track.spacing + 1, self.newer(step, link)

    def newer(self, step: Step, link: Link) -> int:
        """Columns of the link's tensor behind the last that the step's last column is made of."""
        track = self.analysis.tracks[link.tensor]
        last_read = (step.track.last - 1) * link.stride - link.before + link.reach - 1
        return (track.last - 1 - last_read) * track.spacing

    def owner(self, tensor: int, newer: int = 0) -> tuple[int, int]:
        """The tensor of which this one is a view, and how many newer columns that has."""
        while self.is_view(tensor):
            step = self.makers[tensor]
            newer += self.newer(step, step.links[0])
            tensor = step.links[0].tensor
        return tensor, newer

    def whole(self, tensor: int) -> Span:
        return Span(tensor, 0, self.analysis.tracks[tensor].length)

    def pieces(self, span: Span) -> tuple[Span, ...]:
        """Those in front that see zeros, those that are kept, those behind that see zeros."""
        track = self.analysis.tracks[span.tensor]
        cuts = (span.start, min(max(span.start, track.first), span.end), max(min(span.end, track.last), span.start))
        cuts = (cuts[0], cuts[1], max(cuts[1], cuts[2]))
        ranges = ((cuts[0], cuts[1], False), (cuts[1], cuts[2], True), (cuts[2], span.end, False))
        return tuple(Span(span.tensor, start, end, kept) for start, end, kept in ranges if start < end)

    def of_kept(self, span: Span) -> Window:
        """The window of the ring in which these columns are, with those of other phases between them."""
        track = self.analysis.tracks[span.tensor]
        count = (span.end - 1 - span.start) * track.spacing + 1
        return span.tensor, count, (track.last - span.end) * track.spacing

    def behind(self, span: Span, link: Link) -> Span:
        """The columns of an input that those of a span are made of, without zeros."""
        length = self.analysis.tracks[link.tensor].length
        return Span(link.tensor, *columns_behind((span.start, span.end), link, length))

    def _ends(self) -> Iterator[Window]:
        """What is read at the end of the streamed part."""
        seen: set[Span] = set()
        for index in self.graph.outputs:
            yield from self._of_whole(index, seen)
        for position, node in enumerate(self.graph.nodes):
            if position in self.analysis.totals:
                tensor = self.analysis.totals[position].tensor
                yield tensor, self.analysis.tracks[tensor].per_hop, 0
            elif position not in self.analysis.steps:
                for index in node.inputs:
                    yield from self._of_whole(index, seen)

    def _of_whole(self, index: int, seen: set[Span]) -> Iterator[Window]:
        if index in self.analysis.tracks:
            yield from self._of_span(self.whole(index), seen)

    def _of_span(self, span: Span, seen: set[Span]) -> Iterator[Window]:
        if span in seen:
            return
        seen.add(span)
        for piece in self.pieces(span):
            if piece.is_kept:
                yield self.of_kept(piece)
                continue
            for link in self.makers[span.tensor].links:
                yield from self._of_span(self.behind(piece, link), seen)

    def needed(self) -> dict[int, int]:
        """How many of its last columns somebody reads, of each streamed tensor that is no view and is read."""
        needed: dict[int, int] = {self.graph.inputs[0]: self.analysis.tracks[self.graph.inputs[0]].per_hop}
        for window in self._ends():
            self._note(needed, window)
        for position in sorted(self.analysis.steps, reverse=True):
            step = self.analysis.steps[position]
            if step.node.outputs[0] in needed:
                for link in step.links:
                    self._note(needed, self.by(step, link))
        return needed

    def _note(self, needed: dict[int, int], window: Window) -> None:
        owner, newer = self.owner(window[0], window[2])
        needed[owner] = max(needed.get(owner, self.analysis.tracks[owner].per_hop), window[1] + newer)
