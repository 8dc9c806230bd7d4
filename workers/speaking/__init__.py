"""The role of generation workers: what is handed over to them, and what they do with it."""
