"""The pages of the patterns have one shape, so that a reader finds the same thing at the same place."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from app import PATTERNS
from patternbook import PatternStack
from patternbook.settings.loading import load

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(params=PATTERNS, ids=lambda pattern: pattern.__name__)
def pattern(request: pytest.FixtureRequest) -> type[PatternStack]:
    return request.param


@pytest.fixture
def promises(pattern: type[PatternStack]) -> list[str]:
    """The lines of the docstring that lists the promises of a pattern."""
    return (sys.modules[pattern.__module__.rpartition(".")[0]].__doc__ or "").strip().splitlines()


@pytest.fixture
def page(promises: list[str]) -> str:
    return (ROOT / promises[-1].removeprefix("Page: ")).read_text(encoding="utf-8")


def test_a_sentence_the_promises_and_the_page(promises: list[str]) -> None:
    sentence, blank, *items, last_blank, link = promises
    assert sentence.endswith(".")
    assert (blank, last_blank) == ("", "")
    assert all(item.startswith(("- ", "  ")) for item in items)
    assert re.fullmatch(r"Page: docs/[\w-]+\.md", link)
    assert len(promises) <= 15


def test_it_says_what_it_creates_then_three_commands_then_the_cost(pattern: type[PatternStack], page: str) -> None:
    name = pattern.__name__
    before, commands, after = BLOCK.split(page, maxsplit=1)
    assert "**This creates:**" in before
    look, deploy, destroy = (re.split(r" +#", line)[0] for line in commands.strip().splitlines())
    assert look in ("make synth", f"cdk synth {name}")
    assert (deploy, destroy) == (f"cdk deploy {name}", f"cdk destroy {name}")
    cost = next(line for line in after.splitlines() if line.startswith("> "))
    assert re.match(r"> \*\*This costs (money .*\bUSD\b|nothing\*\*)", cost)


def test_production_is_a_stage(pattern: type[PatternStack], page: str) -> None:
    assert f"cdk deploy production/{pattern.__name__} -c stages=production" in page
    assert "posture=" not in page


def test_it_leads_to_what_an_account_needs(page: str) -> None:
    assert "Read [Before the first deployment](before-the-first-deployment.md)" in page


def test_it_says_what_to_do_after_a_failed_deployment(page: str) -> None:
    assert "If the *first* deployment fails" in page
    assert "(failed-deployments.md)" in page


def test_it_says_what_is_left(pattern: type[PatternStack], page: str) -> None:
    sections = re.split(r"^## ", page, flags=re.MULTILINE)
    [left] = [each for each in sections if re.match(r"(Before|After) `cdk destroy`\n", each)]
    assert re.search(r"[Ss]andbox", left)
    assert "update-termination-protection" in left or "turn the protection off first" in left
    assert re.search(r"remain|stay", left), f"the page of {pattern.__name__} names what production keeps"


CDK = """\
#!/bin/sh
for each in "$(basename "$0")" "$@"; do printf '%s\\0' "$each"; done >> "$ASKED"
printf '\\036' >> "$ASKED"
"""
"""Writes down what a shell gave it."""


def given_to(commands: str, folder: Path) -> list[list[str]]:
    """The arguments of ``cdk`` and ``make`` in commands, which see the values of the page about accounts that exist."""
    account = (ROOT / "docs/your-account.md").read_text(encoding="utf-8")
    [vpc] = re.findall(r"^```json\n(.*?)^```", account, re.MULTILINE | re.DOTALL)
    (folder / "vpc.json").write_text(vpc, encoding="utf-8")
    for name in ("cdk", "make"):
        (folder / name).write_text(CDK, encoding="utf-8")
        (folder / name).chmod(0o755)
    asked = folder / "asked"
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "ASKED": str(asked)}
    subprocess.run(["sh", "-euc", BLOCK.findall(account)[0] + commands], cwd=folder, env=environment, check=True)
    return [line.split("\0")[:-1] for line in asked.read_text(encoding="utf-8").split("\036")[:-1]]


def test_it_says_how_to_use_what_an_account_has(pattern: type[PatternStack], page: str, tmp_path: Path) -> None:
    """There are three commands, whose settings are accepted, and which are all settings of this kind."""
    name, fields = pattern.__name__, pattern.settings_type.model_fields
    [section] = re.findall(r"^## In your own VPC, under your own name\n(.*?)^## ", page, re.MULTILINE | re.DOTALL)
    assert "[Into an account that exists](your-account.md)" in section
    [block] = BLOCK.findall(section)
    commands = given_to(block, tmp_path)
    assert len(commands) == len(block.splitlines()) == 3
    shown = set[str]()
    for program, *arguments in commands:
        if program == "make":
            assert arguments == ["verify", f"STACK={name}"]
            continue
        assert arguments[:2] in (["synth", name], ["deploy", name])
        context = dict(each.split("=", 1) for each in arguments if "=" in each)
        assert len(context) == arguments.count("-c") > 0
        assert not any("\n" in value for value in context.values()), "the CDK CLI passes on the first line only"
        plan = load(context, {name: pattern.settings_type})
        assert not plan.ignored
        shown |= {key.removeprefix(f"{name}.") for key in context}
    own = {"vpc", "key_arn", "domain_name", "domain_names", "hosted_zone_id"} & fields.keys()
    assert own <= shown


AWS = """\
#!/bin/sh
echo "$*" >> "$ASKED"
case "$*" in
  *describe-regions*) echo eu-central-1 ;;
  *us-east-1.LambdaEdgeStack-*) echo /aws/lambda/us-east-1.LambdaEdgeStack-A ;;
  *us-east-1.production-LambdaEdgeStack-*) echo /aws/lambda/us-east-1.production-LambdaEdgeStack-A ;;
  *"'LambdaEdgeStack-'"*) echo LambdaEdgeStack-A ;;
  *"'production-LambdaEdgeStack-'"*) echo production-LambdaEdgeStack-A ;;
esac
"""
"""Answers for an account that has one function, and its logs in one Region."""


@pytest.mark.parametrize("stack", ["LambdaEdgeStack", "production-LambdaEdgeStack"])
def test_the_commands_for_what_functions_at_the_edge_leave_are_about_the_stack_of_any_stage(
    stack: str, tmp_path: Path
) -> None:
    aws, asked = tmp_path / "aws", tmp_path / "asked"
    aws.write_text(AWS, encoding="utf-8")
    aws.chmod(0o755)
    page = (ROOT / "docs/lambda-edge.md").read_text(encoding="utf-8")
    blocks = [block for block in BLOCK.findall(page) if "aws lambda " in block or "aws logs " in block]
    assert len(blocks) == 2
    for block in blocks:
        subprocess.run(
            ["sh", "-ec", block.replace("stack=LambdaEdgeStack ", f"stack={stack} ")],
            env={"PATH": f"{tmp_path}:/usr/bin:/bin", "ASKED": str(asked)},
            check=True,
        )
    said = asked.read_text(encoding="utf-8")
    assert f"put-retention-policy --region eu-central-1 --log-group-name /aws/lambda/us-east-1.{stack}-A" in said
    assert f"delete-function --region us-east-1 --function-name {stack}-A\n" in said


def test_each_column_of_a_table_has_a_header() -> None:
    """A screen reader says the header of a cell. A header without words says nothing."""
    empty = re.compile(r"^>? ?\|(?:.*\|)? +\|.*\n>? ?\|[-:| ]+\|$", re.MULTILINE)
    for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        assert empty.findall(path.read_text(encoding="utf-8")) == [], path.name
