"""Parts of a whole window, some of whose columns see zeros outside of it: what they are made of, and how."""

from __future__ import annotations

from typing import TypeAlias

from mlforge.compiler.graph import Attributes
from mlforge.compiler.ops.shared.window import WindowAttributes
from mlforge.compiler.streaming.rules import along_time
from mlforge.compiler.streaming.track import Link, Step

Range: TypeAlias = tuple[int, int]  # of columns: the first, and the one behind the last


def columns_behind(columns: Range, link: Link, length: int) -> Range:
    """The columns of an input, of `length` in the window, that those of an output are made of, without zeros."""
    start = max(0, columns[0] * link.stride - link.before)
    return start, min(length, (columns[1] - 1) * link.stride - link.before + link.reach)


def edge_attributes(step: Step, columns: Range, length: int, spacing: int = 1) -> Attributes:
    """The node's attributes for some columns of its output, as it is in the file.

    Args:
        length: of the step's first input, in columns of the window.
        spacing: of that input's columns where the step's node reads them in a ring.
    """
    attributes, link, axis = step.node.attributes, step.links[0], step.track.axis - 1
    if not isinstance(attributes, WindowAttributes):
        return attributes
    past_the_end = (columns[1] - 1) * link.stride - link.before + link.reach - length
    return along_time(
        attributes,
        axis,
        stride=link.stride,
        dilation=attributes.dilation[axis] // spacing,
        zeros=(max(0, link.before - columns[0] * link.stride), max(0, past_the_end)),
    )
