"""Curating: from papers and registers into the seed files, whatever other people's services answer."""

import datetime
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
import stamina
import yaml
from click.testing import Result
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from app.catalog import RESOURCES
from app.cli import app
from app.curation import services
from app.curation.additions import identifier
from app.curation.drafts import accept, read_draft
from app.curation.proposals import accepted, apply
from app.curation.publications import read_file
from app.curation.services import Again, pause, seconds
from app.seeding.check import read_facts
from app.seeding.files import DataFault
from app.settings import PROJECT
from tests.conftest import serving

# The shape of the answers: https://europepmc.org/RestfulWebService (search, core), https://api.crossref.org,
# https://clinicaltrials.gov/data-api/api, https://open.fda.gov/apis/drug/drugsfda.
# People, papers and trials are invented.
PAPER: dict[str, Any] = {
    "id": "49999991",
    "source": "MED",
    "pmid": "49999991",
    "pmcid": "PMC99999991",
    "doi": "10.5555/il6.2026.1",
    "title": "Serum interleukin-6 and survival in <i>urothelial</i> bladder cancer: 212 patients.",
    "authorString": "Ångström Å, O'Neil B, Bladder Cancer Group.",
    "authorList": {
        "author": [
            {"fullName": "Ångström Å", "firstName": "Åsa", "lastName": "Ångström", "initials": "Å"},
            {"fullName": "O'Neil B", "lastName": "O'Neil", "initials": "B"},
            {"collectiveName": "Bladder Cancer Group"},
        ]
    },
    "journalInfo": {
        "issue": "3",
        "volume": "101",
        "dateOfPublication": "2026 Mar",
        "monthOfPublication": 3,
        "yearOfPublication": 2026,
        "printPublicationDate": "2026-03-01",
        "journal": {"title": "Translational lung cancer research", "issn": "2218-6751"},
    },
    "pubYear": "2026",
    "pageInfo": "535-41",
    "pubTypeList": {"pubType": ["Journal Article", "Observational Study"]},
    "firstPublicationDate": "2026-03-01",
}
WORK: dict[str, Any] = {
    "type": "journal-article",
    "DOI": "10.5555/il6.2026.2",
    "title": ["Tocilizumab in pancreatic cancer"],
    "container-title": ["Tumori"],
    "author": [
        {"given": "Mary-Ann", "family": "Example", "sequence": "first", "affiliation": []},
        {"name": "Pancreas Group", "sequence": "additional", "affiliation": []},
    ],
    "issued": {"date-parts": [[2026, 5]]},
    "volume": "112",
    "page": "1-9",
}
STUDY: dict[str, Any] = {
    "protocolSection": {
        "identificationModule": {"nctId": "NCT09999991", "briefTitle": "Siltuximab in Ovarian Cancer"},
        "statusModule": {
            "overallStatus": "RECRUITING",
            "startDateStruct": {"date": "2026-02", "type": "ACTUAL"},
        },
        "sponsorCollaboratorsModule": {"leadSponsor": {"name": "Example University", "class": "OTHER"}},
        "conditionsModule": {"conditions": ["Ovarian Carcinoma", "Fatigue"]},
        "designModule": {
            "studyType": "INTERVENTIONAL",
            "phases": ["PHASE1", "PHASE2"],
            "designInfo": {"allocation": "RANDOMIZED", "maskingInfo": {"masking": "NONE"}},
            "enrollmentInfo": {"count": 48, "type": "ESTIMATED"},
        },
        "armsInterventionsModule": {
            "interventions": [
                {"type": "DRUG", "name": "CNTO 328", "otherNames": ["Sylvant"]},
                {"type": "DRUG", "name": "Paclitaxel"},
            ]
        },
        "outcomesModule": {"primaryOutcomes": [{"measure": "Progression-free survival"}]},
    },
    "hasResults": False,
}
GUIDE = (PROJECT / "CONTRIBUTING.md").read_text("utf-8")
SAID = dict(re.findall(r"^  (\w+): (.*)$", GUIDE.split("```yaml\n")[1].split("```")[0], re.MULTILINE))
"""What a person types of the paper, as the guide shows it."""

Handler = Callable[[httpx2.Request], httpx2.Response]


