"""The page of the rules, from the rules themselves: ``python -m tools.rules > docs/rules.md``."""

from pathlib import Path

from patternbook.rules import FAMILIES, RULES
from patternbook.rules.engine import OF_ACKNOWLEDGEMENTS

COMPARED = Path(__file__).with_name("compared.md")

HEAD = """\
# The rules: what breaks a deployment, and most checkers do not see

{count} rules for CloudFormation templates with ECS, EKS, Lambda, Lambda@Edge, CloudFront, ECR, EFS, App Runner and
VPCs. They follow references through a template: from a service to its task definition, from a distribution to the
version of a function and on to the function. All patterns of this book pass them whenever they are synthesized.

```sh
patternbook check template.yaml      # any template, made by CDK or not, JSON or YAML
patternbook check - < template.yaml  # from standard input
patternbook check --format sarif *.template.json > findings.sarif
patternbook rules                    # this list
```

Exit status 0: nothing found; 1: findings; 2: a file that is no template. It needs neither Node nor an AWS account, and
ten templates take less than half a second. `--region` says where a template is deployed to, if a rule depends on that.

In a CDK app, in Python:

```python
from patternbook import PatternbookRules

cdk.Validations.of(app).add_plugins(PatternbookRules())
```

An **error** fails the deployment, or makes what does not work; it is found if any choice of parameters leads to it, and
ends `cdk synth`. A **warning** can be deployed, and costs, leaks or fails later; it is found if no choice of parameters
avoids it. Where choices may exclude each other, by `Rules` or as conditions depend on one another, that goes for
errors, too. With more than 32 combinations of parameters, only the defaults and what differs from them in one parameter
are looked at. Intrinsic functions and conditions are resolved as far as the template itself says what they give.
**Where a value cannot be known, a rule is silent**: the default of a parameter is a choice, and not a fact. Templates
with macros of your own are not checked, and that is said.

What no template shows, no rule sees: what is in a package or an image, what is in another stack (CDK's nested ones
included), what SAM makes of its own types, and what IAM allows. So what is in the outputs of a template, or goes to a
nested stack, is taken to be complete there: no rule says that a VPC lacks a block, or a file system a mount target.

## Accept a finding

With a reason, or it is a finding itself; so is one that matches nothing. In CDK, beside the construct or above it:

```python
cdk.Validations.of(cluster).acknowledge(
    cdk.Acknowledgment(id="Patternbook::eks-public-endpoint", reason="A classroom; it lives for an afternoon.")
)
```

In a template, in the metadata of the resource:

```yaml
Metadata:
  patternbook:
    acknowledge:
      - id: eks-public-endpoint
        reason: A classroom; it lives for an afternoon.
```
"""

COMPARISON = """\
## Compared

Defects written into the templates of this book, one at a time, and how many of them each tool notices: by saying
anything that it does not say without the defect. CDK is the validation that is built into it. `python -m
tools.compare` makes the table; the defects are in `tests/rules/mutations.py`. They were chosen for these rules, so the
last column says that the rules do what they say, and the others what would go unnoticed without them: not that the
others were worse at what they are for.
"""


def page() -> str:
    """The page, as Markdown."""
    sections = [HEAD.format(count=len(RULES))]
    for family, rules in {**FAMILIES, "Acknowledgements": OF_ACKNOWLEDGEMENTS}.items():
        lines = [f"## {family}\n"]
        for rule in rules:
            lines.append(
                f"- **`{rule.id}`** ({rule.severity.value}). {rule.wrong} *{rule.mend}* [Source]({rule.source})"
            )
        sections.append("\n".join(lines) + "\n")
    return "\n".join([*sections, COMPARISON, COMPARED.read_text(encoding="utf-8").strip() + "\n"])


if __name__ == "__main__":
    print(page(), end="")
