"""`parley top`: what a gateway's /metrics say, as a view that changes."""
