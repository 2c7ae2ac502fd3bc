"""From a plan to real segments, through the journal; the only part that changes an organisation."""
