"""Say what was decided in a language model's words, and let nothing out that no source says."""
