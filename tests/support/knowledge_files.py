"""Knowledge base files as a test writes them, and what is told of them."""

from pathlib import Path

from workers.knowledge.loader import read

FULL = """\
- id: pay
  question: How can I pay?
  phrasings:
    - payment methods
    - how can i pay   # the question again: counts once
  answer: |
    By **card**.
  tones: {negative: Sorry. By card., positive: By card!}
  tags: [payment, money]
- id: human
  question: I want a person
  answer: Of course.
  handover: true
"""


ENTRY = "- id: {id}\n  question: How?\n  answer: {answer}\n"


def write(tmp_path: Path, text: str | bytes, name: str = "kb.yaml") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def faults(tmp_path: Path, text: str | bytes, name: str = "kb.yaml") -> list[tuple[int, str]]:
    return [(fault.line, fault.message) for fault in read(write(tmp_path, text, name)).faults]


def warnings(tmp_path: Path, text: str, name: str = "kb.yaml") -> list[tuple[int, str]]:
    reading = read(write(tmp_path, text, name))
    assert not reading.faults
    return [(warning.line, warning.message) for warning in reading.warnings]
