"""Seeding: all or nothing, whatever goes wrong and whenever."""

import fcntl
import os
import random
import resource as limits
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import yaml
from sqlalchemy import text

from app import SCHEMA_REVISION
from app.seeding.build import ADVISORY_LOCK, DatabaseFault, StorageFault, seed
from app.seeding.check import read_facts
from app.seeding.comments import uncommented
from app.seeding.files import DataFault, canonical, checksum, format_files
from app.settings import SEED
from app.store.engine import make_engine, parse_url
from tests.conftest import NewDatabase, PostgreSQL, migrated, serving, set_version, unmeasured


def il6(*arguments: str, url: str, **options: object) -> subprocess.Popen[str]:
    """The program, as somebody at a terminal starts it: at its own speed, so without measuring coverage."""
    return subprocess.Popen(
        [sys.executable, "-m", "app", *arguments],
        env={**unmeasured(), "IL6_DATABASE_URL": url, "PYTHONWARNINGS": "error"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,  # type: ignore[call-overload]
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def edit(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    content = path.read_text(encoding="utf-8")
    assert old in content, f"{file} has no {old!r}"
    path.write_text(content.replace(old, new, 1), encoding="utf-8")


def problems(folder: Path) -> list[str]:
    with pytest.raises(DataFault) as caught:
        read_facts(folder)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.longer
def test_seeding_again_writes_nothing(new_database: NewDatabase) -> None:
    url = parse_url(migrated(new_database()))
    first, second = seed(SEED, url), seed(SEED, url)
    assert (first.written, second.written) == (True, False)
    assert first.release.checksum == second.release.checksum


def wait_for(client: httpx.Client, version: str) -> None:
    """Wait until a release is served, a second at most."""
    deadline = time.monotonic() + 1
    while client.get("/livez").headers["X-Atlas-Release"] != version:
        assert time.monotonic() < deadline, f"{version} is not served"
        time.sleep(0.05)


@pytest.mark.longer
def test_a_new_release_is_served_within_a_second_and_an_old_one_comes_back(
    new_release: NewDatabase, seed_folder: Path
) -> None:
    url = new_release()
    with serving(url) as client:
        before = client.get("/release").json()
        set_version(seed_folder, "2027.01")
        edit(seed_folder, "cancers.yaml", "name: Breast cancer", "name: Breast carcinoma")
        seed(seed_folder, parse_url(url))
        wait_for(client, "2027.01")
        after = client.get("/cancers/breast-cancer")
        assert after.json()["name"] == "Breast carcinoma"
        assert after.headers["X-Atlas-Release"] == "2027.01"
        assert client.get("/release").json()["checksum"] != before["checksum"]
        assert client.get("/livez").headers["X-Atlas-Release"] == "2027.01"
        seed(SEED, parse_url(url))
        wait_for(client, before["version"])
        assert client.get("/release").json() == before
        assert client.get("/cancers/breast-cancer").json()["name"] == "Breast cancer"


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        (
            "trials.yaml",
            "inhibitors: [siltuximab]",
            "inhibitors: [siltuximap]",
            "trials.yaml, line 158, nci-2024-09473, inhibitors: the id of a row of inhibitors.yaml "
            "(there is no siltuximap; siltuximab is near)",
        ),
        (
            "interactions.yaml",
            "source: {kind: target, id: il6}",
            "source: {kind: target, id: il66}",
            "source.id: the id of a row of targets.yaml (there is no il66; il6 is near)",
        ),
        (
            "cancers.yaml",
            "parent: solid-tumours",
            "parent: bladder-cancer",
            "bladder-cancer, parent: a parent that",
        ),
        (
            "inhibitors.yaml",
            "scope: pathway",
            "scope: indirect",
            "azd1480, scope: 'direct' or 'pathway' (it is 'indirect'; 'direct' is near)",
        ),
        (
            "inhibitors.yaml",
            "scope: pathway",
            "skope: pathway",
            "azd1480, skope: a key that these rows have; scope is near",
        ),
        (
            "inhibitors.yaml",
            "scope: pathway",
            "scope: pathway\n  scope: direct",
            "the key scope stands twice",
        ),
        ("inhibitors.yaml", "id: azd1480", "id: AZD 1480", "AZD 1480, id: lower-case letters, digits"),
        (
            "inhibitors.yaml",
            "CHEMBL1231124",
            "CHEMBL2105759",
            "baricitinib, chembl: an identifier of its own",
        ),
        (
            "inhibitors.yaml",
            "CHEMBL1231124",
            "ChEMBL1231124",
            "azd1480, ids.chembl: an identifier of the form",
        ),
        (
            "inhibitors.yaml",
            "{chembl: CHEMBL1231124",
            "{chemble: CHEMBL1231124",
            "ids.chemble: one of the regis",
        ),
        (
            "inhibitors.yaml",
            "targets: [jak1, jak2]",
            "targets: [jak1, jak1]",
            "azd1480, targets: each value once",
        ),
        (
            "targets.yaml",
            "hgnc: HGNC:6018",
            "hgnc: HGNC:60180000",
            "il6, hgnc: an identifier of the form HGNC:",
        ),
        ("targets.yaml", "uniprot: P05231", "uniprot: 05231P", "il6, uniprot: an identifier of the form"),
        ("targets.yaml", "symbol: IL6\n", "symbol: IL6X\n", "il6, id: the symbol in lower case, il6x"),
        (
            "publications.yaml",
            "doi: 10.3390/ijms22158334",
            "doi: 11.3390/x",
            "abaurrea-2021, doi: an identifier",
        ),
        ("publications.yaml", "pmid: '34361105'", "pmid: PM34361105", "abaurrea-2021, pmid: an identifier"),
        ("publications.yaml", "'2021-08-03'", "'2031-08-03'", "a day up to that of the release"),
        ("publications.yaml", "'2021-08-03'", "3 August", "published: a day as '2026-11-28'"),
        (
            "publications.yaml",
            "  doi: 10.1007/s00268-005-0585-9\n",
            "",
            "agarwal-2007, doi: a DOI, a PMID or a URL",
        ),
        (
            "trials.yaml",
            "registry_id: NCT00265135",
            "registry_id: NCT265135",
            "registry_id: an identifier of the form",
        ),
        ("trials.yaml", "id: nct00265135", "id: nct00265136", "nct00265136, id: the number in the register"),
        (
            "cancers.yaml",
            "mondo: 'MONDO:0007254'",
            "mondo: MONDO-7254",
            "breast-cancer, ids.mondo: an identifier",
        ),
        (
            "RELEASE",
            "version: '2026.12'",
            "version: november",
            "RELEASE, version: year and month, as in '2026.11'",
        ),
        ("RELEASE", "licence:", "license:", "RELEASE, licence: a value: every row has one"),
        ("evidence.yaml", "- id: ", "- just words\n\n- id: ", "row 1: a mapping of keys to values"),
    ],
)
def test_each_fault_in_the_data_is_named(
    seed_folder: Path, file: str, old: str, new: str, expected: str
) -> None:
    edit(seed_folder, file, old, new)
    found = problems(seed_folder)
    assert any(expected in problem for problem in found), found
    assert all(
        problem.startswith((file, "approvals.yaml", "cancers.yaml", "evidence.yaml")) for problem in found
    )


def test_all_faults_are_named_at_once(seed_folder: Path) -> None:
    edit(seed_folder, "evidence.yaml", "publication: tempfer-1997", "publication: tempfer-1979")
    edit(seed_folder, "inhibitors.yaml", "scope: pathway", "scope: indirect")
    edit(seed_folder, "RELEASE", "date: '2026-11-28'", "date: today")
    (seed_folder / "trials.yaml").unlink()
    (seed_folder / "targets.yaml").write_bytes(b"\xff\xfe")
    (seed_folder / "mechanisms.yaml").write_text("id: one", encoding="utf-8")
    found = "\n".join(problems(seed_folder))
    for file in ("evidence", "inhibitors", "RELEASE", "trials", "targets", "mechanisms"):
        assert file in found
    assert "cannot" not in found.replace("can be read", "")
    assert found.count("\n") == 5, found


def test_a_wrong_letter_names_file_id_and_field_and_leaves_the_release(
    new_release: NewDatabase, seed_folder: Path
) -> None:
    url = new_release()
    edit(seed_folder, "evidence.yaml", "publication: stevens-2017", "publication: stevems-2017")
    with serving(url) as client:
        before = client.get("/release").json()
        code, _, err = finish(il6("seed", "--from", str(seed_folder), url=url))
        assert code == os.EX_DATAERR
        assert "evidence.yaml, line 16, aml-paediatric-marrow-il6-efs-stevens-2017, publication" in err
        assert "stevens-2017 is near" in err
        assert client.get("/release").json() == before


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "atlas.sqlite")


