"""How results are shown: rich renderables for a terminal, one self-contained HTML file for a review."""
