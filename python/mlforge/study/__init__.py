"""The loop: propose, cost, train, measure, judge, remember. `run_study` is the entry, `evaluate` knows the chain."""
