"""Which version this is; pyproject.toml and the OpenAPI document say the same."""

VERSION = "0.1.0"
