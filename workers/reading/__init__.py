"""What a message says about itself: its questions, what it negates, whom it calls for.

Pure functions on clean text. No model, no state; each costs microseconds and grows with the
length of the message, never with its square.
"""
