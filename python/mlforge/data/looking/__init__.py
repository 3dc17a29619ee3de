"""Looking at data before anything is trained: what there is, and what is wrong with it. One file for each question."""

from mlforge.data.looking.look import look, refuse

__all__ = ["look", "refuse"]
