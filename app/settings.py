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
    host: str = Field(default="127.0.0.1", description="the address `il6 serve` listens on")
    port: int = Field(default=8000, ge=0, le=65535, description="the port `il6 serve` listens on")
    access_log: bool = Field(default=True, description="one JSON line on standard output per request")
    cache_bytes: int = Field(
        default=64 * 2**20, ge=0, description="bytes of ready answers that are kept; 0 keeps none"
    )
    warm_up: bool = Field(default=True, description="make ready what is asked for most, before anybody asks")
    environment: str = Field(default="production", description="what /service-info says of this instance")
