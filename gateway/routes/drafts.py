"""GET /gaps and /drafts: what the base lacks, and what editors put into it."""

import secrets

from flask import Flask, Response, request

from gateway.caller import current_caller
from gateway.dependencies import Dependencies
from gateway.draft_request import DraftRequest, as_draft, read_draft, wordings_of
from gateway.handover_request import refuse_unknown
from gateway.json_response import show
from gateway.problems import UNKNOWN_DRAFT, UNKNOWN_GAP, problem
from gateway.queue.drafts import Drafts, KnownDraft
from gateway.queue.gaps import Gaps
from gateway.request_body import read_json
from shared.clock import SystemClock
from shared.drafts import Draft
from shared.identifiers import is_identifier
from shared.wordings import wording_digest


def register(app: Flask, dependencies: Dependencies) -> None:
    """Serve all six."""
    _register_gaps(app, dependencies.gaps, dependencies.drafts)
    _register_drafts(app, dependencies.drafts, dependencies.gaps)


def _register_gaps(app: Flask, gaps: Gaps, drafts: Drafts) -> None:
    @app.get("/gaps")
    def list_gaps() -> Response:
        refuse_unknown(request.args, ())
        return show(gaps.look(current_caller().tenant))

    @app.post("/gaps/<identifier:gap_id>/dismiss")
    def dismiss_gap(gap_id: str) -> Response:
        tenant = current_caller().tenant
        found = gaps.find(tenant, gap_id)
        if found is None:
            return problem(UNKNOWN_GAP, "No such gap, or it was grouped anew: list them again.")
        drafts.settle(tenant, found.gaps, SystemClock().now())
        return Response(status=204)


def _register_drafts(app: Flask, drafts: Drafts, gaps: Gaps) -> None:
    @app.get("/drafts")
    def list_drafts() -> Response:
        refuse_unknown(request.args, ())
        return show({"drafts": drafts.all_of(current_caller().tenant)})

    @app.post("/drafts")
    def accept_draft() -> Response:
        sent = read_draft(read_json())
        draft = _as_draft(gaps, sent, secrets.token_hex(8), ())
        drafts.add(current_caller().tenant, draft)
        return show(KnownDraft(draft, None), 201)

    @app.put("/drafts/<identifier:draft_id>")
    def change_draft(draft_id: str) -> Response:
        sent, tenant = read_draft(read_json()), current_caller().tenant
        before = [each.draft for each in drafts.all_of(tenant) if each.draft.id == draft_id]
        if not before:
            return _unknown_draft()
        draft = _as_draft(gaps, sent, draft_id, before[0].gaps)
        return show(KnownDraft(draft, None)) if drafts.change(tenant, draft) else _unknown_draft()

    @app.delete("/drafts/<identifier:draft_id>")
    def remove_draft(draft_id: str) -> Response:
        known = is_identifier(draft_id) and drafts.remove(current_caller().tenant, draft_id)
        return Response(status=204) if known else _unknown_draft()


def _as_draft(gaps: Gaps, sent: DraftRequest, draft_id: str, settled: tuple[str, ...]) -> Draft:
    """Return a draft that settles its own wordings and those of the group that it answers."""
    group = gaps.find(current_caller().tenant, sent.gap) if sent.gap else None
    own = map(wording_digest, wordings_of(sent))
    all_settled = dict.fromkeys((*settled, *(group.gaps if group else ()), *own))
    return as_draft(sent, draft_id, SystemClock().now(), tuple(all_settled))


def _unknown_draft() -> Response:
    return problem(UNKNOWN_DRAFT, "No such draft, or it was written into the base's files.")
