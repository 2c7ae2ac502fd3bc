"""What everything else stands on; it knows nothing of segments."""
