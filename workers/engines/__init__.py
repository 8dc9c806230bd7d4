"""Engines: token ids in, vectors out."""
