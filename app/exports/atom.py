"""The releases as an Atom feed (RFC 4287)."""

from collections.abc import Sequence
from uuid import NAMESPACE_URL, uuid5
from xml.etree.ElementTree import Element, SubElement, tostring

from app.models.history import ReleaseSummary

NAMESPACE = "http://www.w3.org/2005/Atom"


def identifier(path: str) -> str:
    """An id that stays the same whatever host serves the feed."""
    return uuid5(NAMESPACE_URL, f"il6-atlas{path}").urn


def write(releases: Sequence[ReleaseSummary]) -> str:
    """A feed with an entry for each release, the newest first."""
    feed = Element("feed", xmlns=NAMESPACE)
    add(feed, "id", identifier("/releases"))
    add(feed, "title", "IL-6 Atlas: releases of the data")
    add(feed, "updated", f"{releases[0].date}T00:00:00Z")
    add(SubElement(feed, "author"), "name", "The IL-6 Atlas maintainers")
    SubElement(feed, "link", rel="self", type="application/atom+xml", href="/releases.atom")
    SubElement(feed, "link", rel="alternate", type="text/html", href="/explore/releases")
    for each in releases:
        entry = SubElement(feed, "entry")
        add(entry, "id", identifier(each.links["self"]))
        add(entry, "title", f"Release {each.version}")
        add(entry, "updated", f"{each.date}T00:00:00Z")
        SubElement(entry, "link", rel="alternate", type="text/html", href=f"/explore{each.links['self']}")
        add(entry, "rights", each.licence)
        add(entry, "summary", told(each))
    return tostring(feed, encoding="unicode", xml_declaration=True)


def add(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = text


def told(release: ReleaseSummary) -> str:
    """What a release changed, in a sentence."""
    parts = [
        f"{path} {counts.added} added, {counts.changed} changed, {counts.removed} removed"
        for path, counts in release.changes.items()
        if counts.added or counts.changed or counts.removed
    ]
    since = f"Since {release.since}" if release.since else "The first release"
    return f"{since}: {'; '.join(parts) or 'no record changed'}."