FULL = os.environ.get("IL6_TEST_FAULTS") == "full"
"""`make faults`: as many times as it takes to hit every moment."""


@pytest.mark.longer
def test_a_kill_at_any_moment_leaves_the_old_release_and_no_rubbish(
    new_release: NewDatabase, seed_folder: Path
) -> None:
    """Each seeding is of the release that is not there."""
    url = new_release()
    set_version(seed_folder, "2027.01")
    wanted, held = "2027.01", "2026.12"

    def start() -> subprocess.Popen[str]:
        return il6("seed", "--from", str(seed_folder if wanted == "2027.01" else SEED), url=url)

    begun = time.monotonic()
    assert finish(start())[0] == 0
    duration = time.monotonic() - begun
    wanted, held = held, wanted
    dice = random.Random(6)
    with serving(url) as client:
        for _ in range(10 if FULL else 3):
            process = start()
            time.sleep(duration * dice.uniform(0.4, 0.95))
            process.send_signal(signal.SIGKILL)
            finish(process)
            release = client.get("/release").raise_for_status().json()
            total = client.get("/evidence?limit=0").raise_for_status()
            assert total.json()["total"] == 658
            assert total.headers["X-Atlas-Release"] == release["version"]
            if release["version"] != held:
                wanted, held = held, wanted
            assert release["version"] == held
        assert finish(start())[0] == 0
        assert client.get("/readyz").json()["release"] == wanted
    if url.startswith("sqlite"):
        assert leftovers(Path(url.removeprefix("sqlite:///")).parent) == []


