"""Everything the routes depend on, in one bundle that tests fill with fakes."""

from dataclasses import dataclass

from gateway.authentication import Authenticator
from gateway.dashboard.board import Board
from gateway.health import Health
from gateway.job_streams import JobStreams
from gateway.metrics import Metrics
from gateway.queue.admission_gate import Admission
from gateway.queue.conversations import Conversations
from gateway.queue.disconnect_watcher import DisconnectWatcher
from gateway.queue.dispatcher import Dispatcher
from gateway.queue.drafts import Drafts
from gateway.queue.feedback import FeedbackBox
from gateway.queue.gaps import Gaps
from gateway.queue.handovers import Handovers
from gateway.queue.histories import Histories
from gateway.queue.job_canceller import JobCanceller
from gateway.queue.job_store import JobStore, ResultBin
from gateway.queue.rate_limiter import RateLimiter
from gateway.queue.ratings import Ratings
from gateway.queue.reply_feed import ReplyFeed
from gateway.queue.stories import Stories
from gateway.queue.traffic import Traffic
from gateway.queue.users import Users
from gateway.queue.watches import Watches


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What a Flask app is made from."""

    dispatcher: Dispatcher
    jobs: JobStore
    results: ResultBin
    canceller: JobCanceller
    feed: ReplyFeed
    conversations: Conversations
    handovers: Handovers
    feedback: FeedbackBox
    ratings: Ratings
    stories: Stories
    gaps: Gaps
    drafts: Drafts
    users: Users
    traffic: Traffic
    watches: Watches
    job_streams: JobStreams
    histories: Histories
    disconnect_watcher: DisconnectWatcher
    health: Health
    board: Board
    metrics: Metrics
    authenticator: Authenticator
    rate_limiter: RateLimiter
    admission: Admission
