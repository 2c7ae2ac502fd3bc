"""From an export to a plan: a pure function. One rule set a file."""
