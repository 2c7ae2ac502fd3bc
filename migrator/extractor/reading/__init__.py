"""Files with members, of any kind that people have: every row of every file becomes exactly one thing."""
