"""Writes the page of the rules: ``python -m tools.rules > docs/rules.md``."""

from pathlib import Path

from patternbook.rules import FAMILIES, RULES
from patternbook.rules.engine import ACKNOWLEDGEMENT_RULES

COMPARED = Path(__file__).with_name("compared.md")

HEAD = """\
# Rules for CloudFormation templates

{count} rules find problems in templates with ECS, EKS, Lambda, Lambda@Edge, CloudFront, ECR, EFS, App Runner, VPCs,
Aurora, API Gateway, Cognito, DynamoDB, SQS, Firehose and Step Functions. They report problems that break a deployment
and that most checkers do not see. To find them, they follow references through a template: from a service to its task
definition, or from a distribution to the version of a function. They read the definitions of state machines, too. Each
synthesis of this book's patterns runs the rules.

```sh
patternbook check template.yaml      # any template in JSON or YAML, from the CDK or not
patternbook check - < template.yaml  # reads standard input
patternbook check --format sarif *.template.json > findings.sarif
patternbook rules                    # lists the rules
```

The exit status is 0 without findings, 1 with findings, and 2 if a file is not a template. The command needs neither
Node nor an AWS account. It checks ten templates in less than half a second. Some rules depend on the Region: set it
with `--region`.

In a CDK app in Python, add the rules as a plugin:

```python
from patternbook import PatternbookRules

cdk.Validations.of(app).add_plugins(PatternbookRules())
```

## Errors and warnings

An **error** means that the deployment fails, or that the deployed resources do not work. It makes `cdk synth` fail. A
**warning** means that the template can be deployed, but costs more, leaks data or fails later.

Conditions make several scenarios of one template. A scenario is a combination of parameter values.

- An error is reported if one scenario has the problem.
- A warning is reported if all scenarios have it.
- If the template may rule scenarios out, all of them must have an error, too. `Rules` can do so, and so can conditions
  that depend on each other.
- With more than 32 combinations, the rules check the defaults and the scenarios that differ in one parameter.

## What the rules cannot know

Intrinsic functions and conditions are resolved as far as the template itself decides them. **A rule says nothing about
an unknown value.** The default of a parameter is unknown, too, because it is a choice.

- A template with a macro of your own is not checked, because the macro may rewrite it. The command says so.
- No rule sees the content of a package or an image, other stacks (including nested stacks of the CDK), the resources
  that SAM generates, or the effect of IAM policies.
- A resource that an output or a nested stack refers to is taken as complete. For instance, another stack may add a
  block to such a VPC, or a mount target to such a file system.

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
    return "\n".join([*sections, COMPARISON, COMPARED.read_text(encoding="utf-8").strip() + "\n"])


if __name__ == "__main__":
    print(page(), end="")
