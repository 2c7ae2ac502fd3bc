"""Sentences of findings, looks and errors in German and French: none is left in English, and no fact is lost."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from migrator.extractor import consent
from migrator.extractor.reading.answers import Answers
from migrator.loader import verify
from migrator.mql import errors
from migrator.mql.errors import QueryError
from migrator.mql.parse import parse_outbound
from migrator.product.findings import (
    CATALOGUE,
    Finding,
    import_unanswered,
    query_unreadable,
    status_unknown,
    twin_with_same_people,
    used_by_journeys,
    within,
)  # fmt: skip
from migrator.report.sentences import _file, deed_of, message_of, sentence_of, unforeseen_of
from migrator.report.words import LANGUAGES, Words
from tests.extractor.reading.made import FIXTURES, ods, page, read, xlsx
from tests.report.finding_samples import SAMPLES

ROOT = Path(__file__).parents[2]
OTHERS = [language for language in LANGUAGES if language != "en"]


def test_every_finding_has_a_sample_and_no_sentence_is_of_none() -> None:
    assert {one.code for one in SAMPLES} == CATALOGUE.keys() == _file()["findings"].keys()


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("found", SAMPLES, ids=lambda one: f"{one.code}: {one.message[:30]}")
def test_every_sentence_of_a_finding_is_told_in_the_language(language: str, found: Finding) -> None:
    told = message_of(found, Words(language))
    assert told != found.message
    assert not re.search(r"\b(?:the|which|and|are|members|segment's)\b", told), told
    known = {number.replace(",", "") for number in re.findall(r"\d[\d,]*", found.message)}
    kept = {re.sub(r"\D", "", number) for number in re.findall(r"\d[\d.\u202f]*", told)}
    assert known <= kept | {"0", "2020"}, told  # no number is lost on the way


def test_nothing_is_said_of_one_as_of_many() -> None:
    many = re.compile(r"(?<!of )\b1 (?:active contacts|addresses|ids|journeys|members|others|people|rows) ")
    for found in SAMPLES:
        assert not many.search(found.message), found.message


@pytest.mark.parametrize("language", OTHERS)
def test_a_finding_about_another_segment_is_told_whole(language: str) -> None:
    for found in SAMPLES:
        told = message_of(within("Oslo", found), Words(language))
        assert told.endswith(message_of(found, Words(language)))
        assert "Oslo" in told
        assert "whose query" not in told


@pytest.mark.parametrize("language", OTHERS)
def test_every_entry_has_the_same_facts_in_each_language(language: str) -> None:
    content = _file()
    for entry in [*content["phrases"]["all"], *(one for entries in content["findings"].values() for one in entries)]:
        facts = [sorted(set(re.findall(r"\{\w\}", text))) for text in entry]
        assert facts[0] == facts[1] == facts[2] or entry[0].startswith("Not all of those"), entry


@pytest.mark.parametrize("language", OTHERS)
def test_every_note_of_a_look_is_told_in_the_language(language: str) -> None:
    notes = re.findall(r'note=f?"([A-Z][^"]+)"|changes\.append\(f?"([^"]+)"', inspect.getsource(verify))
    notes = [re.sub(r"\{[^}]*\}", "Error", "".join(one)) for one in notes]
    assert len(notes) > 7
    for note in notes:
        assert sentence_of(note, Words(language)) != note, note
    both = sentence_of("Its query was changed after it was loaded. It was given another name: X.", Words(language))
    assert "Its" not in both
    assert "It was" not in both


@pytest.mark.parametrize("language", OTHERS)
def test_every_note_about_consent_is_told_in_the_language(language: str) -> None:
    parts = ("contacts", "the records of consent", *re.findall(r': "(the [a-z ]+)"', inspect.getsource(consent)))
    parts = (*parts, "which purpose belongs to which profile")
    assert len(set(parts)) == 6
    for part in parts:
        note = f"{part[:1].upper()}{part[1:]} cannot be read (Principal user is missing a privilege)."
        told = sentence_of(note, Words(language))
        assert told.endswith("(Principal user is missing a privilege).")
        assert "read" not in told, told


_ID, _OTHER = "11111111-2222-4333-8444-555555555555", "11111111-2222-4333-8444-666666666666"
_QUESTIONS: list[tuple[bytes, Answers]] = [
    (f"listmemberid,entityid\n{_ID},{_OTHER}\n".encode(), Answers()),
    (f"id,id\n{_ID},{_OTHER}\n".encode(), Answers(column="id")),
    (b"one,two\na@x.de,b@x.de\n", Answers()),
    (b"name,town\nBo,Oslo\n", Answers()),
    (xlsx([["contactid"], [_ID]], more={"B": [["contactid"], [_OTHER]]}), Answers()),
    (xlsx([["name"], ["Bo"]], more={"B": [["name"], ["Ann"]]}), Answers()),
    (page([["contactid"], [_ID], [_OTHER]], hidden=[3]).encode(), Answers()),
    (ods([["contactid"], [_ID]]), Answers()),
    ((FIXTURES / "members.xls").read_bytes(), Answers()),
]


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize(("content", "answers"), _QUESTIONS)
def test_every_question_about_a_file_is_asked_in_the_language(language: str, content: bytes, answers: Answers) -> None:
    (question, *_) = read(content, answers).questions
    finding = import_unanswered(question.text.split("\n", 1)[0])
    told = message_of(finding, Words(language))
    ours = re.sub(r"--\w+|“[^”]*”", "", told)  # options, and what people have written
    assert not re.search(r"\b(?:the|or|which|columns?|holds?|rows?|sheets?|members|first)\b", ours), told


def test_an_error_keeps_what_the_server_said() -> None:
    error = "Step “publish”: The query is wrong at 7. (0x80040203 request id 5)"
    assert sentence_of(error, Words("de")) == error.replace("Step “publish”", "Schritt „veröffentlichen“")
    assert sentence_of(error, Words()) == error


def test_french_signs_stand_behind_a_space_that_breaks_no_line() -> None:
    words = Words("fr")
    assert words.percent(0.5) == "50\u202f%"
    for key in ("question", "people_unreadable", "row_in_workbook"):
        said = words(key, n=1, sheet="x") if key == "row_in_workbook" else words(key)
        assert not re.search(r" [;:!?%»]|« ", said), said
    assert words("question").endswith("\u202f?")


_SLIPS = (
    "PROFILE(contact).FILTER(a = 1)", 'PROFILE(contact).FILTER(a == "x")', "PROFILE(contact).FILTER(a == 'x)",
    "PROFILE(contact))", "PROFILE(contact) PROFILE(contact)", "PROFILE(contact).FILTER(", "PROFILE(contact).FILTER((",
    "mine = PROFILE(contact)", "mine", "PROFILE(contact).FILTER(a IN [1])", "PROFILE(contact) // all",
    "PROFILE(contact).RELATE(x, y)", "PROFILE(contact).RELATEOPTIONAL(x, y)", "SEGMENT(a).TRAVERSE(x)",
    "PROFILE(contact).HAVING(COUNT() > 1)", "(PROFILE(contact)).FILTER(a == 1)",
    "PROFILE(contact).FILTER(" + "(" * 200 + "a == 1" + ")" * 201, "PROFILE(contact).FILTER(SOON(a))",
    "INTERACTION(A, b).HAVING(MEDIAN(c) > 1)", "INTERACTION(A, b).HAVING(COUNT(c) > 1)",
    "INTERACTION(A, b).HAVING(SUM() > 1)", "INTERACTION(A, b).HAVING(COUNT() > 1, UTCWEEKS(1))",
    "INTERACTION(A, b).HAVING(COUNT() > 1, UTCAGES(1))", "PROFILE(contact).FILTER(ISNULL(a, b))",
    "PROFILE(contact).FILTER(a > DATE(2020))", "PROFILE(contact).FILTER(a > DATEADD(day, 1))",
    "PROFILE(contact).FILTER(ISNULL(a) == 1)", "PROFILE(contact).FILTER(a)", "PROFILE(contact).FILTER(ISNULL(1))",
    "PROFILE(contact).FILTER(DATEDIFF(1, a, b) > 1)", "PROFILE(contact).FILTER(a > DateTimeNowUtc())",
)  # fmt: skip


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("query", _SLIPS)
def test_what_is_wrong_with_a_query_is_told_in_the_language(language: str, query: str) -> None:
    with pytest.raises(QueryError) as raised:
        parse_outbound(query)
    said = message_of(query_unreadable(str(raised.value)), Words(language))
    ours = re.sub(r"„[^“]*“|«[^»]*»|'text'", "", said)  # what somebody has written
    assert not re.search(r"\b(?:line|column(?! ==)|the|is|and|or|to|expected|no|not|one|takes|name|text)\b", ours), said
    assert f"{raised.value.column}" in said
    assert not said.endswith("..")


def test_every_slip_and_all_that_may_be_expected_is_translated() -> None:
    slips = {entry[0] for entry in _file()["slips"]["all"]}
    advised = {*errors._SLIPS.values(), *(said for known in errors._STRANGERS.values() for said in known.values())}
    assert {*advised, errors._NAMED} <= slips
    wanted = {entry[0] for entry in _file()["slips"]["wanted"]}
    in_words = {one.split("(")[0] for one in errors._TERMINALS.values() if re.search(r"\b(?:a|the) ", one)}
    assert in_words <= {one.split("(")[0] for one in wanted}


@pytest.mark.parametrize(("language", "said"), [("de", "200 von 200"), ("fr", "200 sur 200")])
def test_so_many_of_so_many_is_told_in_the_language(language: str, said: str) -> None:
    assert said in message_of(twin_with_same_people("Twin", "200 of 200"), Words(language))


def test_names_that_a_sentence_quotes_stand_in_the_quotes_of_the_language() -> None:
    found = used_by_journeys(2, "“Hello”, “Off or on”")
    assert message_of(found, Words("de")).endswith(": „Hello“, „Off or on“.")
    assert message_of(found, Words("fr")).endswith(": «\u00a0Hello\u00a0», «\u00a0Off or on\u00a0».")


def test_a_code_is_no_number_of_things() -> None:
    assert "192350099" in message_of(status_unknown(192350099), Words("de"))


@pytest.mark.parametrize(
    ("what", "german"),
    [
        ("adopt", "das vorhandene übernehmen"),
        ("skip instead of translate", "zurücklassen statt den Vorschlag ausführen"),
        ("38 to create, 0 there already", "38 anzulegen, 0 schon vorhanden"),
        ("1,200 segments stopped and then deleted", "1.200 Segmente angehalten und dann gelöscht"),
        ("to stop: 1,200", "anzuhalten: 1.200"),
        (
            "stopped: 1,190, nothing to do: 9, left as they were: 1",
            "angehalten: 1.190, nichts zu tun: 9, unverändert: 1",
        ),
        ("deleted: 2, left as they were: 1", "gelöscht: 2, unverändert: 1"),
        (
            "retire even if used: it is still used by the journey “A”",
            "stilllegen, obwohl verwendet: noch verwendet von",
        ),
        ("something of a newer version", "something of a newer version"),
    ],
)
def test_what_somebody_did_is_told_in_the_language(what: str, german: str) -> None:
    assert deed_of(what, Words("de")).startswith(german)
    assert deed_of(what, Words()) == what


@pytest.mark.parametrize("language", OTHERS)
def test_why_nobody_can_say_who_is_in_a_segment_is_told_in_the_language(language: str) -> None:
    note = (
        'the outbound query cannot be read: line 1, column 39: a single "=" compares nothing; equality is written "=="'
    )
    other = "the outbound query: there is no query; the real-time query: nothing is planned, the segment is blocked"
    for one in (note, other):
        told = unforeseen_of(one, Words(language))
        assert not re.search(r"\b(?:the|query|is|are|blocked|line|compares|equality)\b", told), told