@pytest.mark.longer
def test_two_seedings_at_once_end_with_one_whole_release(
    new_database: NewDatabase, seed_folder: Path
) -> None:
    url = migrated(new_database())
    set_version(seed_folder, "2027.01")
    processes = [il6("seed", url=url), il6("seed", "--from", str(seed_folder), url=url)]
    assert [finish(process)[0] for process in processes] == [0, 0]
    with serving(url) as client:
        assert client.get("/readyz").json()["release"] in ("2026.12", "2027.01")


def test_a_seeding_waits_for_another_and_says_so(new_release: NewDatabase) -> None:
    url = new_release()
    said: list[str] = []
    waiting = threading.Event()

    def say(message: str) -> None:
        said.append(message)
        waiting.set()

    release = hold(url)
    second = threading.Thread(target=lambda: seed(SEED, parse_url(url), say=say))
    second.start()
    assert waiting.wait(timeout=20)
    assert second.is_alive()
    release()
    second.join()
    assert "another seeding is at work" in said[0]


def hold(url: str) -> Callable[[], object]:
    """Hold the lock of a seeding; the answer lets it go."""
    if url.startswith("sqlite"):
        folder = Path(url.removeprefix("sqlite:///")).parent
        descriptor = os.open(folder, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return lambda: os.close(descriptor)
    engine = make_engine(parse_url(url))
    connection = engine.connect()
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
    return lambda: (connection.close(), engine.dispose())


@pytest.mark.longer
def test_readers_of_a_server_see_no_moment_between_two_releases(
    new_release: NewDatabase, seed_folder: Path
) -> None:
    url = new_release()
    set_version(seed_folder, "2027.01")
    edit(seed_folder, "cancers.yaml", "name: Breast cancer", "name: Breast carcinoma")
    pairs = set()
    stop = threading.Event()

    def read() -> None:
        with httpx.Client(base_url=client.base_url) as reader:
            while not stop.is_set():
                answer = reader.get("/cancers/breast-cancer").raise_for_status()
                pairs.add((answer.headers["X-Atlas-Release"], answer.json()["name"]))

    with serving(url) as client:
        thread = threading.Thread(target=read)
        thread.start()
        for folder in (seed_folder, SEED):
            seed(folder, parse_url(url))
        stop.set()
        thread.join()
    assert pairs <= {("2026.12", "Breast cancer"), ("2027.01", "Breast carcinoma")}
    assert len(pairs) == 2


@pytest.mark.postgresql
def test_a_server_of_another_schema_is_named(postgresql: PostgreSQL) -> None:
    with pytest.raises(
        DatabaseFault,
        match=f"revision None, and this version needs {SCHEMA_REVISION}: run `il6 seed --migrate`",
    ):
        seed(SEED, parse_url(postgresql.url()))


def test_a_server_that_does_not_answer_is_named() -> None:
    code, _, err = finish(il6("seed", url="postgresql://atlas@127.0.0.1:1/atlas"))
    assert code == os.EX_UNAVAILABLE
    assert "the database cannot take the release" in err
    assert "Traceback" not in err


def test_a_disk_that_is_full_leaves_the_old_release(
    release_file: Path, tmp_path: Path, seed_folder: Path
) -> None:
    """The size limit of a process stands in for the disk: a write beyond it fails in the same place."""
    (tmp_path / "data").mkdir()
    url = f"sqlite:///{shutil.copy(release_file, tmp_path / 'data' / 'atlas.sqlite')}"
    set_version(seed_folder, "2027.01")

    def full() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        limits.setrlimit(limits.RLIMIT_FSIZE, (2**20, 2**20))

    code, _, err = finish(il6("seed", "--from", str(seed_folder), url=url, preexec_fn=full))
    assert code == os.EX_CANTCREAT
    assert f"cannot write {tmp_path / 'data' / 'atlas.sqlite'}" in err
    assert "what was served before is untouched" in err
    assert leftovers(tmp_path / "data") == []
    with serving(url) as client:
        assert client.get("/release").json()["version"] == "2026.12"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(StorageFault, match=r"cannot write .*file/atlas.sqlite: "):
        seed(SEED, parse_url(f"sqlite:///{tmp_path / 'file' / 'atlas.sqlite'}"))


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody who may not write")
def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
    folder = Path("/var/tmp") / f"il6-atlas-{os.getpid()}"
    folder.mkdir(mode=0o755)
    try:
        child = os.fork()
        if child == 0:
            os.setuid(65534)
            try:
                seed(SEED, parse_url(f"sqlite:///{folder / 'atlas.sqlite'}"))
            except StorageFault as fault:
                os._exit(0 if "cannot write" in str(fault) else 2)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert list(folder.iterdir()) == []
    finally:
        folder.rmdir()


@pytest.mark.longer
def test_a_spoilt_file_is_replaced(release_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "atlas.sqlite"
    shutil.copy(release_file, path)
    content = bytearray(path.read_bytes())
    content[200_000:208_192] = os.urandom(8192)
    path.write_bytes(content)
    assert seed(SEED, parse_url(f"sqlite:///{path}")).written
    assert not seed(SEED, parse_url(f"sqlite:///{path}")).written


def test_the_seed_files_are_in_canonical_form() -> None:
    crooked = [
        path.name for path in sorted(SEED.glob("*.yaml")) if canonical(path) != path.read_text("utf-8")
    ]
    assert not crooked, f"run `il6 seed --format`: {crooked}"


def test_formatting_mends_order_and_style_and_loses_nothing(seed_folder: Path) -> None:
    before = read_facts(seed_folder)
    path = seed_folder / "indications.yaml"
    rows = path.read_text("utf-8").split("\n\n")
    path.write_text(
        "\n\n".join([rows[0], *reversed(rows[1:])]).replace("area: oncology", "area:   'oncology'"), "utf-8"
    )
    assert format_files(seed_folder) == ["indications.yaml"]
    assert path.read_bytes() == (SEED / "indications.yaml").read_bytes()
    assert read_facts(seed_folder) == before
    assert format_files(seed_folder) == []


@pytest.mark.longer
@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        ("  symbol: IL6\n", "  # seen twice\n  symbol: IL6\n", None),
        ("  symbol: IL6\n", "  symbol: IL6  # seen twice\n", "  # seen twice\n  symbol: IL6\n"),
        ("  symbol: IL6\n", "      # seen twice\n  symbol:   IL6\n", "  # seen twice\n  symbol: IL6\n"),
        ("- id: il6\n", "# seen twice\n\n- id: il6\n", "# seen twice\n- id: il6\n"),
        ("- id: il6\n", "- id: il6 # seen twice\n", "# seen twice\n- id: il6\n"),
        ("\n- id: il6r\n", "  # seen twice\n\n- id: il6r\n", None),
        ("HGNC symbol.\n\n", "HGNC symbol.\n# yaml-language-server: $schema=schemas/targets.json\n\n", None),
        ("HGNC symbol.\n\n", "HGNC symbol.\n# seen twice\n\n", None),
    ],
)
def test_formatting_keeps_comments(seed_folder: Path, old: str, new: str, kept: str | None) -> None:
    before = read_facts(seed_folder)
    sums = checksum(seed_folder)
    path = seed_folder / "targets.yaml"
    edit(seed_folder, "targets.yaml", old, new)
    written = path.read_text("utf-8")
    format_files(seed_folder)
    assert path.read_text("utf-8").count("# ") == written.count("# ")
    if kept:
        assert path.read_text("utf-8") == written.replace(new, kept)
    assert format_files(seed_folder) == []
    assert read_facts(seed_folder) == before
    assert checksum(seed_folder) == sums, "a comment is no change of the data"


