"""The two query languages: trees, text to tree, tree to text, and the tables they speak about.

`outbound` is the language of `msdyncrm_segment`, `realtime` (MQL) the one of `msdynmkt_segmentdefinition`.
"""

from migrator.mql.errors import QueryError
from migrator.mql.parse import parse_outbound, parse_realtime
from migrator.mql.schema import Column, ManyToMany, ManyToOne, Schema, Table
from migrator.mql.write import write_outbound, write_realtime

__all__ = [
    "Column",
    "ManyToMany",
    "ManyToOne",
    "QueryError",
    "Schema",
    "Table",
    "parse_outbound",
    "parse_realtime",
    "write_outbound",
    "write_realtime",
]
