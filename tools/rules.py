"""Writes the page of the rules: ``python -m tools.rules > docs/rules.md``."""

from pathlib import Path

from patternbook.rules import FAMILIES, RULES
from patternbook.rules.engine import ACKNOWLEDGEMENT_RULES

COMPARED = Path(__file__).with_name("compared.md")
REPORTED = Path(__file__).with_name("reported.md")
FIXTURES = Path(__file__).with_name("fixtures.md")

HEAD = """\
# Rules for CloudFormation templates

{count} rules find problems in templates with ECS, EKS, Lambda, Lambda@Edge, CloudFront, ECR, EFS, App Runner, VPCs, S3,
Aurora, API Gateway, Cognito, DynamoDB, SQS, Firehose, Step Functions and alarms. They report problems that break a
deployment and that most checkers do not see. To find them, they follow references through a template: from a service to
its task definition, or from a function to its role and the policies that others attach to it. They read the definitions
of state machines, too. Each synthesis of this book's patterns runs the rules.

```sh
patternbook check template.yaml             # any template in JSON or YAML, from the CDK or not
patternbook check cdk.out 'stacks/**/*.yaml'  # the templates in a folder, and files that match a pattern
patternbook check - < template.yaml         # reads standard input
patternbook check --format sarif cdk.out > findings.sarif
patternbook rules                           # lists the rules
```

The command needs neither Node nor an AWS account. It checks ten templates in less than half a second,
which `make bench` measures. Some rules depend on the Region: set it with `--region`.

| Exit status | Meaning |
|---:|---|
| 0 | No findings |
| 1 | Findings |
| 2 | A file is not a template, or an argument is wrong |
| 3 | A template cannot be checked, because a macro may rewrite it. `--allow-unchecked` accepts that |

`--severity` sets the lowest severity to report, and `--fail-on` the lowest one that fails the command. `--rule` runs a
single rule, and `--ignore` leaves one out. `--only-templates` lets the command pass over files that are no templates.
The section `[tool.patternbook]` of pyproject.toml sets the same for a project, with Python 3.11 or newer:

```toml
[tool.patternbook]
fail-on = "error"
ignore = ["network-open-port"]
region = "eu-west-1"
```

In a CDK app in Python, add the rules as a plugin:

```python
from patternbook import PatternbookRules

cdk.Validations.of(app).add_plugins(PatternbookRules())
```

Before each commit, with [pre-commit](https://pre-commit.com):

```yaml
repos:
  - repo: https://github.com/YOUR-ORGANIZATION/patternbook
    rev: main
    hooks:
      - id: patternbook-check
        args: [--fail-on, error]
```

In a GitHub Action, with the findings in the tab Security:

```yaml
jobs:
  templates:
    runs-on: ubuntu-latest
    permissions: {{contents: read, security-events: write}}
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {{python-version: "3.13"}}
      - run: pip install ./patternbook
      - run: patternbook check --format sarif templates > findings.sarif
      - uses: github/codeql-action/upload-sarif@v3
        if: always()
        with: {{sarif_file: findings.sarif}}
```

## Errors, warnings and advice

An **error** means that the deployment fails, or that the deployed resources do not work. It makes `cdk synth` fail. A
**warning** means that the template can be deployed, but costs more, leaks data or fails later. **Advice** is worth a
look, and fails nothing.

Conditions make several scenarios of one template. A scenario is a combination of parameter values.

- An error is reported if one scenario has the problem. It is advice if only a combination of choices has it that no
  condition of the template means, because the choices may exclude each other in practice.
- A warning is reported if all scenarios have it.
- **The default of a parameter is a value.** Each scenario is also checked with the defaults, and a finding says so.
  Defaults that `AllowedValues`, `AllowedPattern` or `Rules` refuse do not count.
- **Each of `AllowedValues` is tried alone**, where no condition asks for it: nothing is assumed of other parameters. An
  error that it makes whenever the template uses it is reported, with the values: "This is so with Runtime=ruby2.7".
- Scenarios that `Rules` refuse are left out. If conditions may depend on each other, all scenarios must have an error,
  or the one with all defaults.
- With more than 32 combinations, the rules check the defaults, the scenarios that differ in one parameter, and some in
  which every pair of values occurs.

## What CloudFormation's transforms make

- **Loops** (`Fn::ForEach`) are expanded if the template tells what they run over. A loop over a parameter is expanded
  with its default.
- **Functions of SAM** and their `Globals` are checked as the Lambda functions, roles, versions, aliases and event
  source mappings that the transform makes. The command names the other resources of SAM, which are not checked.
- **A template with another macro is not checked**, because the macro may rewrite it. The command says so, in the JSON
  and SARIF output, too.

CloudFormation takes the last of two equal keys, and accepts commas before a closing bracket in JSON. The rules read
such templates as CloudFormation does, and the command prints a warning.

## What the rules cannot know

Intrinsic functions and conditions are resolved as far as the template itself decides them. **A rule says nothing about
an unknown value.**

- No rule sees the content of a package or an image, other stacks (including nested stacks of the CDK), or the effect of
  policies with conditions.
- A resource that is exported, written to Parameter Store or given to a nested stack can be used by others. A rule keeps
  silent where they could complete it in time: another stack may watch an exported queue, and a nested stack may add a
  block to a VPC before a subnet needs it. An output without an export changes nothing.

## Acknowledge a finding

An acknowledgement needs a reason. An acknowledgement without a reason, or without a finding, is a finding itself.

In the CDK, acknowledge a finding on its construct or on a parent:

```python
cdk.Validations.of(cluster).acknowledge(
    cdk.Acknowledgment(id="Patternbook::eks-public-endpoint", reason="A classroom; it lives for an afternoon.")
)
```

In a template, acknowledge it in the metadata of the resource:

```yaml
Metadata:
  patternbook:
    acknowledge:
      - id: eks-public-endpoint
        reason: A classroom; it lives for an afternoon.
```
"""