def test_a_comment_goes_where_its_row_and_its_key_go(seed_folder: Path) -> None:
    path = seed_folder / "targets.yaml"
    rows = path.read_text("utf-8").split("\n\n")
    first = (
        rows[1].replace("- id: ", "# of the row\n- id: ").replace("  symbol: ", "  # of the key\n  symbol: ")
    )
    keys = first.split("\n")
    turned = "\n".join([*keys[:2], *keys[4:], *keys[2:4]])
    path.write_text("\n\n".join([rows[0], *rows[2:], turned]), "utf-8")
    format_files(seed_folder)
    assert path.read_text("utf-8").split("\n\n") == [rows[0], first, *rows[2:]]


def test_no_sign_within_a_text_is_taken_for_a_comment(seed_folder: Path) -> None:
    path = seed_folder / "targets.yaml"
    rows = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
    rows[0]["summary"] = "Number #1 of the pathway: " + "a # b " * 40 + "#"
    path.write_text(yaml.safe_dump(rows, allow_unicode=True), "utf-8")
    format_files(seed_folder)
    assert yaml.load(path.read_text("utf-8"), yaml.CSafeLoader) == sorted(rows, key=lambda row: row["id"])
    assert uncommented(path.read_text("utf-8")) == path.read_text("utf-8")


