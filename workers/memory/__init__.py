"""What a person has written, kept to be recalled when they ask for it."""
