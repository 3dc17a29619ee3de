"""What `bench/search.py` is made of: runs of proposers, the two orders, and what is said about them."""
