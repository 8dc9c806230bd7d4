"""How well messages are answered: labelled sets, asked of the very pipeline that serves."""
