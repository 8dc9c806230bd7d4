"""gunicorn's own log in the form of the gateway's."""

from gunicorn.config import Config
from gunicorn.glogging import Logger

from gateway.logs import JsonLines


class LineLogger(Logger):  # type: ignore[misc]  # gunicorn is untyped
    """Write gunicorn's errors and, if it is on, the access log as JSON lines."""

    def setup(self, cfg: Config) -> None:
        """Take gunicorn's set-up and exchange the format."""
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            for handler in log.handlers:
                handler.setFormatter(JsonLines())
