"""Everything the environment may change: variables with the prefix IL6_."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).parent.parent
SEED = PROJECT / "seed"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="IL6_")

    database_url: str = Field(
        default=f"sqlite:///{PROJECT / 'var' / 'atlas.sqlite'}",
        description="where the release lives: sqlite:///PATH or postgresql://USER@HOST/NAME",
    )
    replica_urls: str = Field(
        default="", description="replicas of that PostgreSQL to read from, with commas between them"
    )
    query_seconds: float = Field(
        default=5, gt=0, le=3600, description="what a step of a query may take before it is ended"
    )
    connections: int = Field(
        default=400, ge=1, description="connections that a worker serves at once; more are told to come later"
    )
    rate_limit: str = Field(
        default="",
        description="requests that each address may send, such as 100/minute; empty for any number",
    )
    rate_limit_storage: str = Field(
        default="memory://",
        description="where they are counted: memory://, or redis://HOST for several workers",
    )
    host: str = Field(default="127.0.0.1", description="the address `il6 serve` listens on")
    port: int = Field(default=8000, ge=0, le=65535, description="the port `il6 serve` listens on")
    access_log: bool = Field(default=True, description="one JSON line on standard output per request")
    cache_bytes: int = Field(
        default=64 * 2**20, ge=0, description="bytes of ready answers that are kept; 0 keeps none"
    )
    warm_up: bool = Field(default=True, description="make ready what is asked for most, before anybody asks")
    environment: str = Field(default="production", description="what /service-info says of this instance")
