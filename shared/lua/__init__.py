"""Lua that the scripts of gateway and workers share."""
