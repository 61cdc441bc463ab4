"""``python -m hemascope`` is the command line."""

import sys

from hemascope_cli.main import main

sys.exit(main())
