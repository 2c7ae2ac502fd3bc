"""What came of a run, for people: the comparison of before and after, and the pages made from it."""
