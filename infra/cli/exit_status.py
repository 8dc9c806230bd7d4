"""With which status a command ends, and what each one means; docs/commands.md has the table.

Statuses of 64 and more are those of sysexits.h and of shells, as other programs use them.
"""

from enum import IntEnum

from shared.errors import (
    AlreadyThere,
    CommandMisused,
    GatewayBusy,
    GatewayRefuses,
    GatewayUnavailable,
    HandoverConflict,
    InvalidRequest,
    NotFound,
    ParleyError,
    QueueUnavailable,
    SettingsError,
    UnknownHandover,
)


class ExitStatus(IntEnum):
    """What a command's end means; one meaning each, whatever the command."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    KEY_REFUSED = 4
    NOT_FOUND = 5
    DEGRADED = 6
    BUSY = 7
    CONFLICT = 8
    SETTINGS = 78
    INTERRUPTED = 130

    @property
    def meaning(self) -> str:
        """Return what has happened, as the documentation says it."""
        return _MEANINGS[self]


_MEANINGS = {
    ExitStatus.DONE: "done; what was looked at is sound",
    ExitStatus.FAILED: "it could not be done; the sentence on standard error says why",
    ExitStatus.USAGE: "the command line is wrong: an unknown option, a value that is not taken",
    ExitStatus.UNREACHABLE: "no gateway, or no Redis, answers or can serve",
    ExitStatus.KEY_REFUSED: "the API key is missing, wrong, expired or lacks the scope",
    ExitStatus.NOT_FOUND: "there is no such job, handover, dead letter, key or conversation",
    ExitStatus.DEGRADED: "it was looked at, and something is wrong there",
    ExitStatus.BUSY: "refused for now, or not answered in time: the same call may succeed later",
    ExitStatus.CONFLICT: "it is in another state, or there already; the sentence names it",
    ExitStatus.SETTINGS: "a PARLEY_* setting cannot be used; no repetition helps",
    ExitStatus.INTERRUPTED: "Ctrl-C, or SIGTERM",
}
_BY_ERROR: tuple[tuple[type[ParleyError], ExitStatus], ...] = (
    (CommandMisused, ExitStatus.USAGE),
    (InvalidRequest, ExitStatus.USAGE),
    (NotFound, ExitStatus.NOT_FOUND),
    (UnknownHandover, ExitStatus.NOT_FOUND),
    (HandoverConflict, ExitStatus.CONFLICT),
    (AlreadyThere, ExitStatus.CONFLICT),
    (SettingsError, ExitStatus.SETTINGS),
    (GatewayBusy, ExitStatus.BUSY),
    (QueueUnavailable, ExitStatus.UNREACHABLE),
)
_BY_RESPONSE = {
    400: ExitStatus.USAGE,
    401: ExitStatus.KEY_REFUSED,
    403: ExitStatus.KEY_REFUSED,
    404: ExitStatus.NOT_FOUND,
    409: ExitStatus.CONFLICT,
    429: ExitStatus.BUSY,
    503: ExitStatus.BUSY,
    504: ExitStatus.BUSY,
}


def exit_status_of(error: ParleyError) -> ExitStatus:
    """Return the status for an error that ends a command."""
    if isinstance(error, GatewayRefuses):
        return _BY_RESPONSE.get(error.status, ExitStatus.FAILED)
    if isinstance(error, GatewayUnavailable) and not isinstance(error, GatewayBusy):
        return ExitStatus.UNREACHABLE
    found = (status for kind, status in _BY_ERROR if isinstance(error, kind))
    return next(found, ExitStatus.FAILED)
