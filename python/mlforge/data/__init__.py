"""Data sets: loaders, checks, splits by group, augmentation. Knows neither features nor models."""

from mlforge.data.augment import Augmentation, augment
from mlforge.data.dataset import Dataset, Recordings, Source
from mlforge.data.load import load_dataset
from mlforge.data.splits import Splits, split_dataset

__all__ = ["Augmentation", "Dataset", "Recordings", "Source", "Splits", "augment", "load_dataset", "split_dataset"]
