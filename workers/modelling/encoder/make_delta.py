"""Write what a student's weights add to the pinned ones, and print what the file hashes to.

    python -m workers.modelling.encoder.make_delta STUDENT_FOLDER FILE

STUDENT_FOLDER is in Hugging Face layout, with the shapes of the pinned model (`parley model distil`
writes one). To ship it: FILE takes the place of student.delta, its sha256 that in delta.py, and
make_reference.py makes the vectors of the parity check anew.
"""

import sys
from pathlib import Path

from workers.engines.files import file_sha256
from workers.modelling.encoder.delta import pack
from workers.modelling.encoder.weights import (
    folder_source,
    load_weights,
    original_source,
    read_config,
    weights_sha256,
)


def main(student_folder: Path, file: Path) -> None:
    """Write the difference between a student and the pinned weights to `file`."""
    original, student = original_source(), folder_source(student_folder)
    weights_sha256(original)  # a difference to other weights would serve nobody
    config = read_config(original)
    file.write_bytes(pack(load_weights(original, config), load_weights(student, config)))
    sys.stdout.write(f"{file_sha256(file)}  {file} ({file.stat().st_size / 1e6:.1f} MB)\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
