"""The releases there were: each is frozen as a file that never changes again, and all of them are served."""

import datetime
import hashlib
import json
import lzma
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pydantic import ValidationError

from app.catalog import RESOURCES
from app.knowledge.changes import change_of, fields_changed, order_of
from app.models.base import Kind
from app.models.history import ChangeCounts, ChangeKind, Published, Revision
from app.models.release import ReleaseSeed
from app.seeding.answers import Facts, name_of
from app.seeding.check import explain, read_facts
from app.seeding.files import RELEASE, DataFault, Problem, checksum

FOLDER, SUMS, CHANGELOG, CITATION = "releases", "SHA256SUMS", "CHANGELOG.md", "CITATION.cff"
ENDING = ".json.xz"

Rows = dict[Kind, dict[str, dict[str, Any]]]


@dataclass(frozen=True)
class Dataset:
    """A release as data: its head, and the rows of each kind by id, as the curators wrote them."""

    head: ReleaseSeed
    checksum: str
    rows: Rows

    @property
    def version(self) -> str:
        return self.head.version

    def counts(self) -> dict[str, int]:
        return {path: len(self.rows[kind]) for path, kind in KINDS.items()}


KINDS = {each.path: each.kind for each in sorted(RESOURCES, key=lambda each: each.path)}


def dataset_of(head: ReleaseSeed, facts: Facts, folder: Path) -> Dataset:
    """The release that the seed files hold."""
    rows = {
        kind: {
            record_id: {name: value for name, value in row.items() if value not in (None, [], {})}
            for record_id, row in sorted(facts.written[kind].items())
        }
        for kind in KINDS.values()
    }
    return Dataset(head, checksum(folder), rows)


def written(release: Dataset) -> str:
    """A release as one JSON document."""
    collections = {path: list(release.rows[kind].values()) for path, kind in KINDS.items()}
    head = release.head.model_dump(mode="json")
    content = {**head, "checksum": release.checksum, "collections": collections}
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def read_frozen(folder: Path) -> list[Dataset]:
    """The frozen releases, the oldest first; raises DataFault where one is not what it was."""
    home = folder / FOLDER
    paths = {path.name: path for path in sorted(home.glob(f"*{ENDING}"))}
    recorded = read_sums(home)
    found, problems = [], []
    for name in sorted({*paths, *recorded}):
        try:
            content = paths[name].read_bytes()
            if recorded[name] != hashlib.sha256(content).hexdigest():
                raise ValueError
            found.append(dataset_from(json.loads(lzma.decompress(content))))
        except (KeyError, ValueError, OSError, lzma.LZMAError, ValidationError):
            expected = f"the file whose SHA-256 is in {SUMS}: a release never changes"
            problems.append(Problem(f"{FOLDER}/{name}", "", "", expected))
    if problems:
        raise DataFault(problems)
    return sorted(found, key=lambda release: order_of(release.version))


def read_sums(home: Path) -> dict[str, str]:
    """The recorded SHA-256 of each file."""
    path = home / SUMS
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def dataset_from(content: Mapping[str, Any]) -> Dataset:
    """A release of its JSON document; today's models are not asked, since it has words of its own time."""
    head = ReleaseSeed.model_validate({name: content[name] for name in ReleaseSeed.model_fields})
    rows = {
        kind: {row["id"]: row for row in content["collections"].get(path, [])} for path, kind in KINDS.items()
    }
    return Dataset(head, content["checksum"], rows)


def all_releases(folder: Path, newest: Dataset) -> list[Dataset]:
    """The frozen releases and what the seed files hold, the oldest first; raises DataFault."""
    earlier = [each for each in read_frozen(folder) if each.version != newest.version]
    if earlier and order_of(earlier[-1].version) > order_of(newest.version):
        expected = f"a version later than {earlier[-1].version}, which was released"
        raise DataFault([Problem(RELEASE, "", "version", expected)])
    return [*earlier, newest]


def history_of(releases: Iterable[Dataset]) -> tuple[list[Published], list[Revision]]:
    """Every release, and the rows that differ from the release before."""
    published, revisions = [], []
    before: Rows = {kind: {} for kind in KINDS.values()}
    for number, release in enumerate(releases, 1):
        changes: dict[str, dict[str, int]] = {}
        for path, kind in KINDS.items():
            counts: Counter[str] = Counter()
            for record_id, old, new in pairs(before[kind], release.rows[kind]):
                change = change_of(old, new)
                if change is None:
                    continue
                counts[change] += 1
                row = None if new is None else json.dumps(new, ensure_ascii=False, separators=(",", ":"))
                label = name_of(SimpleNamespace(**(new or old or {})))
                revisions.append(
                    Revision(kind=kind, record_id=record_id, number=number, label=label, row=row)
                )
            changes[path] = ChangeCounts(**counts).model_dump()
        published.append(
            Published(
                **release.head.model_dump(),
                number=number,
                checksum=release.checksum,
                counts=release.counts(),
                changes=changes,
            )
        )
        before = release.rows
    return published, revisions


