"""Who of a segment may be mailed: consent × purpose, over tables. Pure but for what it is handed."""
