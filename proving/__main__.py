"""``python -m proving STACK [STAGE]``."""

import sys

from rehearsal.interruption import Interruption

if __name__ == "__main__":
    interruption = Interruption.install()
    # The import takes a moment. A Ctrl-C in this moment must be noted, too.
    from proving.command import main

    sys.exit(main(sys.argv[1:], interruption))
