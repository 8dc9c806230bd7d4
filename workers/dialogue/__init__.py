"""What a conversation has said so far, and what follows from it for the next reply."""
