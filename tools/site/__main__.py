"""Builds the site: ``python -m tools.site FOLDER``."""

import sys
from pathlib import Path

from patternbook import SettingsError
from tools.site.build import BuildError, Site, write
from tools.site.patterns import patterns

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    try:
        count = write(Site(list(patterns())), folder)
    except (BuildError, SettingsError, FileNotFoundError) as error:
        sys.exit(str(error))
    print(f"{count} pages. Open {folder / 'index.html'} in a browser.")
