"""The OpenAI-compatible routes under /v1: requests, replies and errors in that form."""
