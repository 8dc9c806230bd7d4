"""What a team would build without Parley, on the same model: each design is one file."""