class Web:
    """The web outside, as far as a test has told what it answers."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.asked: list[str] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(str(request.url))
        for beginning, answer in self.answers.items():
            if str(request.url).startswith(beginning):
                if isinstance(answer, Exception):
                    raise answer
                made = answer if isinstance(answer, httpx2.Response) else httpx2.Response(200, json=answer)
                return httpx2.Response(made.status_code, headers=made.headers, content=made.content)
        return httpx2.Response(404)


EPMC = f"{services.EUROPE_PMC.address}/search"
CTG = f"{services.CLINICAL_TRIALS.address}/studies"


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Web:
    made = Web()
    made.answers[EPMC] = {"hitCount": 0, "resultList": {"result": []}}
    monkeypatch.setattr(services, "TRANSPORT", httpx2.MockTransport(made))
    return made


@pytest.fixture
def il6(seed_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The program in a folder of its own, on a copy of the seed files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IL6_DATABASE_URL", f"sqlite:///{tmp_path / 'atlas.sqlite'}")

    def run(*words: str) -> Result:
        with stamina.set_testing(True, attempts=services.TRIES):
            return CliRunner().invoke(app, [*words, "--from", str(seed_folder)])

    return run


def europe_pmc(*papers: dict[str, Any]) -> dict[str, Any]:
    return {"version": "6.9", "hitCount": len(papers), "resultList": {"result": [*papers]}}


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*") if path.is_file()}


def fill(path: Path, said: dict[str, str]) -> None:
    """Type what a person says behind the keys of a draft."""
    content = path.read_text("utf-8")
    for key, value in said.items():
        content, times = re.subn(rf"^  {key}: .*$", f"  {key}: {value}", content, flags=re.MULTILINE)
        assert times == 1, f"the draft does not ask for {key}"
    path.write_text(content, "utf-8")


def test_from_a_paper_to_a_claim_in_three_commands(
    web: Web, il6: Callable[..., Result], tmp_path: Path
) -> None:
    web.answers[EPMC] = europe_pmc(PAPER)
    commands = [line for part in GUIDE.split("```sh\n")[1:] for line in part.split("```")[0].splitlines()]
    assert [each.split()[:2] for each in commands] == [["il6", "add"], ["il6", "accept"], ["il6", "seed"]]
    assert len(SAID) <= 6
    for number, command in enumerate(commands):
        done = il6(*command.split()[1:])
        assert done.exit_code == 0, done.output
        if number == 0:
            fill(tmp_path / "drafts" / "angstrom-2026.yaml", SAID)
    (address,) = re.findall(r"`(/evidence/.*?)`", GUIDE)
    with serving(f"sqlite:///{tmp_path / 'atlas.sqlite'}") as client:
        claim = client.get(address).json()
        assert claim["type"] == "prognostic"
        assert claim["direction"] == "supports"
        assert claim["level"] == "B"
        assert claim["target"]["id"] == "il6"
        assert claim["effect"]["harmonised"]["value"] == 1.8
        paper = client.get("/publications/PMID:49999991").json()
    assert {name: paper[name] for name in ("title", "authors", "journal", "published", "pages", "kind")} == {
        "title": "Serum interleukin-6 and survival in urothelial bladder cancer: 212 patients",
        "authors": ["Ångström Å", "O'Neil B", "Bladder Cancer Group"],
        "journal": "Translational Lung Cancer Research",
        "published": "2026-03",
        "pages": "535-541",
        "kind": "cohort",
    }
    assert claim["publication"]["id"] == paper["id"] == "angstrom-2026"


@pytest.mark.longer
def test_files_stay_in_canonical_form_and_alone_those_with_rows_change(
    web: Web, il6: Callable[..., Result], seed_folder: Path, tmp_path: Path
) -> None:
    web.answers[EPMC] = europe_pmc(PAPER)
    before = bytes_of(seed_folder)
    assert il6("add", "10.5555/il6.2026.1").exit_code == 0
    assert bytes_of(seed_folder) == before, "a draft is not yet in the seed files"
    fill(tmp_path / "drafts" / "angstrom-2026.yaml", SAID)
    assert il6("accept", "drafts/angstrom-2026.yaml").exit_code == 0
    after = bytes_of(seed_folder)
    assert {name for name in after if after[name] != before[name]} == {"publications.yaml", "evidence.yaml"}
    assert "brought into" not in il6("seed", "--format").output


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("pmid:49999991", ("pmid", "49999991")),
        ("49999991", ("pmid", "49999991")),
        ("PubMed:49999991", ("pmid", "49999991")),
        ("https://pubmed.ncbi.nlm.nih.gov/49999991/", ("pmid", "49999991")),
        ("pmc99999991", ("pmcid", "PMC99999991")),
        ("https://pmc.ncbi.nlm.nih.gov/articles/PMC99999991/", ("pmcid", "PMC99999991")),
        ("doi:10.5555/IL6.2026.1", ("doi", "10.5555/IL6.2026.1")),
        ("10.5555/il6.2026.1", ("doi", "10.5555/il6.2026.1")),
        ("https://doi.org/10.5555/il6.2026.1", ("doi", "10.5555/il6.2026.1")),
        ("nct09999991", ("nct", "NCT09999991")),
        ("https://clinicaltrials.gov/study/NCT09999991", ("nct", "NCT09999991")),
    ],
)
def test_an_identifier_may_be_written_in_any_way(written: str, expected: tuple[str, str]) -> None:
    assert identifier(written) == expected


def test_what_europe_pmc_does_not_know_is_asked_of_crossref(
    web: Web, il6: Callable[..., Result], tmp_path: Path
) -> None:
    web.answers[services.CROSSREF.address] = {"status": "ok", "message-type": "work", "message": WORK}
    done = il6("add", "doi:10.5555/il6.2026.2")
    assert done.exit_code == 0, done.output
    assert web.asked[-1] == "https://api.crossref.org/works/10.5555%2Fil6.2026.2"
    (row,) = yaml.safe_load((tmp_path / "drafts" / "example-2026.yaml").read_text("utf-8"))["publications"]
    assert row == {
        "id": "example-2026",
        "title": "Tocilizumab in pancreatic cancer",
        "authors": ["Example MA", "Pancreas Group"],
        "journal": "Tumori",
        "year": 2026,
        "published": "2026-05",
        "volume": "112",
        "pages": "1-9",
        "doi": "10.5555/il6.2026.2",
        "kind": None,
    }


NBIB = """\
PMID- 49999992
DP  - 2026 Apr 2
TI  - IL-6 in glioma: a
      review.
