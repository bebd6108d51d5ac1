"""Everything the environment may change: variables with the prefix IL6_."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PACKAGE = Path(__file__).parent
PROJECT = PACKAGE.parent
CHECKOUT = (PROJECT / "pyproject.toml").is_file() and (PROJECT / "seed").is_dir()
"""Whether the program runs from a checkout; installed, seed files and migrations are in its package."""

SEED = (PROJECT if CHECKOUT else PACKAGE) / "seed"
MIGRATIONS = (PROJECT if CHECKOUT else PACKAGE) / "migrations"
DATA = PROJECT / "var" if CHECKOUT else user_data_path("il6-atlas")


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="IL6_")

    database_url: str = Field(
        default=f"sqlite:///{DATA / 'atlas.sqlite'}",
        description="where the release lives: sqlite:///PATH or postgresql://USER@HOST/NAME",
    )
    query_seconds: float = Field(
        default=5, gt=0, le=3600, description="what a query may take before it is ended"
    )
    host: str = Field(default="127.0.0.1", description="the address `il6 serve` listens on")
    port: int = Field(default=8000, ge=0, le=65535, description="the port `il6 serve` listens on")
    access_log: bool = Field(default=True, description="one JSON line on standard output per request")
    cache_bytes: int = Field(
        default=32 * 2**20, ge=0, description="bytes of answers that a worker keeps; 0 keeps none"
    )
    public_url: str = Field(
        default="", description="the address clients have for it, with a path where there is one"
    )
    environment: str = Field(default="production", description="what /service-info says of this instance")
    contact: str = Field(default="", description="where users may write: a mail address, or that of a page")

    @property
    def contact_link(self) -> str:
        """The contact as what a link leads to; empty where there is none."""
        return f"mailto:{self.contact}" if "@" in self.contact and "/" not in self.contact else self.contact

    @field_validator("contact")
    @classmethod
    def check_contact(cls, contact: str) -> str:
        """Refuse what is neither a mail address nor that of a page."""
        if contact and not re.fullmatch(r"https?://[!-~]+|[!-~]+@[A-Za-z0-9.-]+\.[A-Za-z0-9-]+", contact):
            raise ValueError("a mail address, or that of a page that begins with https:// or http://")
        if re.search('["<>?&]', contact):
            raise ValueError("an address without quotation marks, brackets, ? and &")
        return contact

    @field_validator("public_url")
    @classmethod
    def check_address(cls, address: str) -> str:
        """Refuse what no link can begin with."""
        parts = urlsplit(address)
        plain = (
            parts.scheme in ("http", "https") and parts.hostname and not parts.query and not parts.fragment
        )
        if address and not (plain and re.fullmatch(r"[!-~]+", address) and not re.search('["<>]', address)):
            raise ValueError("an address such as https://example.org/atlas, without a query")
        return address.rstrip("/")
