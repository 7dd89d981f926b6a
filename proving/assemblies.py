"""Synthesizes what a proof deploys: ``python -m proving.assemblies FOLDER PATTERN STAGE EXPIRES``.

The app is synthesized as configured in cdk.json, and with the pattern's changed settings. Every stack gets the tag
``patternbook:expires``.
"""

import json
import sys
from pathlib import Path
from typing import Any

from app import CDK_JSON, PATTERNS  # must be imported before patternbook: it points jsii to this environment's Node
from patternbook import PatternStack, SettingsError, build_app
from patternbook.leftovers.stacks import EXPIRES
from proving.fingerprint import FILE, fingerprint
from rehearsal.assemblies import CLI_CONTEXT
from rehearsal.plan import AS_CONFIGURED, CHANGED
from rehearsal.plans import PLANS
from tools.assembly import template_files


def synthesize(folder: Path, pattern: str, stage: str, expires: str) -> None:
    """:param stage: the name of the ``cdk.Stage``; empty for the sandbox.
    :param expires: the value of the tag.
    :raises SettingsError: if cdk.json has a mistake.
    """
    chosen: dict[str, Any] = {**CLI_CONTEXT, "patterns": pattern, **({"stages": stage} if stage else {})}
    values = PLANS[pattern].for_any_account().values
    changed = {f"{pattern}.{name}": value for name, value in values.items()}
    for name, context in ((AS_CONFIGURED, chosen), (CHANGED, {**chosen, **changed})):
        app = build_app(PATTERNS, cdk_json=CDK_JSON, context=context, outdir=str(folder / name))
        for each in app.node.find_all():
            if isinstance(each, PatternStack):
                each.add_tag(EXPIRES, expires)
        app.synth()
    files = template_files(folder / AS_CONFIGURED)
    path = f"{stage}/{pattern}" if stage else pattern
    if path not in files:
        sys.exit(
            f"There is no stack {path}. make prove takes one stack: leave the setting regions out, and see that the "
            f"stage has the pattern. The app has {', '.join(files)}."
        )
    template = json.loads(files[path].read_text(encoding="utf-8"))
    posture = "production" if template["Description"].startswith("Patternbook (production)") else "sandbox"
    described = {"posture": posture, "fingerprint": fingerprint(pattern, posture, folder / "default")}
    (folder / FILE).write_text(json.dumps(described), encoding="utf-8")


if __name__ == "__main__":
    try:
        synthesize(Path(sys.argv[1]), *sys.argv[2:])
    except SettingsError as error:
        sys.exit(str(error))
