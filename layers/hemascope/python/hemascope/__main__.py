"""``python -m hemascope`` is the command line."""

import sys

from hemascope.cli import main

sys.exit(main())
