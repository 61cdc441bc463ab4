"""``python -m hemascope_cli`` runs the command line."""

import sys

from hemascope_cli.main import main

sys.exit(main())
