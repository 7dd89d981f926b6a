"""The fingerprint of a pattern: of its template with default settings, whatever the cdk.json of a user says."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Final

FILE: Final = "proof.json"
"""The file beside the assemblies of a proof."""
SHOWN: Final = 12


def fingerprint(pattern: str, posture: str, folder: Path) -> str:
    """The first digits of the hash of the template.

    :param folder: an empty folder, for the app.
    """
    from tests.book import book_app, settings_of, stage_of, template_files

    stage = stage_of(posture, {pattern: settings_of(posture, "defaults")[pattern]}, nested=False)
    app = book_app(stage, folder, checked=False)
    app.synth()
    template = json.loads(template_files(folder)[pattern].read_text(encoding="utf-8"))
    return sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:SHOWN]
