"""`python -m frisket` is the command `frisket`."""

import sys

from frisket.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
