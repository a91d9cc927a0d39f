"""``python -m miai`` is the command ``miai``."""

import sys

from miai.cli import main

sys.exit(main())
