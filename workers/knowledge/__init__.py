"""Answers from a team's own knowledge base: reading it, searching it, deciding what to say."""
