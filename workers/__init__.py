"""Parley: the inference and sentiment workers."""
