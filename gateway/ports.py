"""Everything the routes need from outside, in one bundle that tests fill with fakes."""

from dataclasses import dataclass

from gateway.cancellation import Cancellation
from gateway.conversations import Conversations
from gateway.dispatch import Dispatcher
from gateway.health import Health
from gateway.job_store import JobStore
from gateway.meters import Meters
from gateway.reply_feed import ReplyFeed


@dataclass(frozen=True, slots=True)
class Ports:
    """What a Flask app is made from."""

    dispatcher: Dispatcher
    jobs: JobStore
    cancellation: Cancellation
    feed: ReplyFeed
    conversations: Conversations
    health: Health
    meters: Meters
