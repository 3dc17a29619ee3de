"""Graph to graph: each pass is one file with one function, and leaves every result as it was."""
