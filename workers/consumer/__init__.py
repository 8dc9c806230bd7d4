"""The drain: lease → prepare → pack → run → complete, one small file for each step."""
