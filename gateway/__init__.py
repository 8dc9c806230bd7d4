"""Parley: the thin HTTP side. Knows the queue only through shared."""
