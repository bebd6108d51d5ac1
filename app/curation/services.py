"""Other people's services: one way to ask them, and one kind of fault where they do not answer."""

import logging
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import NamedTuple, TypeVar

import httpx2
import stamina
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from app import __version__
from app.settings import Settings

TRANSPORT: httpx2.BaseTransport | None = None
"""What carries the requests; the usual one if None."""

TRIES = 4
SECONDS = 20.0
"""What one try may take."""

PATIENCE = 60.0
"""The longest that is waited because a service asks for it."""

LARGEST = 64 * 2**20
"""Bytes of an answer."""


class Service(NamedTuple):
    name: str
    address: str


class ServiceFault(Exception):
    """A service did not answer what was asked; the text says which service, and why."""


class Again(Exception):
    """An answer that may be another one in a while; `after` says when, in seconds."""

    def __init__(self, service: Service, why: str, after: float | None = None) -> None:
        super().__init__(f"{service.name} does not answer: {why}")
        self.after = after


def tell(details: RetryDetails) -> None:
    """Say that a service is asked again: it may take a minute."""
    logging.getLogger(__name__).warning("%s; asked again in %.1f s", details.caused_by, details.wait_for)


set_on_retry_hooks([tell])


EUROPE_PMC = Service("Europe PMC", "https://www.ebi.ac.uk/europepmc/webservices/rest")
CROSSREF = Service("Crossref", "https://api.crossref.org")
CLINICAL_TRIALS = Service("ClinicalTrials.gov", "https://clinicaltrials.gov/api/v2")
OPENFDA = Service("openFDA", "https://api.fda.gov")


class Answer(BaseModel):
    """A part of an answer; keys that nobody reads are passed over."""

    model_config = ConfigDict(alias_generator=to_camel)


Read = TypeVar("Read", bound=BaseModel)


def ask(service: Service, path: str, model: type[Read], query: Mapping[str, str]) -> Read | None:
    """What a service answers, None where it knows of nothing; raises ServiceFault."""
    try:
        for attempt in stamina.retry_context(on=pause, attempts=TRIES, timeout=None):
            with attempt:
                content = fetch(service, path, query)
    except Again as fault:
        wait = f"; it asks to be left alone for {fault.after:.0f} seconds" if fault.after else ""
        raise ServiceFault(f"{fault}{wait}") from None
    try:
        return None if content is None else model.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] == "json_invalid":
            raise ServiceFault(f"{service.name} answered with something that is no JSON") from None
        place = ".".join(map(str, first["loc"]))
        raise ServiceFault(
            f"{service.name} answers in another form than it did ({place}: {first['msg']})"
        ) from None


def fetch(service: Service, path: str, query: Mapping[str, str]) -> bytes | None:
    """One try to get an answer; raises Again where another may be worth it."""
    contact = Settings().contact
    agent = f"il6-atlas/{__version__} ({contact})" if contact else f"il6-atlas/{__version__}"
    head = {"User-Agent": agent, "Accept": "application/json"}
    client = httpx2.Client(timeout=SECONDS, follow_redirects=True, headers=head, transport=TRANSPORT)
    try:
        with client, client.stream("GET", f"{service.address}{path}", params=dict(query)) as answer:
            content = b""
            for part in answer.iter_bytes():
                content += part
                if len(content) > LARGEST:
                    raise ServiceFault(f"{service.name} answers with more than {LARGEST >> 20} MiB")
    except httpx2.TimeoutException:
        raise Again(service, f"nothing came within {SECONDS:.0f} seconds") from None
    except httpx2.TransportError as error:
        raise Again(service, str(error) or type(error).__name__) from None
    except httpx2.HTTPError as error:
        raise ServiceFault(f"{service.name} does not answer: {error}") from None
    if answer.status_code == 404:
        return None
    if answer.status_code == 429 or answer.status_code >= 500:
        raise Again(service, f"status {answer.status_code}", seconds(answer.headers.get("Retry-After")))
    if answer.status_code != 200:
        raise ServiceFault(f"{service.name} refuses the question: status {answer.status_code}")
    return content


def seconds(said: str | None) -> float | None:
    """What Retry-After says, in seconds from now."""
    if not said:
        return None
    try:
        return max(
            0.0, float(said) if said.isdigit() else parsedate_to_datetime(said).timestamp() - time.time()
        )
    except ValueError:
        return None


def pause(fault: Exception) -> bool | float:
    """Whether to try again, or after how many seconds where the service says so."""
    if not isinstance(fault, Again):
        return False
    if fault.after is None:
        return True
    return fault.after if fault.after <= PATIENCE else False
