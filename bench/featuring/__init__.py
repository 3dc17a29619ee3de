"""Parts of bench/features.py."""