def pairs(
    before: Mapping[str, dict[str, Any]], after: Mapping[str, dict[str, Any]]
) -> Iterator[tuple[str, dict[str, Any] | None, dict[str, Any] | None]]:
    """Each id of two states, with its row in both."""
    for record_id in sorted({*before, *after}):
        yield record_id, before.get(record_id), after.get(record_id)


def frozen_faults(folder: Path, newest: Dataset) -> Iterator[Problem]:
    """What is wrong where the seed files differ from the frozen release whose version they bear."""
    for each in read_frozen(folder):
        if each.version == newest.version and each != newest:
            expected = f"a new version: {each.version} was released, and the files differ from it"
            yield Problem(RELEASE, "", "version", expected)


def freeze(folder: Path, version: str | None, date: datetime.date) -> list[Path]:
    """Release what the seed files hold, under a version and a day; the files that were written.

    Raises DataFault where the data are wrong, or the version was released and was another.
    """
    head, facts = read_facts(folder)
    if version and version != head.version:
        name_release(folder, head, version, date)
        head, facts = read_facts(folder)
    newest = dataset_of(head, facts, folder)
    if problems := list(frozen_faults(folder, newest)):
        raise DataFault(problems)
    releases = all_releases(folder, newest)
    home = folder / FOLDER
    path = home / f"{newest.version}{ENDING}"
    if path.exists():
        return []
    home.mkdir(exist_ok=True)
    path.write_bytes(lzma.compress(written(newest).encode(), preset=9 | lzma.PRESET_EXTREME))
    sums = read_sums(home) | {path.name: hashlib.sha256(path.read_bytes()).hexdigest()}
    (home / SUMS).write_text("".join(f"{sums[name]}  {name}\n" for name in sorted(sums)), "utf-8")
    log = folder / CHANGELOG
    log.write_text(with_chapter(log, releases), "utf-8")
    return [path, home / SUMS, log]


def name_release(folder: Path, head: ReleaseSeed, version: str, date: datetime.date) -> None:
    """Write a version and a day into RELEASE, and into the citation file beside the folder if it is there."""
    try:
        ReleaseSeed.model_validate({**head.model_dump(), "version": version})
    except ValidationError as error:
        raise DataFault(list(explain(error, RELEASE, "", ReleaseSeed))) from None
    for path in (folder / RELEASE, folder.parent / CITATION):
        if path.exists():
            content = path.read_text("utf-8").replace(head.version, version)
            path.write_text(content.replace(str(head.date), str(date)), "utf-8")


HEAD = """\
# Changelog of the data

What each release added, changed and removed; `/releases/{version}/changes` says it field by field. The code
has a [changelog](../CHANGELOG.md) of its own.
"""


def with_chapter(log: Path, releases: list[Dataset]) -> str:
    """The changelog with a chapter on the newest release, before those on the earlier ones."""
    content = log.read_text("utf-8") if log.exists() else HEAD
    head, mark, rest = content.partition("\n## ")
    return f"{head.rstrip()}\n\n{chapter(releases)}{mark}{rest}"


def chapter(releases: list[Dataset]) -> str:
    """What the newest release changed: counts, which fields, and what is new and gone by id."""
    newest = releases[-1]
    before = releases[-2].rows if len(releases) > 1 else {kind: {} for kind in KINDS.values()}
    title = f"## {newest.version} - {newest.head.date}\n"
    if len(releases) == 1:
        counted = ", ".join(f"{count} {path}" for path, count in newest.counts().items())
        return f"{title}\nThe first release: {counted}.\n"
    table = ["| collection | records | added | changed | removed |", "| --- | --- | --- | --- | --- |"]
    told = []
    for path, kind in KINDS.items():
        ids: dict[ChangeKind, list[str]] = {each: [] for each in ChangeKind}
        fields: Counter[str] = Counter()
        for record_id, old, new in pairs(before[kind], newest.rows[kind]):
            if change := change_of(old, new):
                ids[change].append(record_id)
            fields.update(each.field for each in fields_changed(old, new))
        counts = " | ".join(str(len(each)) for each in ids.values())
        table.append(f"| {path} | {len(newest.rows[kind])} | {counts} |")
        parts = [f"- added: {', '.join(ids[ChangeKind.ADDED])}\n"] if ids[ChangeKind.ADDED] else []
        if fields:
            parts.append(f"- changed: {', '.join(f'{name} of {n}' for name, n in fields.most_common())}\n")
        if ids[ChangeKind.REMOVED]:
            parts.append(f"- removed: {', '.join(ids[ChangeKind.REMOVED])}\n")
        if parts:
            told.append(f"\n### {path.capitalize()}\n\n{''.join(parts)}")
    return "\n".join([title, *table, ""]) + "".join(told)
