"""Flask without what no request of the gateway needs, and with what it finds again each time."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

from flask import Flask, Request
from flask.sessions import NullSession, SessionInterface
from werkzeug.routing import MapAdapter

MAX_ADDRESSES = 256
_Function = TypeVar("_Function", bound=Callable[..., Any])
# All of a WSGI environment that an adapter is made from.
_ADDRESS = (
    *("HTTP_HOST", "REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "SCRIPT_NAME"),
    *("wsgi.url_scheme", "SERVER_NAME", "SERVER_PORT", "HTTP_CONNECTION", "HTTP_UPGRADE"),
)


class NoSessions(SessionInterface):
    """No request has a session: clients say who they are with a key."""

    def open_session(self, app: Flask, request: Request) -> NullSession:
        """Return one that nothing can be put into."""
        return NullSession()


class KnownAddress(MapAdapter):
    """An address without variable parts, which remembers the rule that serves it."""

    def __init__(self, adapter: MapAdapter, host: str) -> None:
        self.__dict__.update(adapter.__dict__)
        self.host = host
        self._found: Any = None

    def match(self, *args: Any, **options: Any) -> Any:
        """Return the rule and no arguments, or raise what is to be answered instead."""
        if args or options != {"return_rule": True}:
            return super().match(*args, **options)
        if self._found is None:
            rule, arguments = super().match(return_rule=True)
            if arguments:  # one with a variable part fits this method
                return rule, arguments
            self._found = rule
        return self._found, {}


class GatewayFlask(Flask):
    """An app whose functions are none of them coroutines."""

    session_interface = NoSessions()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._addresses: dict[tuple[Any, ...], KnownAddress] = {}

    def ensure_sync(self, func: _Function) -> _Function:
        """Return a function as it is."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Return what finds a request's rule; that is looked for once for each address."""
        if request is None:
            return super().create_url_adapter(request)
        address = tuple(map(request.environ.get, _ADDRESS))
        known = self._addresses.get(address)
        if known is None:
            return self._look_for(address, request)
        request.host = known.host  # as Flask does, having checked it
        return known

    def _look_for(self, address: tuple[Any, ...], request: Request) -> MapAdapter | None:
        adapter = super().create_url_adapter(request)
        if adapter is None or adapter.path_info.removeprefix("/") not in self._constant_paths:
            return adapter
        if len(self._addresses) >= MAX_ADDRESSES:
            self._addresses.clear()
        known = self._addresses[address] = KnownAddress(adapter, request.host)
        return known

    @cached_property
    def _constant_paths(self) -> frozenset[str]:
        """The paths of rules without arguments, without their first slash."""
        rules = (rule for rule in self.url_map.iter_rules() if not rule.arguments)
        return frozenset(rule.rule.removeprefix("/") for rule in rules)
