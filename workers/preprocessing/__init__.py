"""From a raw chat message to token ids: clean, tokenise, cache."""
