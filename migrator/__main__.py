"""`python -m migrator` is the same as the command `migrator`."""

from migrator.cli import main

if __name__ == "__main__":
    main()
