"""Fit, evaluate and import knowledge bases. No worker imports this."""
