"""What docker-compose.yml says, and its services as local processes."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
import yaml

from infra.supervisor.embedded_redis import server_program

ROOT = Path(__file__).parent.parent.parent
DOCKERFILE = ROOT / "infra" / "deploy" / "Dockerfile"


def interpolate(value: Any) -> Any:
    """Fill in the defaults of `${NAME:-default}`, as for someone who has set nothing."""
    if isinstance(value, dict):
        return {key: interpolate(each) for key, each in value.items()}
    if isinstance(value, list):
        return [interpolate(each) for each in value]
    if not isinstance(value, str):
        return value
    return re.sub(r"\$\{\w+:-([^}]*)\}|\$(\$)", lambda found: found[1] or found[2] or "", value)


def read_services(name: str) -> dict[str, Any]:
    services: dict[str, Any] = interpolate(yaml.safe_load((ROOT / name).read_text()))["services"]
    return services


def seconds(duration: str) -> float:
    assert duration.endswith("s")
    return float(duration.removesuffix("s"))


def image_environment() -> dict[str, str]:
    """Return the settings that the images bring."""
    return dict(re.findall(r"(PARLEY_\w+)=(\S+)", stage("gateway")))


def stage(name: str) -> str:
    """Return a stage's lines of the Dockerfile."""
    found = re.search(
        rf"^FROM \S+ AS {name}$(.*?)(?=^FROM|\Z)", DOCKERFILE.read_text(), re.M | re.S
    )
    assert found is not None
    return found[1]


@dataclass
class ComposeService:
    """One service of the file, run on this machine."""

    name: str
    wanted: Mapping[str, Any]
    places: Mapping[str, str]
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def command(self) -> list[str]:
        return self.localise(self.wanted["command"])

    @property
    def health_command(self) -> list[str]:
        how, *command = self.localise(self.wanted["healthcheck"]["test"])
        assert how == "CMD"
        return command

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def localise(self, words: Sequence[str]) -> list[str]:
        """Put this machine's ports and folders in the place of the containers' own."""
        pattern = "|".join(re.escape(place) for place in self.places)
        return [re.sub(pattern, lambda found: self.places[found[0]], word) for word in words]

    def environment(self) -> dict[str, str]:
        wanted = image_environment() | self.wanted.get("environment", {})
        wanted = {name: value for name, value in wanted.items() if value is not None}
        values = self.localise(list(wanted.values()))
        here = {name: v for name, v in os.environ.items() if not name.startswith("PARLEY_")}
        programs = f"{Path(sys.executable).parent}:{server_program().parent}:{os.environ['PATH']}"
        return here | dict(zip(wanted, values, strict=True)) | {"PATH": programs}

    def start(self) -> None:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def healthy(self) -> bool:
        """Run the health check; fail at once when the service has ended."""
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        if self.health_command[0] == "redis-cli":
            return self._redis_answers()
        return self.check().returncode == 0

    def check(self, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.health_command,
            cwd=ROOT,
            env=self.environment() | environment,
            timeout=seconds(self.wanted["healthcheck"]["timeout"]),
            capture_output=True,
            text=True,
            check=False,
        )

    def _redis_answers(self) -> bool:
        """Do what `redis-cli -e` does, which the embedded Redis comes without."""
        _, exit_on_error, _, port, command = self.health_command
        assert exit_on_error == "-e"
        try:
            with redis.Redis(port=int(port)) as client:
                return bool(client.execute_command(command))
        except redis.RedisError:
            return False

    def stop(self) -> None:
        """Stop as `docker compose stop` does and expect a clean end in the time it grants."""
        assert self.process is not None
        self.process.terminate()
        try:
            status = self.process.wait(timeout=seconds(self.wanted["stop_grace_period"]))
        finally:
            self.process.kill()
        assert status == 0, f"{self.name} ended with {status}: {self.log.read_text()[-3000:]}"
