"""Writes the page of the preflight: ``python -m tools.questions > docs/preflight.md``."""

from patternbook.preflight.catalogue import DOMAINS, QUESTIONS

HEAD = """\
# Preflight: what would stop a deployment

A template cannot say what an account lacks: service-linked roles, room in quotas, Availability Zones, certificates,
names that are free. A deployment finds out, half an hour later, and rolls back. `patternbook preflight` asks the
account first. It takes templates from the CDK and from elsewhere, asks {count} questions by calls of boto3 that only
read, and prints a table.

```sh
make preflight STACK=FargateEfsStack                            # synthesizes the stack, and asks about it
make preflight STACK=FargateEfsStack STAGE=production
patternbook preflight template.yaml --region eu-west-1          # any template in JSON or YAML
patternbook preflight cdk.out/*.template.json --json > answers.json
patternbook preflight --policy > policy.json                    # the IAM policy that the command needs
```

It needs credentials and a Region, as the AWS CLI does, and the package boto3. It needs neither Node nor the CDK. It
takes one or two seconds a stack. Several templates are asked about together: what one adds counts for the quotas of
the next.

| answer | what it means | exit status |
|---|---|---|
| **stops** | The deployment fails, or what it deploys does not start. The line below says what to do. | 1 |
| **may** | It fails under the condition that the line names. | 0, with `--strict` 1 |
| **unknown** | AWS gave no answer, or nobody says what to ask. It never counts as fine. | 0, with `--strict` 1 |
| **fine** | The account has what the template needs. | 0 |

The exit status is 2 if nothing can be asked: a file is not a template, there are no credentials or no Region, or the
Region does not exist.

## What it reads

A template of the CDK stands in `cdk.out` beside a manifest, which names the stack, its account, its Region and its
assets. For another template, give `--region` and `--stack-name`. If the stack exists already, only what is new counts
as added. Parameters have their defaults, or the values of `--parameter NAME=VALUE`. The command looks up the parameters
that name an SSM parameter, as CloudFormation does. Intrinsic functions and conditions are resolved as far as the
template, these values and the account decide them.

## What it never does

It calls operations that get, list or describe something, and no others. It reads no value of a secret, and no value of
an SSM parameter except for those that the template itself looks up. `--policy` prints the policy for exactly these
calls: attach it to a role for your pipeline. Where a permission is missing, the question says
`could not ask: needs servicequotas:GetServiceQuota`, and the others go on. boto3 makes a call up to five times if AWS
throttles it. A question without an answer within `--timeout` seconds (30 by default) is unknown.

## What it cannot know

- Whether the credentials may make the deployment. It does not simulate IAM policies or service control policies.
- Who may use a key, because its policy is not read. The content of a secret is not read, either.
- What other accounts have: an alternate domain name, a role or a bucket of theirs.
- Images of registries other than private ECR. The answer names them.
- Whether AWS has capacity for an instance type at the moment.
- vCPUs of EKS pods on Fargate and of ECS managed instances, which depend on what runs there later.
- Whether a name server outside of Route 53 leads to the hosted zone. The answer has the command to look.

## The questions

Each question names the permissions that it needs.
"""


def page() -> str:
    """The page as Markdown."""
    sections = [HEAD.format(count=len(QUESTIONS))]
    for domain, questions in DOMAINS.items():
        lines = [f"### {domain}\n"]
        for each in questions:
            needs = ", ".join(f"`{action}`" for action in each.permissions) or "no permission"
            lines.append(f"- **`{each.id}`**. {each.summary} *{each.fix}* Needs {needs}. [Source]({each.source})")
        sections.append("\n".join(lines) + "\n")
    return "\n".join(sections)


if __name__ == "__main__":
    print(page(), end="")
