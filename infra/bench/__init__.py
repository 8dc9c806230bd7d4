"""The load benchmark: Parley versus simpler designs on one machine, in one run."""
