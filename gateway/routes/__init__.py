"""One small module per group of routes; each has a `register` that `gateway.app` calls."""
