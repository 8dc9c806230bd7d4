"""What is loaded when a process is warm is not looked over again; later garbage still goes."""

import subprocess
import sys


def test_what_is_loaded_is_left_alone_and_later_cycles_are_collected() -> None:
    script = (
        "import gc, weakref\n"
        "from shared.gc_tuning import freeze_gc\n"
        "class Node: pass\n"
        "loaded = [Node() for _ in range(1_000)]\n"
        "freeze_gc()\n"
        "node = Node(); node.itself = node; seen = weakref.ref(node)\n"
        "del node; gc.collect()\n"
        "print(gc.get_freeze_count() > 1_000, seen() is None)\n"
    )
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "True True\n"
