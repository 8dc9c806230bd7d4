"""Parley: the contract between gateway and workers. No Flask, Celery or TensorFlow."""
