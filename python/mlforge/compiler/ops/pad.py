"""PAD with zeros (the quantised zero point)."""

from mlforge.compiler.ops.shared.padding import PadAttributes, Padding, one_kind_of_data, paddings_fit, paddings_of

__all__ = ["Pad", "PadAttributes", "paddings_of"]


class Pad(Padding):
    kind = "PAD"
    inputs = (2, 2)
    constraints = (one_kind_of_data, paddings_fit)
