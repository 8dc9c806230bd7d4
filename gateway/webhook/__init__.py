"""Tells a help desk what becomes of handovers: signed events, delivered at least once."""
