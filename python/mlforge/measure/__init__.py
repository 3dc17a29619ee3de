"""Costs and qualities from what a target, an ELF or a model answered."""
