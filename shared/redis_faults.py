"""What a Redis that answers may refuse, by the name that its answer begins with."""

from shared.errors import QueueOutOfRoom, QueueRefuses, QueueUnavailable

FAULTS = {
    "READONLY": "this server is a read-only replica",
    "MASTERDOWN": "this server is a replica that has lost its master",
    "LOADING": "it is still loading its file",
    "MISCONF": "it cannot write its file, and takes no writes until it can",
    "NOREPLICAS": "fewer replicas are connected than min-replicas-to-write asks for",
    "OOM": "its memory is used up (maxmemory)",
    "NOAUTH": "it asks for a password, and PARLEY_REDIS_URL names none",
    "WRONGPASS": "user or password in PARLEY_REDIS_URL is wrong",
    "NOPERM": "the user in PARLEY_REDIS_URL lacks a right",
    "BUSY": "a script of somebody else has been running for too long",
    "MOVED": "it is a node of a cluster, and another one has the key",
    "ASK": "the slot is on its way to another node of the cluster",
    "TRYAGAIN": "the slot is on its way to another node of the cluster",
    "CROSSSLOT": "it is a node of a cluster, which a URL with redis+cluster:// names",
    "CLUSTERDOWN": "a part of the cluster has no master",
}
_OUT_OF_ROOM = ("OOM", "MISCONF")


def fault_code(error: BaseException | str) -> str | None:
    """Return the name of a fault that Redis answered with, None for one of the connection."""
    named = getattr(error, "status_code", None) or str(error).partition(" ")[0]
    return named if named in FAULTS else None


def describe_fault(error: BaseException | str) -> str:
    """Return one line: if it has a name that, and what it means; and what was answered."""
    code = fault_code(error)
    if code is None:
        return str(error)
    return f"{code}: {FAULTS[code]} ({str(error).removeprefix(code).strip()})"


def queue_unavailable(error: BaseException | str) -> QueueUnavailable:
    """Return the error that says the same to the callers of a queue."""
    code = fault_code(error)
    told = f"Redis: {describe_fault(error)}"
    if code is None:
        return QueueUnavailable(told)
    return (QueueOutOfRoom if code in _OUT_OF_ROOM else QueueRefuses)(told, code)