COMPARISON = """\
## Comparison with other tools

The table shows how many seeded defects each tool notices. Each defect is written into a template of this book, one at a
time. A tool notices a defect if it reports something that it does not report without the defect. The column CDK is the
CDK's built-in validation.

The defects were chosen for these rules. So the last column shows only that the rules work, and the others show what
would go unnoticed without them. The table does not compare the tools at their own purpose. The defects are in
`tests/rules/defects/`, and `python -m tools.compare` makes the table.
"""

OTHERS = """\
### Mistakes that others reported

These templates in `tests/rules/cases/reported/` come from public reports. The names in `false` have no mistake, so an
empty cell is right there. Those in `miss` and `sam` have one or more. The rules missed them all, except for one mistake
in `foreach-lambda`, before they were extended by these cases. So the last column shows that they are found now.

Each cell has the ids of what a tool reports, whether it is the mistake or something else. CKV_AWS_363 is the runtime,
for instance, while CKV_AWS_65 wants Container Insights in every cluster.
`python -m tools.compare --reported` makes the table.
"""

ELSEWHERE = """\
### Templates that other projects test with

Nobody chose these templates for these rules: they are the bad and the integration fixtures of cfn-lint (217397c81), and
the templates in the tests of checkov (03d5fdad8d) and cfn_nag (8b5f03d). A place is a resource of the services above.

The first table has the errors of cfn-lint and of the CDK's validation, by their ids, and the second what these rules
report. The columns count the places at which a tool reports something, whether it is the same fault or another one.
checkov has a check for nearly every resource.

**These rules miss most of the first table.** A property that is missing, misspelt or has a wrong value (`E3002`,
`E3003`, `E3012`, `E3030` and their `F` twins) needs the schemas of CloudFormation, which these rules do not carry. The
same is true of database engines and versions (`E3690`), formats of ids (`E1154`) and circular dependencies (`E3004`).
So run cfn-lint or the CDK's validation as well. `python -m tools.fixtures` makes the tables.
"""


def page() -> str:
    """The page as Markdown."""
    sections = [HEAD.format(count=len(RULES))]
    for family, rules in {**FAMILIES, "Acknowledgements": ACKNOWLEDGEMENT_RULES}.items():
        lines = [f"## {family}\n"]
        for rule in rules:
            lines.append(
                f"- **`{rule.id}`** ({rule.severity.value}). {rule.summary} *{rule.fix}* [Source]({rule.source})"
            )
        sections.append("\n".join(lines) + "\n")
    tables = [each.read_text(encoding="utf-8").strip() + "\n" for each in (COMPARED, REPORTED, FIXTURES)]
    return "\n".join([*sections, COMPARISON, tables[0], OTHERS, tables[1], ELSEWHERE, tables[2]])


if __name__ == "__main__":
    print(page(), end="")
