"""Read what the gateway's metrics show."""

from prometheus_client.parser import text_string_to_metric_families

from tests.support.gateway_harness import GatewayHarness


def samples(harness: GatewayHarness) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return what /metrics shows, by name and labels."""
    response = harness.client.get("/metrics")
    assert response.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }
