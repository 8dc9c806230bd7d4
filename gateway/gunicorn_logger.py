"""gunicorn's own log in the form of all others."""

import sys
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger

from shared.logs import new_formatter
from shared.settings import CommonSettings, load


class GunicornLogger(Logger):  # type: ignore[misc]  # gunicorn is untyped
    """Write gunicorn's errors and, if it is on, the access log in the format that is set."""

    def setup(self, cfg: Config) -> None:
        """Take gunicorn's set-up and exchange the format."""
        super().setup(cfg)
        formatter = new_formatter(load(CommonSettings).log_format)
        for log in (self.error_log, self.access_log):
            for handler in log.handlers:
                handler.setFormatter(formatter)

    def exception(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """Log a fault with its traceback; a client that is too slow is none."""
        if isinstance(sys.exc_info()[1], TimeoutError):
            self.info("a client was too slow and has been disconnected")
        else:
            super().exception(msg, *args, **kwargs)
