"""Python's garbage collection, fitted to a process that has loaded much and lives long."""

import gc

_ALLOCATIONS_BETWEEN_COLLECTIONS = 20_000  # Python's own: 700


def freeze_gc() -> None:
    """Look no more at what is loaded by now, and collect seldom; call once, when warm.

    Model, knowledge base and modules are hundreds of thousands of objects that never become
    garbage; looking them over took a twentieth of the sentiment worker's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS_BETWEEN_COLLECTIONS, 20, 20)
