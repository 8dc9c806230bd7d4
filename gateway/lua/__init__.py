"""Lua scripts of the gateway; each lists its KEYS and ARGV."""
