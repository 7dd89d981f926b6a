"""``python -m rehearsal run [STACK…] [--stage STAGE]`` and ``python -m rehearsal up [--port PORT]``."""

import sys

from rehearsal.interruption import Interruption

if __name__ == "__main__":
    interruption = Interruption.install()
    # The import takes a moment. A Ctrl-C in this moment must be noted, too.
    from rehearsal.commands import main

    sys.exit(main(interruption))
