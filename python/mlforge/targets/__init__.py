"""Targets: a board and a way to build for it, run on it and profile it. See target.py for the seam."""
