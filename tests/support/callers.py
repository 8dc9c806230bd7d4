"""Requests in the name of a tenant, without a key that would say so."""

from flask import Flask, g, request
from flask.testing import FlaskClient

from gateway.caller import Caller

_TENANT = "parley.test.tenant"


def let_callers_name_tenants(app: Flask) -> None:
    """Take the caller's tenant from the client that `client_of` returns; call once for an app."""

    @app.before_request
    def identify() -> None:
        g.caller = Caller(tenant=request.environ.get(_TENANT, "default"))


def client_of(app: Flask, tenant: str) -> FlaskClient:
    """Return an HTTP client whose requests are a tenant's."""
    client = app.test_client()
    client.environ_base[_TENANT] = tenant
    return client
