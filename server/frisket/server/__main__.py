"""`python -m frisket.server`."""

import sys

from frisket.server.main import main

sys.exit(main())
