"""Operators that no file has: the pass for streams makes them. See docs/engine.md, "Streaming execution"."""