def test_formatting_mends_what_can_mean_one_thing_alone(seed_folder: Path) -> None:
    path = seed_folder / "publications.yaml"
    content = path.read_bytes()
    for old, new in {
        "volume: '22'": "volume: 22",
        "pmid: '34361105'": "pmid: 34361105",
        "doi: 10.3390/ijms22158334": "doi: https://doi.org/10.3390/ijms22158334",
        "pmcid: PMC8347315": "pmcid: https://pmc.ncbi.nlm.nih.gov/articles/PMC8347315/",
        "pmid: '25806346'": "pmid: https://pubmed.ncbi.nlm.nih.gov/25806346",
    }.items():
        edit(seed_folder, "publications.yaml", old, new)
    edit(seed_folder, "inhibitors.yaml", "pubchem_cid: '44205240'", "pubchem_cid: 44205240")
    edit(seed_folder, "trials.yaml", "  phase: '2'\n", "  phase: 2\n")
    assert format_files(seed_folder) == ["publications.yaml", "inhibitors.yaml", "trials.yaml"]
    assert path.read_bytes() == content
    assert checksum(seed_folder) == checksum(SEED)


def test_the_checksum_is_that_of_the_seed_files(
    release_file: Path, seed_folder: Path, tmp_path: Path
) -> None:
    url = parse_url(f"sqlite:///{shutil.copy(release_file, tmp_path / 'atlas.sqlite')}")
    first = seed(SEED, url).release
    edit(seed_folder, "RELEASE", "Data under CC BY 4.0", "Data are under CC BY 4.0")
    second = seed(seed_folder, url)
    assert second.written
    assert second.release.checksum != first.checksum
