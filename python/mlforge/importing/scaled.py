"""Scalers in front of a model become a part of it: thresholds and coefficients are those of features as they come."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import numpy as np

from mlforge.errors import ModelError
from mlforge.records.ensemble import Ensemble, Floats
from mlforge.records.ensemble import check as check_ensemble
from mlforge.records.linear import Linear, check_linear

Model: TypeAlias = Ensemble | Linear


def scaled(model: Model, offset: Floats, factor: Floats) -> Model:
    """The model that takes x where `model` took `(x - offset) * factor`: float64 [features] each.

    Raises ModelError for scales that are not positive, or of another number of features.
    """
    if offset.shape != factor.shape or len(offset) != model.features or not np.isfinite(offset).all():
        raise ModelError(f"the scaler has {len(offset)} and {len(factor)} numbers for {model.features} features")
    if not ((factor > 0) & np.isfinite(factor)).all():
        raise ModelError(f"a scaler multiplies by {factor.min():g}: expected positive numbers")
    if (offset == 0).all() and (factor == 1).all():
        return model
    with np.errstate(over="ignore"):
        if isinstance(model, Linear):
            weights = model.coefficients * factor
            found = Linear(weights, model.intercepts - weights @ offset, model.link, model.decides)
            check_linear(found)
            return found
        trees = tuple(
            replace(tree, thresholds=tree.thresholds / factor[tree.features] + offset[tree.features])
            for tree in model.trees
        )
    ensemble = replace(model, trees=trees)
    check_ensemble(ensemble)
    return ensemble
