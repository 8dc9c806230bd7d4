"""Lua scripts of the drain; each lists its KEYS and ARGV."""
