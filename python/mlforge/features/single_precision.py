"""Functions in single precision, as C libraries compute them on hosts and on microcontrollers.

TensorFlow Lite Micro's filters and windows depend on the last bit of float arithmetic. What is computed here is the
algorithm that newlib, FreeBSD's library and glibc (until 2.40) have in common: Sun's fdlibm, in its float version.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

_F: Final = np.float32
_LN2_HIGH: Final = _F(6.9313812256e-01)
_LN2_LOW: Final = _F(9.0580006145e-06)
_SERIES: Final = tuple(
    map(
        _F,
        (
            1.4798198640e-01,
            1.5313838422e-01,
            1.8183572590e-01,
            2.2222198546e-01,
            2.8571429849e-01,
            4.0000000596e-01,
            6.6666668653e-01,
        ),
    )
)
_DIRECT: Final = _F(0.41422)  # sqrt(2) - 1: below it 1 + x needs no scaling
_ROOT_2: Final = _F(math.sqrt(2.0))


def log1p(x: np.float32) -> np.float32:
    """ln(1 + x) of x >= 0: 1 + x = 2^k (1 + f), with f from sqrt(1/2) - 1 to sqrt(2) - 1, and a series in
    f / (2 + f)."""
    k, f, rest = 0, x, _F(0)
    if x >= _DIRECT:
        whole = _F(_F(1) + x)
        k = math.frexp(float(whole))[1] - 1
        lost = _F(_F(1) - _F(whole - x)) if k > 0 else _F(x - _F(whole - _F(1)))
        rest = _F(lost / whole)
        scaled = _F(math.ldexp(float(whole), -k))
        if scaled >= _ROOT_2:
            k, scaled = k + 1, _F(scaled * _F(0.5))
        f = _F(scaled - _F(1))
    half_square = _F(_F(_F(0.5) * f) * f)
    s = _F(f / _F(_F(2) + f))
    z = _F(s * s)
    series = _SERIES[0]
    for coefficient in _SERIES[1:]:
        series = _F(coefficient + _F(z * series))
    tail = _F(s * _F(half_square + _F(z * series)))
    if k == 0:
        return _F(f - _F(half_square - tail))
    low = _F(_F(_F(k) * _LN2_LOW) + rest)
    return _F(_F(_F(k) * _LN2_HIGH) - _F(_F(half_square - _F(tail + low)) - f))
