"""The engines: an int8 model to plain C with constant shapes, or to what TensorFlow Lite Micro needs to run it.

Maps bytes to `{path: text}`. Knows no contract, no disk, no TensorFlow, no Zephyr.
"""

from mlforge.compiler.emitter import CompiledModel, TensorInfo, compile_graph
from mlforge.compiler.graph import Graph
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops import supported_ops_markdown
from mlforge.compiler.streaming import Hop
from mlforge.compiler.tflite_reader import read_tflite
from mlforge.compiler.tflm import TflmModel, compile_tflm
from mlforge.records.program import Prefer

__all__ = [
    "CompiledModel",
    "Graph",
    "Hop",
    "Isa",
    "Prefer",
    "TensorInfo",
    "TflmModel",
    "compile_graph",
    "compile_tflm",
    "read_tflite",
    "supported_ops_markdown",
]
