"""Repeats a refusal to requests of the same form, without the app: a full queue costs it little.

Nothing here imports Flask: gunicorn's parent process imports its worker class, and with it this.
"""

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from gateway.known_heads import KnownHead
from gateway.queue.admission_gate import Admission
from shared.clock import Clock

REFUSALS = "parley.refusals"  # the app's extension that its server uses
REFUSAL = "parley.refusal"  # in the WSGI environment of a request that may be repeated
KEPT_SECONDS = 1.0  # and as long again if nobody comes: so old is an answer's Date at most
MAX_FORMS = 256

# What comes with these is not for this module to decide.
_OWN_CASES = frozenset(("IDEMPOTENCY-KEY", "EXPECT", "UPGRADE"))
# No refusal depends on these, and they differ between clients that are alike.
_WITHOUT_EFFECT = frozenset(
    (
        *("CONTENT-LENGTH", "CONTENT-TYPE", "CONTENT-ENCODING", "ACCEPT", "ACCEPT-ENCODING"),
        *("ACCEPT-LANGUAGE", "USER-AGENT", "REFERER", "COOKIE", "PREFER", "PRIORITY", "DNT"),
        *("X-FORWARDED-FOR", "X-REAL-IP", "X-REQUEST-ID", "TRACEPARENT", "TRACESTATE"),
    )
)

Form = Hashable


@dataclass(frozen=True, slots=True)
class Refusal:
    """A full queue's answer to a tenant's message, as the app gave it."""

    tenant: str
    route: str
    retry_after: str
    body: bytes


@dataclass(slots=True)
class _Kept:
    refusal: Refusal
    answer: bytes
    until: float
    is_renewed: bool = False  # a request is on its way to the app for the next one


class RefusalReplay:
    """Keep the answers to refused requests, by all that they depend on, and give them again.

    That is the request line and every header but those that have no effect, so access, CORS and
    the form of the answer are as the app decided. Whether a tenant's messages are refused now
    `admission` says each time. `by_peer`: who sends a request matters, too.
    """

    def __init__(
        self,
        admission: Admission,
        clock: Clock,
        count: Callable[[str], None] = lambda _route: None,
        *,
        by_peer: bool = False,
    ) -> None:
        self._admission = admission
        self._clock = clock
        self._count = count
        self._by_peer = by_peer
        self._kept: dict[Form, _Kept] = {}

    def answer(
        self, request: Any, peer: str, *, is_behind: bool = False, has_waited: bool = False
    ) -> bytes | None:
        """Return the whole answer to a request of gunicorn's, None if the app must answer it.

        `is_behind`: the process has more to do than it can, so that a tenant which was refused
        within the last seconds is refused without asking whether it would be now. `has_waited`: the
        request was asked about before, and has had to wait for the app.
        """
        if not self._kept:
            return None
        return self._answer(self._form(request, peer), is_behind, has_waited)

    def answer_known(self, known: KnownHead, peer: str, *, is_behind: bool = False) -> bytes | None:
        """Return the same to a request of a known head; None also if its form is not known yet."""
        if not (self._kept and known.form):
            return None
        return self._answer(self._of_peer(known.form, peer), is_behind, has_waited=False)

    def _answer(self, form: Form, is_behind: bool, has_waited: bool) -> bytes | None:
        kept = self._kept.get(form)
        if kept is None:
            return None
        now = self._clock.monotonic()
        if now >= kept.until or (has_waited and kept.is_renewed):
            self._renew(form, kept, now)
            return None
        if not (is_behind or self._is_refused(kept.refusal)):
            return None
        self._count(kept.refusal.route)
        return kept.answer

    def _renew(self, form: Form, kept: _Kept, now: float) -> None:
        """Let one request pass and the others have the old answer meanwhile, not all of them."""
        if kept.is_renewed and now >= kept.until:
            del self._kept[form]
        elif not kept.is_renewed:
            kept.is_renewed, kept.until = True, now + KEPT_SECONDS

    def _is_refused(self, refusal: Refusal) -> bool:
        """Tell whether a tenant would be refused now, in the same words."""
        refused = self._admission.refusal(refusal.tenant)
        if refused is None:
            return False
        return str(math.ceil(refused.retry_after_seconds)) == refusal.retry_after

    def keep(self, request: Any, peer: str, refusal: Refusal, head: str) -> None:
        """Keep the app's answer to a request; `head` is all that went before the body."""
        form = self._form(request, peer)
        if form is None:
            return
        if len(self._kept) >= MAX_FORMS:
            self._kept.clear()
        answer = head.encode("latin-1") + refusal.body
        self._kept[form] = _Kept(refusal, answer, self._clock.monotonic() + KEPT_SECONDS)

    def _form(self, request: Any, peer: str) -> Form:
        """Return what the answer to a request depends on, None if that is not known."""
        known = getattr(request, "known", None)
        if known is None:
            return self._of_peer(_told(request), peer)
        if known.form == ():
            known.form = _told(request)
        return self._of_peer(known.form, peer)

    def _of_peer(self, form: tuple[Hashable, ...] | None, peer: str) -> Form:
        return form if form is None or not self._by_peer else (peer, *form)


def _told(request: Any) -> tuple[Hashable, ...] | None:
    told = []
    for header in request.headers:
        name = header[0]
        if name in _OWN_CASES:
            return None
        if name not in _WITHOUT_EFFECT:
            told.append(header)
    return (request.method, request.uri, request.version, *told)
