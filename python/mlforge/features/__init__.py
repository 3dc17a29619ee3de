"""From raw frames to model inputs: fitted once, computed by one C implementation on host and target.

Takes plain arrays; knows neither data sets nor models.
"""

from mlforge.features.emit import emit
from mlforge.features.extract import Extracted, extract_all, extract_float, extract_int8
from mlforge.features.fit import fit
from mlforge.features.pipeline import Pipeline
from mlforge.features.quantise import Quantisation

__all__ = ["Extracted", "Pipeline", "Quantisation", "emit", "extract_all", "extract_float", "extract_int8", "fit"]
