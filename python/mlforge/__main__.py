"""`python -m mlforge`."""

from mlforge.cli.main import run

run()
