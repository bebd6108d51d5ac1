"""What `make bench` is made of is there; the measuring itself is no test."""

import re

from app.models.base import Answered
from app.models.inhibitor import Inhibitor
from app.settings import PROJECT
from tests.bench.run import PINS, THEIRS
from tests.bench.servers import SERVERS, TARGETS, Data


def test_every_server_can_be_started_and_asked() -> None:
    data = Data(
        *(PROJECT / "var" / name for name in ("atlas.sqlite", "rows.sqlite", "rows.ndjson", "record"))
    )
    for server in SERVERS:
        command = server.command(data, 8001)
        assert any("8001" in part for part in command)
        for module in re.findall(r"tests\.bench\.peers\.\w+", " ".join(command)):
            assert (PROJECT / f"{module.replace('.', '/')}.py").is_file()
        names = [question.name for question in server.questions]
        assert len(set(names)) == len(names) > 0
        assert all(question.path.startswith("/") for question in server.questions)
        assert server.environment(data)
    assert len({server.name for server in SERVERS}) == len(SERVERS)


def test_every_target_is_of_what_is_measured() -> None:
    measured = {(server.name, question.name) for server in SERVERS for question in server.questions}
    for target in TARGETS:
        for server, question in (target.of, target.over):
            assert (server.name, question) in measured, target.what


def test_every_peer_is_pinned() -> None:
    pins = PINS.read_text("utf-8")
    assert re.fullmatch(r"(?:[\w.-]+==[\w.]+\n)+", pins)
    assert {name for name in THEIRS if not re.search(f"^{name}==", pins, re.MULTILINE)} == set()


def test_the_peers_answer_every_field_of_an_inhibitor() -> None:
    """A field that is forgotten would make a peer faster than it is."""
    for peer in ("idiomatic", "drf"):
        code = PINS.with_name("peers").joinpath(f"{peer}.py").read_text("utf-8")
        for name in set(Inhibitor.model_fields) - {*Answered.model_fields, "parent_id"}:
            assert re.search(rf"^    {name}(:| =) ", code, re.MULTILINE), f"{peer} lacks {name}"
