"""The load benchmark: Parley beside simpler designs on one machine, in one run."""
