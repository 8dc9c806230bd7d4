"""How a message sounds, and how the reply takes that up."""
