"""From an organisation, or from files, to an export folder (docs/export-format.md)."""
