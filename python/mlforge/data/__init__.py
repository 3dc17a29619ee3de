"""Data sets: loaders, checks, splits by group. Knows neither features nor models."""

from mlforge.data.dataset import Dataset
from mlforge.data.load import load_dataset
from mlforge.data.recordings import Recordings, Sampling, Source
from mlforge.data.splits import Splits, split_dataset

__all__ = ["Dataset", "Recordings", "Sampling", "Source", "Splits", "load_dataset", "split_dataset"]
