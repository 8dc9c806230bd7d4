"""What became of messages: read from Redis, put into figures, tables, pictures and a page."""
