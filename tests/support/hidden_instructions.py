"""Copies of LiteRT and ONNX Runtime that take this processor for one without AVX-512 and AMX.

    python -m tests.support.hidden_instructions FOLDER
    PYTHONPATH=FOLDER python -m pytest ...

They have no switch for this. Their libraries ask the processor which registers the operating
system saves (XGETBV); the copies get a constant that says: those of AVX2, no wider ones.
"""

import os
import platform
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

LITERT, ONNX_RUNTIME = "ai_edge_litert", "onnxruntime"

_ASK = bytes.fromhex("0f01d0")  # xgetbv
_SAY_AVX2 = bytes.fromhex("b007 90")  # mov al, 7; nop


def hide_avx512(folder: Path, package: str = LITERT) -> bool:
    """Put the changed copy into `folder`; False if this package or processor gives no chance to.

    What has not changed is linked, not copied.
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None or platform.machine() != "x86_64":
        return False
    source = Path(spec.origin).parent
    shutil.copytree(source, folder / package, copy_function=_link)
    changed = [_change(path) for path in sorted((folder / package).rglob("*.so*"))]
    return any(changed)


def _change(library: Path) -> bool:
    code = library.read_bytes()
    if _ASK not in code:
        return False
    library.unlink()  # a link still: the installed library stays as it is
    library.write_bytes(code.replace(_ASK, _SAY_AVX2))
    return True


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


if __name__ == "__main__":
    hidden = [hide_avx512(Path(sys.argv[1]), package) for package in (LITERT, ONNX_RUNTIME)]
    sys.exit(not all(hidden))
