"""What is run by hand: build, check and tune models. No worker imports this."""
