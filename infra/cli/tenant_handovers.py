"""Handovers of a tenant without a key of it: read and changed in Redis, as its gateway does."""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from gateway.queue.conversations import Conversations
    from gateway.queue.handovers import Handovers

_HANDOVER = re.compile(r"/handovers/([^/]+)(?:/(claim|reply|release|close))?\Z")


class TenantHandovers:
    """Answers those calls of a gateway that `parley handovers` makes, for any tenant."""

    def __init__(self, handovers: "Handovers", conversations: "Conversations", tenant: str) -> None:
        self._handovers = handovers
        self._conversations = conversations
        self._tenant = tenant

    def call(self, method: str, path: str, body: dict[str, str] | None = None) -> dict[str, Any]:
        """Return the JSON object of an address; raise UnknownHandover or HandoverConflict."""
        import msgspec

        from shared.errors import UnknownHandover

        address = urlsplit(path)
        try:
            answer = self._answer(method, address.path, body or {}, address.query)
        except UnknownHandover:
            raise UnknownHandover("No such handover, or it is no longer kept.") from None
        found: dict[str, Any] = msgspec.to_builtins(answer)
        return found

    def _answer(self, method: str, path: str, body: Mapping[str, str], query: str) -> object:
        if path == "/handovers":
            return self._list({name: values[0] for name, values in parse_qs(query).items()})
        named = _HANDOVER.match(path)
        if named is None:
            return self._turns(unquote(path.removeprefix("/conversations/")))
        inside = self._inside(unquote(named[1]))
        if method == "POST":
            return self._act(inside, named[2], body)
        return self._handovers.find(inside)

    def _list(self, wanted: Mapping[str, str]) -> object:
        from werkzeug.datastructures import MultiDict

        from gateway.handover_request import read_page

        page = read_page(MultiDict(wanted))
        return self._handovers.page(page.state, page.limit, page.cursor, self._tenant)

    def _turns(self, conversation_id: str) -> object:
        import msgspec

        turns = self._conversations.turns(self._inside(conversation_id))
        return {"turns": [msgspec.json.decode(turn) for turn in turns]}

    def _act(self, inside: str, action: str, body: Mapping[str, str]) -> object:
        actions: Mapping[str, Callable[[], object]] = {
            "claim": lambda: self._handovers.claim(inside, body["by"]),
            "reply": lambda: self._handovers.reply(inside, body["text"], body.get("by")),
            "release": lambda: self._handovers.release(inside, body.get("by")),
            "close": lambda: self._handovers.close(inside, body.get("note"), body.get("by")),
        }
        return actions[action]()

    def _inside(self, local_id: str) -> str:
        from shared import tenants

        return tenants.scope(self._tenant, local_id)


def open_tenant(tenant: str) -> TenantHandovers:
    """Connect to the queue; raise CommandMisused if that is no name of a tenant."""
    from gateway.partitioned.compose import connect_ports
    from gateway.queue.adapters import QueueOptions
    from gateway.settings import GatewaySettings
    from gateway.wsgi import enqueue_limits
    from infra.cli.queue_connection import connect_to_partitions
    from infra.traffic.reading import tenants_of_all
    from shared.clock import SystemClock
    from shared.settings import load

    settings, partitions = load(GatewaySettings), connect_to_partitions()
    (name,) = tenants_of_all(partitions, tenant)
    options = QueueOptions(
        gateway_id="parley handovers",
        clock=SystemClock(),
        limits=enqueue_limits(settings),
        conversation_ttl_seconds=settings.conversation_ttl_seconds,
    )
    ports = connect_ports(partitions, settings.queue_lists, options)
    return TenantHandovers(ports.handovers, ports.conversations, name)