PG  - 12-9
LID - 10.5555/il6.2026.3 [doi]
AU  - Example A
AU  - Sample BC
JT  - Journal of clinical oncology : official journal of the American Society of Clinical Oncology
PT  - Review
AID - 10.5555/il6.2026.3 [doi]
"""
RIS = """\
TY  - JOUR
AU  - Example, Anna
AU  - Sample, B. C.
TI  - IL-6 in glioma: a review
JO  - Journal of clinical oncology
PY  - 2026/04/02
SP  - 12
EP  - 19
DO  - 10.5555/il6.2026.3
ER  -
"""
CSL = json.dumps(
    [{**WORK, "title": "IL-6 in glioma: a review", "DOI": "10.5555/il6.2026.3", "type": "review"}]
)


@pytest.mark.parametrize(("name", "content"), [("a.nbib", NBIB), ("a.ris", RIS), ("a.json", CSL)])
def test_a_file_of_references_is_read_without_asking_anybody(
    web: Web, il6: Callable[..., Result], tmp_path: Path, name: str, content: str
) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    done = il6("add", name)
    assert done.exit_code == 0, done.output
    assert web.asked == []
    (row,) = yaml.safe_load((tmp_path / "drafts" / "example-2026.yaml").read_text("utf-8"))["publications"]
    assert row["title"] == "IL-6 in glioma: a review"
    assert row["doi"] == "10.5555/il6.2026.3"
    assert row["authors"][0] == ("Example MA" if name == "a.json" else "Example A")
    assert row["year"] == 2026
    if name != "a.json":
        assert row["authors"] == ["Example A", "Sample BC"]
        assert row["journal"] == "Journal of Clinical Oncology", "the name that other rows have"
        assert row["pages"] == "12-19"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", "{"),
        ("a.json", "[]"),
        ("a.json", '[{"author": 3}]'),
        ("a.nbib", ""),
        ("a.ris", "TY  - JOUR"),
    ],
)
def test_a_file_that_holds_no_references_is_named(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    with pytest.raises(DataFault) as caught:
        read_file(tmp_path / name)
    assert str(caught.value.problems[0]).startswith(f"{name}: references")


def test_a_publication_that_is_there_is_named_whatever_it_is_known_by(
    web: Web, il6: Callable[..., Result], tmp_path: Path, facts: Any
) -> None:
    row = facts.publications["lin-2015"]
    for field, changed in {
        "doi": {"doi": row.doi.upper()},
        "pmid": {"pmid": next(each.pmid for each in facts.publications.values() if each.pmid)},
        "title": {"title": f"{row.title.upper()}."},
    }.items():
        web.answers[EPMC] = europe_pmc({**PAPER, **changed})
        done = il6("add", f"doi:{row.doi}" if field == "doi" else f"pmid:{changed.get('pmid', 49999991)}")
        assert done.exit_code == 65
        assert f"it has the same {field}" in done.output
    assert not (tmp_path / "drafts").exists()


def test_a_retraction_is_told(web: Web, il6: Callable[..., Result]) -> None:
    web.answers[EPMC] = europe_pmc(
        {
            **PAPER,
            "pubTypeList": {"pubType": ["Journal Article", "Retracted Publication"]},
            "commentCorrectionList": {
                "commentCorrection": [
                    {
                        "id": "1",
                        "source": "MED",
                        "type": "Retraction in",
                        "reference": "Tumori. 2026 Jun;1(1):1.",
                    },
                    {"id": "2", "source": "MED", "type": "Comment in", "reference": "Tumori. 2026"},
                ]
            },
        }
    )
    told = il6("add", "49999991").output
    assert "Retracted publication" in told
    assert "Retraction in Tumori. 2026 Jun" in told
    assert "Comment in" not in told


def test_a_notice_of_crossref_is_told(web: Web, il6: Callable[..., Result]) -> None:
    notice = {"type": "retraction", "DOI": "10.5555/notice", "label": "Retraction", "source": "publisher"}
    web.answers[services.CROSSREF.address] = {"message": {**WORK, "updated-by": [notice]}}
    assert "retraction 10.5555/notice" in il6("add", "doi:10.5555/il6.2026.2").output


def test_a_doi_with_its_address_is_known_too(
    web: Web, il6: Callable[..., Result], tmp_path: Path, facts: Any
) -> None:
    address = f"https://doi.org/{facts.publications['lin-2015'].doi}"
    (tmp_path / "a.ris").write_text(RIS.replace("10.5555/il6.2026.3", address), "utf-8")
    done = il6("add", "a.ris")
    assert done.exit_code == 65
    assert "lin-2015 is that publication: it has the same doi" in done.output


@pytest.mark.longer
def test_a_trial_comes_from_its_register(
    web: Web, il6: Callable[..., Result], seed_folder: Path, tmp_path: Path
) -> None:
    head = seed_folder / "RELEASE"  # what is read today belongs to a release of today
    head.write_text(re.sub(r"20\d\d-\d\d-\d\d", f"{datetime.date.today()}", head.read_text("utf-8")), "utf-8")
    web.answers[CTG] = {"studies": [STUDY]}
    done = il6("add", "nct09999991")
    assert done.exit_code == 0, done.output
    assert "Fatigue" in done.output, "conditions that no cancer has are told"
    draft = tmp_path / "drafts" / "nct09999991.yaml"
    (row,) = yaml.safe_load(draft.read_text("utf-8"))["trials"]
    assert row["inhibitors"] == ["siltuximab"]
    assert row["cancers"] == ["ovarian-cancer"]
    assert row["combination"] == ["Paclitaxel"]
    assert (row["phase"], row["status"], row["design"], row["masking"]) == (
        "1/2",
        "recruiting",
        "randomised",
        "open-label",
    )
    fill(draft, {"purpose": "anti-tumour", "setting": "later-line"})
    done = il6("accept", str(draft))
    assert done.exit_code == 0, done.output
    assert il6("seed").exit_code == 0
    assert il6("add", "nct09999991").exit_code == 65
    with serving(f"sqlite:///{tmp_path / 'atlas.sqlite'}") as client:
        trial = client.get("/trials/NCT09999991").json()
    assert trial["enrolment"] == 48
    assert trial["publications"][0]["url"] == "https://clinicaltrials.gov/study/NCT09999991"


@pytest.mark.longer
@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({**SAID, "significance": "worse-outcome"}, "poor-outcome"),
        ({**SAID, "cancer": "bladder-cancr"}, "bladder-cancer is near"),
        ({**SAID, "statement": "these patients fared worse."}, "stands alone"),
        ({name: SAID[name] for name in SAID if name != "specimen"}, "the specimen"),
    ],
)
def test_a_draft_that_breaks_a_rule_changes_nothing(
    web: Web,
    il6: Callable[..., Result],
    seed_folder: Path,
    tmp_path: Path,
    said: dict[str, str],
    expected: str,
) -> None:
    web.answers[EPMC] = europe_pmc(PAPER)
    il6("add", "49999991")
    fill(tmp_path / "drafts" / "angstrom-2026.yaml", said)
    before = bytes_of(seed_folder)
    done = il6("accept", "drafts/angstrom-2026.yaml")
    assert done.exit_code == 65
    assert expected in done.output
    assert bytes_of(seed_folder) == before


def test_a_draft_that_is_none_is_named(il6: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    for content in ("", "- id: a", "claims: []", "evidence: 3", "evidence: [3]", "evidence: {", "trials:"):
        path.write_text(content, "utf-8")
        with pytest.raises(DataFault) as caught:
            read_draft(path)
        assert str(caught.value.problems[0]).startswith("a.yaml")
    done = il6("accept", "a.yaml")
    assert (done.exit_code, type(done.exception)) == (65, SystemExit)
    assert "a.yaml, trials: a list of rows" in done.output


@pytest.mark.parametrize(
    "written",
    [
        "cancer: [a]", "effect: high", "significance: {a: b}", "publication: [x]", "type: 3", "id: {a: b}",
        "inhibitor: [siltuximab]", "effect: {endpoint: [a]}", "statement: 3", "mechanism: true",
    ],
)  # fmt: skip
def test_a_draft_of_another_shape_is_a_fault_of_the_data(
    seed_folder: Path, tmp_path: Path, written: str
) -> None:
    (tmp_path / "a.yaml").write_text(f"evidence:\n- {written}\n", "utf-8")
    before = bytes_of(seed_folder)
    with pytest.raises(DataFault):
        accept(seed_folder, tmp_path / "a.yaml")
    assert bytes_of(seed_folder) == before


def test_no_draft_is_overwritten(web: Web, il6: Callable[..., Result], tmp_path: Path) -> None:
    web.answers[EPMC] = europe_pmc(PAPER)
    assert il6("add", "49999991").exit_code == 0
    fill(tmp_path / "drafts" / "angstrom-2026.yaml", SAID)
    again = il6("add", "49999991")
    assert again.exit_code == 65
    assert "angstrom-2026 is that publication" in again.output
    assert "serum" in (tmp_path / "drafts" / "angstrom-2026.yaml").read_text("utf-8")


FAULTS = {
    "time-out": (httpx2.ReadTimeout("slow"), "nothing came within 20 seconds", services.TRIES),
    "no network": (httpx2.ConnectError("Name not known"), "Name not known", services.TRIES),
    "busy": (httpx2.Response(429, headers={"Retry-After": "2"}), "status 429", services.TRIES),
    "busy for long": (httpx2.Response(429, headers={"Retry-After": "3600"}), "for 3600 seconds", 1),
    "broken": (httpx2.Response(503), "status 503", services.TRIES),
    "refused": (httpx2.Response(403), "refuses the question: status 403", 1),
    "no JSON": (httpx2.Response(200, text="<html>"), "something that is no JSON", 1),
    "cut": (httpx2.Response(200, text='{"resultList": {"resul'), "something that is no JSON", 1),
    "another form": (httpx2.Response(200, json={"results": []}), "another form", 1),
    "another form within": (httpx2.Response(200, json=europe_pmc({"id": "1"})), "another form", 1),
}  # fmt: skip


SELDOM = ("no network", "broken", "refused", "cut", "another form within")


@pytest.mark.parametrize(
    "fault",
    [pytest.param(each, marks=pytest.mark.longer if each in SELDOM else ()) for each in FAULTS],
)
def test_a_service_that_does_not_answer_is_named_and_nothing_is_lost(
    web: Web, il6: Callable[..., Result], seed_folder: Path, tmp_path: Path, fault: str
) -> None:
    before = bytes_of(seed_folder)
    web.answers[EPMC], expected, times = FAULTS[fault]
    done = il6("add", "49999991")
    assert (done.exit_code, type(done.exception)) == (69, SystemExit), done.output
    assert "Europe PMC" in done.output
    assert expected in done.output
    assert len(web.asked) == times
    assert bytes_of(seed_folder) == before
    assert not (tmp_path / "drafts").exists()


def test_what_no_service_knows_is_named(web: Web, il6: Callable[..., Result]) -> None:
    for written, expected in {
        "pmid:49999999": "Europe PMC knows no pmid 49999999",
        "doi:10.5555/none": "Europe PMC and Crossref know no doi 10.5555/none",
        "NCT09999999": "ClinicalTrials.gov knows no NCT09999999",
    }.items():
        done = il6("add", written)
        assert done.exit_code == 69
        assert expected in done.output
    done = il6("add", "chen et al. 2013")
    assert done.exit_code == 64
    assert "a DOI, PMID, PMCID or NCT number" in done.output


def test_one_that_fails_keeps_no_other_from_being_drafted(
    web: Web, il6: Callable[..., Result], tmp_path: Path
) -> None:
    web.answers[EPMC] = europe_pmc(PAPER)
    done = il6("add", "pmid:1", "pmid:49999991")
    assert done.exit_code == 69
    assert (tmp_path / "drafts" / "angstrom-2026.yaml").exists()


def test_a_service_is_waited_for_as_long_as_it_asks_within_reason() -> None:
    assert pause(Again(services.OPENFDA, "status 429", 7)) == 7
    assert pause(Again(services.OPENFDA, "status 429", 3600)) is False
    assert pause(Again(services.OPENFDA, "status 503")) is True
    assert pause(ValueError()) is False
    assert seconds("120") == 120
    assert seconds("Sat, 28 Nov 2020 12:00:00 GMT") == 0
    assert seconds("soon") is None
    assert seconds(None) is None


def paper_of(row: Any, **changed: Any) -> dict[str, Any]:
    """A row of the seed files as Europe PMC might have it."""
    names = row.authors or ["Example A"]
    issue = {"volume": row.volume, "issue": row.issue, "yearOfPublication": row.year}
    return {
        "id": row.pmid or "1",
        "source": "MED",
        "pmid": row.pmid,
        "doi": row.doi,
        "title": f"{row.title}.",
        "authorList": {"author": [{"fullName": name} for name in names]},
        "journalInfo": {**issue, "journal": {"title": row.journal or "Tumori"}},
        "pageInfo": row.pages,
        **changed,
    }


@pytest.fixture
def doubtful(facts: Any) -> Any:
    """A publication with a DOI that nobody has seen, all else being there."""
    return next(
        each
        for each in facts.publications.values()
        if each.unverified == ["doi"]
        and each.authors
        and each.authors_complete
        and each.year
        and not each.pmid
    )


@pytest.fixture
def settled(facts: Any) -> Any:
    """A publication with nothing left to be said of it but the issue."""
    return next(
        each
        for each in facts.publications.values()
        if each.volume and each.pages and each.doi and each.pmid and not each.issue and not each.unverified
        and each.authors and each.authors_complete and each.year and each.journal
    )  # fmt: skip


def test_publications_are_compared_and_nothing_is_written_unasked(
    web: Web, il6: Callable[..., Result], seed_folder: Path, tmp_path: Path, doubtful: Any, settled: Any
) -> None:
    web.answers[EPMC] = europe_pmc(
        paper_of(doubtful, pmid="49999993"),
        paper_of(settled, journalInfo={"volume": "999", "issue": "7", "journal": {"title": settled.journal}}),
    )
    before = bytes_of(seed_folder)
    done = il6("refresh", "publications")
    assert done.exit_code == 0, done.output
    assert bytes_of(seed_folder) == before
    address = f"https://europepmc.org/article/MED/{settled.pmid}"
    assert f"{doubtful.id}, pmid: nothing -> 49999993, https" in done.output
    assert f"{doubtful.id}, unverified: doi -> nothing, https" in done.output
    assert f"{settled.id}, issue: nothing -> 7, {address}" in done.output
    assert f"{settled.id}, volume: {settled.volume} -> 999 (only with --force), {address}" in done.output
    (left,) = (tmp_path / "drafts").glob("publications-*.yaml")
    proposals = yaml.safe_load(left.read_text("utf-8"))
    assert not any(each["accept"] for each in proposals)
    assert {each["id"] for each in proposals} == {doubtful.id, settled.id}


@pytest.mark.longer
def test_what_is_written_overwrites_no_word_of_a_curator_unless_forced(
    web: Web, il6: Callable[..., Result], seed_folder: Path, settled: Any
) -> None:
    web.answers[EPMC] = europe_pmc(
        paper_of(settled, journalInfo={"volume": "999", "issue": "7", "journal": {"title": settled.journal}})
    )

    def row() -> dict[str, Any]:
        content = yaml.load((seed_folder / "publications.yaml").read_text("utf-8"), yaml.CSafeLoader)
        return next(each for each in content if each["id"] == settled.id)

    assert "1 changes made" in il6("refresh", "publications", "--write").output
    assert (row()["issue"], row()["volume"]) == ("7", settled.volume)
    assert "1 changes made" in il6("refresh", "publications", "--write", "--force").output
    assert row()["volume"] == "999"
    assert "brought into" not in il6("seed", "--format").output


@pytest.mark.longer
def test_proposals_are_accepted_row_by_row(
    web: Web, il6: Callable[..., Result], seed_folder: Path, tmp_path: Path, settled: Any, doubtful: Any
) -> None:
    web.answers[EPMC] = europe_pmc(
        paper_of(doubtful, pmid="49999993"),
        paper_of(settled, journalInfo={"volume": "999", "issue": "7", "journal": {"title": settled.journal}}),
    )
    il6("refresh", "publications")
    (left,) = (tmp_path / "drafts").glob("publications-*.yaml")
    content = left.read_text("utf-8")
    left.write_text(re.sub(r"accept: false(?=\n.*\n.*\n  field: volume)", "accept: true", content), "utf-8")
    done = il6("accept", str(left))
    assert done.exit_code == 0, done.output
    rows = {
        row["id"]: row
        for row in yaml.load((seed_folder / "publications.yaml").read_text("utf-8"), yaml.CSafeLoader)
    }
    assert rows[settled.id]["volume"] == "999"
    assert "issue" not in rows[settled.id]
    assert "pmid" not in rows[doubtful.id]
    before = bytes_of(seed_folder)
    again = il6("accept", str(left))
    assert again.exit_code == 65
    assert "what it was when this was proposed" in again.output
    assert bytes_of(seed_folder) == before


def test_a_file_of_proposals_that_is_none_is_named(seed_folder: Path, tmp_path: Path) -> None:
    whole = {
        "accept": True,
        "collection": "claims",
        "id": "a",
        "field": "b",
        "was": None,
        "becomes": 1,
        "source": "c",
    }
    wrong = ({"collection": ["trials"]}, {"accept": "yes"}, {"more": 1}, {}, {"collection": "trials"})
    for content in ([3], [{}], *([{**whole, **each}] for each in wrong)):
        (tmp_path / "a.yaml").write_text(yaml.safe_dump(content), "utf-8")
        with pytest.raises(DataFault):
            apply(seed_folder, accepted(tmp_path / "a.yaml") or [])


def test_another_title_under_an_identifier_is_told_and_nothing_taken_from_it(
    web: Web, il6: Callable[..., Result], settled: Any
) -> None:
    web.answers[EPMC] = europe_pmc(paper_of(settled, title="Something else", pageInfo="1-2"))
    told = il6("refresh", "publications").output
    assert f"{settled.id}: its identifier is that of another title: Something else" in told
    assert f"{settled.id}, pages" not in told


def test_a_retraction_of_what_is_cited_is_told(web: Web, il6: Callable[..., Result], settled: Any) -> None:
    web.answers[EPMC] = europe_pmc(
        paper_of(settled, pubTypeList={"pubType": ["Journal Article", "Retracted Publication"]})
    )
    assert f"{settled.id}: Retracted publication" in il6("refresh", "publications").output


def study_of(row: Any, number: str, **status: Any) -> dict[str, Any]:
    """A trial of the seed files as ClinicalTrials.gov might have it."""
    return {
        "protocolSection": {
            "identificationModule": {"nctId": number, "briefTitle": row.title},
            "statusModule": {"overallStatus": row.status.upper(), **status},
            "designModule": {"enrollmentInfo": {"count": row.enrolment}} if row.enrolment else {},
        },
        "hasResults": row.results_url is not None,
    }


def test_trials_are_compared_with_their_register(
    web: Web, il6: Callable[..., Result], seed_folder: Path, facts: Any
) -> None:
    row = next(
        each
        for each in facts.trials.values()
        if each.status == "recruiting"
        and each.registry_id.startswith("NCT")
        and each.outcome == "not-reported"
    )
    study = study_of(row, row.registry_id, overallStatus="TERMINATED", whyStopped="Slow accrual")
    study["hasResults"] = True
    web.answers[CTG] = {"studies": [study]}
    before = bytes_of(seed_folder)
    told = il6("refresh", "trials").output
    address = f"https://clinicaltrials.gov/study/{row.registry_id}"
    assert f"{row.id}, status: recruiting -> terminated (only with --force), {address}" in told
    assert f"{row.id}, results_url: nothing -> {address}?tab=results, {address}" in told
    assert f"{row.id}, why_stopped: nothing -> Slow accrual, {address}" in told
    assert f"{row.id}: the register has results, and the row no outcome" in told
    assert f"{row.id}, status_as_of" not in told, "it was read, and is another now"
    assert bytes_of(seed_folder) == before
    web.answers[CTG] = {"studies": [study_of(row, row.registry_id, overallStatus="NOT_YET_RECRUITING")]}
    assert "NOT_YET_RECRUITING, for which there is no word" in il6("refresh", "trials").output


def application(
    brand: str, *decisions: tuple[str, str, str], marketing: str = "Prescription"
) -> dict[str, Any]:
    return {
        "application_number": "BLA099999",
        "sponsor_name": "EXAMPLE",
        "products": [{"brand_name": brand.upper(), "route": "INJECTION", "marketing_status": marketing}],
        "submissions": [
            {
                "submission_type": kind,
                "submission_number": "1",
                "submission_status": "AP",
                "submission_status_date": day,
                "submission_class_code": subject,
            }
            for kind, day, subject in decisions
        ],
    }


def test_approvals_are_compared_with_the_decisions_of_the_fda(
    web: Web, il6: Callable[..., Result], seed_folder: Path
) -> None:
    web.answers[services.OPENFDA.address] = {
        "meta": {"results": {"total": 1}},
        "results": [
            application("Sylvant", ("ORIG", "20140423", ""), ("SUPPL", "20200101", "LABELING")),
            application("Inrebic", ("ORIG", "20180816", ""), ("SUPPL", "20250101", "EFFICACY")),
            application("Duavee", ("ORIG", "20131003", ""), marketing="Discontinued"),
            application("Kevzara", ("ORIG", "20170522", ""), ("SUPPL", "20230228", "EFFICACY")),
        ],
    }
    before = bytes_of(seed_folder)
    done = il6("refresh", "approvals")
    assert done.exit_code == 0, done.output
    told = done.output
    assert "siltuximab" not in told, "nothing is otherwise"
    assert "fedratinib-myelofibrosis-fda, year: 2019 -> 2018 (only with --force), https" in told
    assert "fedratinib-myelofibrosis-fda: there was a decision in 2025, after that of every row" in told
    assert "bazedoxifene-postmenopausal-osteoporosis-fda: every product of it is discontinued" in told
    assert "juvenile-idiopathic-arthritis-fda: there was no decision in 2024, but in 2017, 2023" in told
    assert "Jakafi was not found" in told
    assert bytes_of(seed_folder) == before


@pytest.mark.longer
@pytest.mark.parametrize(
    ("what", "address", "name"),
    [
        ("publications", EPMC, "Europe PMC"),
        ("trials", CTG, "ClinicalTrials.gov"),
        ("approvals", services.OPENFDA.address, "openFDA"),
    ],
)
@pytest.mark.parametrize("fault", ["no network", "busy for long", "no JSON", "another form"])
def test_without_the_service_nothing_is_written_and_nothing_lost(
    web: Web, il6: Callable[..., Result], seed_folder: Path, what: str, address: str, name: str, fault: str
) -> None:
    before = bytes_of(seed_folder)
    web.answers[address] = FAULTS[fault][0]
    if fault == "another form":
        web.answers[address] = httpx2.Response(200, json={"hits": []})
    done = il6("refresh", what, "--write")
    assert (done.exit_code, type(done.exception)) == (69, SystemExit), done.output
    assert name in done.output
    assert "nothing was changed" in done.output
    assert bytes_of(seed_folder) == before


def test_what_was_found_before_a_service_fell_silent_is_proposed(
    web: Web, il6: Callable[..., Result], tmp_path: Path, facts: Any
) -> None:
    first = next(
        each for each in facts.publications.values() if each.pmid and each.authors and not each.issue
    )
    answers = [httpx2.Response(200, json=europe_pmc(paper_of(first, pageInfo="12345")))]

    def silent(request: httpx2.Request) -> httpx2.Response:
        if "crossref" in str(request.url):
            return httpx2.Response(404)
        return answers.pop() if answers else httpx2.Response(503)

    services.TRANSPORT = httpx2.MockTransport(silent)  # `web` puts it back
    done = il6("refresh", "publications", "--write", "--force")
    assert done.exit_code == 69
    (left,) = (tmp_path / "drafts").glob("publications-*.yaml")
    assert "was not found" in left.read_text("utf-8")


def test_what_cannot_be_refreshed_is_named(il6: Callable[..., Result]) -> None:
    done = il6("refresh", "cancers")
    assert done.exit_code == 64
    assert "publications, trials, approvals can" in done.output


@pytest.mark.longer
def test_editors_have_a_schema_of_every_file_that_its_rows_keep(
    il6: Callable[..., Result], seed_folder: Path, facts: Any
) -> None:
    before = read_facts(seed_folder)
    done = il6("seed", "--schemas")
    assert done.exit_code == 0, done.output
    for resource in RESOURCES:
        path = seed_folder / f"{resource.path}.yaml"
        named = re.findall(r"^# yaml-language-server: \$schema=(.*)$", path.read_text("utf-8"), re.MULTILINE)
        (schema,) = [json.loads((seed_folder / each).read_text("utf-8")) for each in named]
        Draft202012Validator.check_schema(schema)
        rows = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
        assert not [*Draft202012Validator(schema).iter_errors(rows)]
    assert read_facts(seed_folder) == before
    assert il6("seed", "--check").exit_code == 0, "the line is no change of the data"
    claims = Draft202012Validator(json.loads((seed_folder / "schemas" / "evidence.json").read_text("utf-8")))
    row = yaml.load((seed_folder / "evidence.yaml").read_text("utf-8"), yaml.CSafeLoader)[0]
    for wrong in ({"cancer": "bladder-cancr"}, {"level": "F"}, {"levl": "A"}, {"publication": "nobody-2020"}):
        assert [*claims.iter_errors([{**row, **wrong}])], wrong
    again = bytes_of(seed_folder)
    assert il6("seed", "--schemas").exit_code == 0
    assert bytes_of(seed_folder) == again


@pytest.mark.longer
def test_files_are_watched_while_they_are_edited(seed_folder: Path) -> None:
    command = [sys.executable, "-m", "app", "seed", "--watch", "--from", str(seed_folder)]
    with subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        # Who runs the tests in the background of a shell has SIGINT ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as program:
        assert program.stderr
        assert program.stderr.readline().endswith("the data are sound\n")
        path = seed_folder / "targets.yaml"
        path.write_text(path.read_text("utf-8").replace("role: ligand", "role: ligan", 1), "utf-8")
        assert re.match(r"targets\.yaml, line \d+, \w+, role: .*'ligand' is near", program.stderr.readline())
        assert program.stderr.readline().endswith("1 problem in the data\n")
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=30)
    assert program.returncode == 0


def test_another_paper_of_the_same_author_and_year_gets_a_letter(
    web: Web, il6: Callable[..., Result], tmp_path: Path
) -> None:
    for number in (1, 2):
        named = {
            "pmid": f"4999999{number}",
            "pmcid": None,
            "doi": f"10.5555/{number}",
            "title": f"Part {number}",
        }
        web.answers[EPMC] = europe_pmc({**PAPER, **named})
        assert il6("add", named["pmid"] or "").exit_code == 0
    assert sorted(path.name for path in (tmp_path / "drafts").iterdir()) == [
        "angstrom-2026.yaml",
        "angstrom-2026b.yaml",
    ]


def test_a_paper_without_a_title_is_none(web: Web, il6: Callable[..., Result]) -> None:
    web.answers[EPMC] = europe_pmc({**PAPER, "title": ""})
    assert il6("add", "49999991").exit_code == 69
    web.answers[services.CROSSREF.address] = {"message": {**WORK, "title": []}}
    assert il6("add", "doi:10.5555/il6.2026.2").exit_code == 69


def test_crossref_is_named_where_it_is_crossref_that_does_not_answer(
    web: Web, il6: Callable[..., Result], caplog: pytest.LogCaptureFixture
) -> None:
    web.answers[services.CROSSREF.address] = httpx2.Response(503)
    assert "Crossref does not answer: status 503" in il6("add", "doi:10.5555/il6.2026.2").output
    told = [each for each in caplog.messages if "asked again" in each]
    assert len(told) == services.TRIES - 1
    assert told[0].startswith("Crossref does not answer: status 503; asked again in ")


def test_services_are_told_whom_to_write_to(
    web: Web, il6: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IL6_CONTACT", "atlas@example.org")
    told = []

    def noted(request: httpx2.Request) -> httpx2.Response:
        told.append(request.headers["User-Agent"])
        return web(request)

    monkeypatch.setattr(services, "TRANSPORT", httpx2.MockTransport(noted))
    il6("add", "49999991")
    assert all(re.fullmatch(r"il6-atlas/[\d.]+ \(atlas@example\.org\)", each) for each in told)
    assert told


def test_seed_files_that_are_wrong_are_named_before_anybody_is_asked(
    web: Web, il6: Callable[..., Result], seed_folder: Path, tmp_path: Path
) -> None:
    path = seed_folder / "publications.yaml"
    path.write_text(path.read_text("utf-8").replace("  kind: review\n", "", 1), "utf-8")
    (tmp_path / "a.yaml").write_text("evidence:\n- publication: x\n", "utf-8")
    for command in (["add", "49999991"], ["refresh", "publications"], ["accept", "a.yaml"]):
        done = il6(*command)
        assert (done.exit_code, type(done.exception)) == (65, SystemExit), command
        assert re.search(r"publications\.yaml, line \d+, abaurrea-2021, kind: a value", done.output)
    assert web.asked == []


def test_what_cannot_be_written_is_named(web: Web, il6: Callable[..., Result], tmp_path: Path) -> None:
    web.answers[EPMC] = europe_pmc(PAPER)
    (tmp_path / "drafts").write_text("no folder", "utf-8")
    for command in (["add", "49999991"], ["refresh", "publications"]):
        done = il6(*command)
        assert (done.exit_code, type(done.exception)) == (73, SystemExit), command
        assert "cannot write drafts" in done.output
