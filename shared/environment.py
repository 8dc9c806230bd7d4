"""The environment as people, compose files and Kubernetes write it."""

import re
from collections.abc import Mapping

PREFIX = "PARLEY_"
_SERVICE_LINK = re.compile(r"(tcp|udp|sctp)://\S+\Z")
_BLANKS = " \t\r\n\ufeff"


def parley_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return Parley's variables by their names in lower case; what says nothing is left out.

    Blank means unset. Blanks and a pair of quotes around a value are dropped: `docker run
    --env-file` and Kubernetes pass on what a shell would have removed. Of two names that differ in
    case the one in capitals counts. For a service named parley-redis Kubernetes sets
    PARLEY_REDIS_PORT to tcp://10.96.0.12:6379; such a value is left out.
    """
    found: dict[str, str] = {}
    for name in sorted(environment, key=lambda name: (name.isupper(), name)):
        text = _clean(environment[name])
        is_ours = name.upper().startswith(PREFIX)
        if is_ours and text and not is_service_link(name, text):
            found[name.lower()] = text
    return found


def is_service_link(name: str, text: str) -> bool:
    """Tell whether Kubernetes, or a Docker link, has set a variable for a service."""
    return name.upper().endswith("_PORT") and _SERVICE_LINK.match(text) is not None


def _clean(text: str) -> str:
    bare = text.strip(_BLANKS)
    if len(bare) >= 2 and bare[0] == bare[-1] and bare[0] in "\"'":
        return bare[1:-1].strip(_BLANKS)
    return bare
