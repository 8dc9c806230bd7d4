"""Read what is said of replies, and which of it is wanted."""

from typing import get_args

import msgspec
from werkzeug.datastructures import MultiDict

from gateway.chat_request import check_identifier, check_text
from gateway.handover_request import refuse_unknown
from gateway.queue.ratings import RatingFilter
from gateway.request_body import decode_body
from shared.errors import InvalidRequest
from shared.feedback import BEST_SCORE, WORST_SCORE

MAX_COMMENT_CHARACTERS = 2_000
_FILTERS: tuple[RatingFilter, ...] = get_args(RatingFilter)


class FeedbackRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How good a job's reply was, and why; 4.0 is a whole number in JSON as 4 is."""

    job_id: str
    score: float
    comment: str | None = None


_decoder = msgspec.json.Decoder(FeedbackRequest)


def read_feedback(body: bytes) -> FeedbackRequest:
    """Return the request in a body; raise InvalidRequest that names field and fault."""
    request = decode_body(body, FeedbackRequest, _decoder)
    check_identifier("job_id", request.job_id)
    if not WORST_SCORE <= request.score <= BEST_SCORE or not request.score.is_integer():
        raise InvalidRequest(
            f"score must be a whole number from {WORST_SCORE} to {BEST_SCORE}.", "score"
        )
    if request.comment is not None:
        check_text("comment", request.comment, MAX_COMMENT_CHARACTERS)
    return request


def read_rating_filter(query: MultiDict[str, str]) -> RatingFilter:
    """Return which ratings a query string asks for; raise InvalidRequest."""
    refuse_unknown(query, ("rating", "limit"))
    wanted = query.get("rating", "all")
    if wanted not in _FILTERS:
        raise InvalidRequest(f"rating must be one of {', '.join(_FILTERS)}.", "rating")
    return wanted
