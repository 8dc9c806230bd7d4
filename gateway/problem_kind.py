"""What all problems of one kind have in common, for whoever writes one: Flask or gunicorn."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """What all problems of one kind have in common."""

    name: str
    status: int
    title: str

    @property
    def type(self) -> str:
        """Return the URI that identifies the kind; it never changes."""
        return f"urn:parley:problem:{self.name}"


def describe(kind: ProblemKind, detail: str, **members: object) -> dict[str, object]:
    """Return a problem's members."""
    known = {"type": kind.type, "title": kind.title, "status": kind.status, "detail": detail}
    return {**known, **members}
