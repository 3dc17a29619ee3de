"""What several operators share: padding, windows, weights, rescaling, tables. No operator of its own."""
