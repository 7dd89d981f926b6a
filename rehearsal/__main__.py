"""``python -m rehearsal run [STACK…] [--posture POSTURE]`` and ``python -m rehearsal up [--port PORT]``."""

import sys

from rehearsal.interruption import Interruption

if __name__ == "__main__":
    interruption = Interruption.of_this_process()
    from rehearsal.commands import main  # which takes a moment to load

    sys.exit(main(interruption))
