"""The batch consumer: fetch → prepare → batch → run → complete, one small file for each step."""
