"""`python -m cds_targets` is the command line."""

from cds_targets.cli import main

if __name__ == "__main__":
    main(prog_name="cds-targets")
