"""Who is in a segment: a query tree becomes SQL over plain tables, and the SQL gives contact ids.

Both dialects are compiled on their own (`outbound.py`, `realtime.py`); only conditions and values are shared.
What null, case, time and missing relations mean here is written down in docs/assumptions.md.
"""

from migrator.evaluator.database import Tables
from migrator.evaluator.select import EvaluationError, UnknownSegment

__all__ = ["EvaluationError", "Tables", "UnknownSegment"]
