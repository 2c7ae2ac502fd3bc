"""One outbound query explained: in plain words, as a tree, and as the real-time query that it becomes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from migrator.base.errors import Exit, UsageError
from migrator.base.safe_text import for_terminal
from migrator.contracts.choices import Choice
from migrator.contracts.export_folder import OrganisationRef, read_export
from migrator.contracts.plan import Outcome, TranslationSettings, outcome_of
from migrator.mql import QueryError, Schema, parse_outbound, tree
from migrator.mql.schema import schema_from_json
from migrator.mql.sentences import in_words
from migrator.mql.walk import references
from migrator.mql.wording import ENGLISH, WORDINGS, Title
from migrator.product import findings
from migrator.product.findings import Finding
from migrator.translator.queries import translate_query
from migrator.translator.translate import translate_one


@dataclass(frozen=True, slots=True)
class Explanation:
    """What there is to say about one query."""

    outcome: Outcome
    realtime_query: str
    english: str
    """The query in plain words, in the language that was asked for."""
    findings: tuple[Finding, ...]
    references: tuple[str, ...]
    """The names of the segments that the query refers to."""
    query: tree.Query | None = None
    picture: str = ""
    """For a query that cannot be read: the line with a caret below the place."""

    @property
    def exit_code(self) -> Exit:
        """0 ready or adapted, 3 flagged, 2 not readable or blocked."""
        return {Outcome.FLAGGED: Exit.WAITING, Outcome.BLOCKED: Exit.USAGE}.get(self.outcome, Exit.DONE)


def explain(
    text: str,
    export: Path | None,
    *,
    interactions: Choice = Choice.FLAG,
    words: bool = False,
    language: str = ENGLISH.language,
) -> Explanation:
    """Explain an outbound query, with the segments and tables of an export where one is given.

    Args:
        text: the outbound query.
        export: the folder of an export, or None.
        interactions: flag, or translate by our own map.
        words: whether AND, OR and NOT are written as words instead of symbols.
        language: en, de or fr, of the sentence.

    Raises:
        UsageError: the export cannot be read, or the language is not known.
    """
    if language not in WORDINGS:
        raise UsageError(f"--language cannot be {language}; it is one of {', '.join(WORDINGS)}.")
    try:
        query = parse_outbound(text)
    except QueryError as error:
        found = (findings.query_unreadable(str(error)),)
        return Explanation(Outcome.BLOCKED, "", "", found, (), picture=error.picture)
    title: Title = str
    schema = Schema()
    if export is None:
        translated = translate_query(query, schema, interactions=interactions, words=words)
    else:
        content = read_export(export)
        target = OrganisationRef(content.organisation.id, content.organisation.url)
        chosen = TranslationSettings(target, interactions=interactions, words=words)
        translated, segments = translate_one(query, content, chosen)
        title, schema = segments.title, schema_from_json(content.tables)
    names = tuple(dict.fromkeys(references(query.members)))
    told = (findings.compound_segment(len(names)), *translated.findings) if names else translated.findings
    return Explanation(outcome_of(told), translated.text, in_words(query, title, schema, language), told, names, query)


def explanation_json(explanation: Explanation) -> dict[str, Any]:
    """The explanation for scripts."""
    return {
        "outcome": str(explanation.outcome),
        "realtime_query": explanation.realtime_query,
        "english": explanation.english,
        "findings": [
            {"code": f.code, "severity": str(f.severity), "message": f.message, "advice": f.advice}
            for f in explanation.findings
        ],
        "references": list(explanation.references),
    }


def explanation_lines(explanation: Explanation, *, tree_too: bool = False) -> Iterator[str]:
    """The explanation for people.

    Args:
        explanation: what was found out.
        tree_too: whether the query is shown as a tree as well.
    """
    if explanation.picture:
        yield from map(for_terminal, explanation.picture.split("\n"))
    if explanation.english:
        first, *others = explanation.english.split("\n")
        yield f"In words:   {for_terminal(first)}"
        yield from (f"            {for_terminal(line)}" for line in others)
    if explanation.realtime_query:
        yield f"Real-time:  {for_terminal(explanation.realtime_query)}"
    yield f"Outcome:    {explanation.outcome}"
    for finding in explanation.findings:
        yield f"  {finding.severity}: {for_terminal(finding.message)} ({finding.code})"
        yield f"    {for_terminal(finding.advice)}"
    if tree_too and explanation.query is not None:
        yield "Tree:"
        yield from (f"  {line}" for line in _tree_lines(explanation.query.members))


def _tree_lines(node: Any, label: str = "") -> Iterator[str]:
    head = f"{label}: " if label else ""
    if isinstance(node, tuple):
        if node:
            yield f"{label}:"
            for part in node:
                yield from (f"  {line}" for line in _tree_lines(part))
        return
    if not is_dataclass(node):
        if node is not None:
            yield f"{head}{for_terminal(str(node))}"
        return
    values = [(field.name, getattr(node, field.name)) for field in fields(node)]
    plain = [str(value) for _, value in values if isinstance(value, str | int | float) and not isinstance(value, bool)]
    yield f"{head}{type(node).__name__} {for_terminal(' '.join(plain))}".rstrip()
    for name, value in values:
        if is_dataclass(value) or isinstance(value, tuple):
            yield from (f"  {line}" for line in _tree_lines(value, name))
