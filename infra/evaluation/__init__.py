"""`parley evaluate`: systems asked side by side; the outcome as tables, page and pictures."""
