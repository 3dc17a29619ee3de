"""Tools on this machine: where they are, how they are started, and a cache of what they made.

The only package that starts processes (training has worker processes of its own, by `multiprocessing`).
"""
