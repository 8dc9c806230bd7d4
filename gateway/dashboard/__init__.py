"""The dashboard's figures: sampled every few seconds, kept for a day, made ready to be drawn."""
