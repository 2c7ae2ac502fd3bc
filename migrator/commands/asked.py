"""What has to be known of people to say who is selected: the columns that the queries of a plan ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from migrator.contracts.legacy_segment import LegacySegment
from migrator.contracts.plan import Plan
from migrator.contracts.predictions import payload_of
from migrator.mql import QueryError, Schema, parse_outbound, parse_realtime, tree
from migrator.mql.touched import touched


def columns_asked_for(segments: Iterable[LegacySegment], plan: Plan, schema: Schema) -> Mapping[str, tuple[str, ...]]:
    """Table → columns that the original queries and what is planned of them touch; contacts always.

    Args:
        segments: the originals.
        plan: what becomes of them.
        schema: the tables; what it does not know is left out.
    """
    return touched(_queries(segments, plan), schema)


def _queries(segments: Iterable[LegacySegment], plan: Plan) -> Iterator[tree.Query]:
    texts = [(parse_outbound, segment.query) for segment in segments]
    payloads = [payload for segment in plan.segments if (payload := payload_of(segment))]
    for parse, text in (*texts, *((parse_realtime, payload.query) for payload in payloads)):
        try:
            if text.strip():
                yield parse(text)
        except QueryError:
            continue  # said where the segment is predicted
