"""The Lua scripts that are the queue protocol, and the libraries that they include."""
