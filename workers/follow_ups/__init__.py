"""What follows the end of tasks that Celery clients sent: callbacks, chains, chords."""
