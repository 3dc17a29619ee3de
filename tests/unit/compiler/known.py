"""What the references know of their cases, and the types do not say."""

from __future__ import annotations

from typing import Any

from mlforge.compiler.graph import Node, Quantization, Tensor


def quant(tensor: Tensor) -> Quantization:
    """The quantisation, which every tensor has that a reference asks for it."""
    assert tensor.quantization is not None, tensor.name
    return tensor.quantization


def told(node: Node) -> Any:
    """The attributes. A reference is for one kind of operator and does not import the type of its attributes, so that
    it is independent of the compiler."""
    return node.attributes
