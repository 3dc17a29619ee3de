"""Data sets: loaders, checks, splits by group. Knows neither features nor models."""

from mlforge.data.dataset import Dataset, Recordings, Source
from mlforge.data.load import load_dataset
from mlforge.data.splits import Splits, split_dataset

__all__ = ["Dataset", "Recordings", "Source", "Splits", "load_dataset", "split_dataset"]
