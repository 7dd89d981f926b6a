"""The migrations in ``migrations/``: pairs of files such as ``0002_title.up.sql`` and ``0002_title.down.sql``.

Nothing here needs AWS, so that the stack reads the catalog, too, when it is synthesized.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "migrations"
MAX_FILE = 60_000
"""Bytes. The way back is kept in a row, and the Data API returns at most 64 KB a row:
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api.troubleshooting.html"""
_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.(up|down)\.sql")
# A semicolon in a comment, a text, a name or a dollar-quoted body ends no statement.
_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?\*/)|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$|(?P<end>;)|.""",
    re.DOTALL,
)
_CONTROL = re.compile(r"(BEGIN|START|COMMIT|END|ROLLBACK|ABORT)\b", re.IGNORECASE)


class MigrationError(Exception):
    """A migration cannot be done. The message is for the person who deploys."""


@dataclass(frozen=True)
class Migration:
    version: int
    name: str
    up: str
    down: str

    @property
    def checksum(self) -> str:
        """Hash of the up file. The down file may still be mended, so that it does not count."""
        return hashlib.sha256(self.up.encode()).hexdigest()


def load(folder: Path = FOLDER) -> list[Migration]:
    """All migrations, in order.

    :raises MigrationError: unless they are numbered from 1 without a gap, and each has both files.
    """
    found: dict[int, dict[str, tuple[str, str]]] = {}
    for path in sorted(folder.glob("*.sql")):
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"A migration must be named like 0001_notes.up.sql, got {path.name}. Rename it.")
        if path.stat().st_size > MAX_FILE:
            raise MigrationError(f"A migration must have at most {MAX_FILE:,} bytes. Split {path.name}.")
        number, name, way = match.groups()
        if way in found.setdefault(int(number), {}):
            raise MigrationError(f"Only one migration can have the number {number}. Renumber {path.name}.")
        # Git may check a file out with the line ends of the machine, which must not change its checksum.
        found[int(number)][way] = (name, path.read_bytes().decode().replace("\r\n", "\n"))
    if sorted(found) != [*range(1, len(found) + 1)]:
        raise MigrationError(f"Migrations must count from 0001 without a gap, got {sorted(found)}. Renumber them.")
    for number, ways in found.items():
        if {*ways} != {"up", "down"} or ways["up"][0] != ways["down"][0]:
            raise MigrationError(f"Migration {number:04} must have an up and a down file of one name. Add the other.")
    migrations = [
        Migration(number, ways["up"][0], up=ways["up"][1], down=ways["down"][1])
        for number, ways in sorted(found.items())
    ]
    for migration in migrations:
        if any(map(_CONTROL.match, statements(migration.up) + statements(migration.down))):
            raise MigrationError(f"Migration {migration.version:04} must not end the transaction. Remove COMMIT.")
    return migrations


def checksum(migrations: Sequence[Migration]) -> str:
    """Changes with every migration. A custom resource that has it as a property is updated then."""
    text = "\0".join(f"{migration.version}\0{migration.up}\0{migration.down}" for migration in migrations)
    return hashlib.sha256(text.encode()).hexdigest()


def statements(sql: str) -> list[str]:
    """The statements of a file, without comments, because the Data API takes one statement a call.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api.troubleshooting.html#data-api.troubleshooting.multi-statements
    """
    found, current = [], ""
    for token in _TOKEN.finditer(sql):
        if token["end"]:
            found.append(current.strip())
            current = ""
        else:
            current += " " if token["comment"] else token[0]
    return [statement for statement in (*found, current.strip()) if statement]
