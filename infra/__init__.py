"""Parley: command line, local stack, load and fault campaigns, containers."""
