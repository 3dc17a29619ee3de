"""Streaming execution: from a graph over a window of time to one that computes what the newest columns change.

Graph to graph: what comes out is a model with states, which lowering, planner and emitter know already. See
docs/engine.md, "Streaming execution".
"""

from mlforge.compiler.streaming.build import StreamedGraph, stream_graph
from mlforge.compiler.streaming.track import Hop, Obstacle

__all__ = ["Hop", "Obstacle", "StreamedGraph", "stream_graph"]
