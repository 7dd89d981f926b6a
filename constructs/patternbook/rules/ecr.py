"""Rules for ECR lifecycle policies, whose JSON ECR validates only during the deployment."""

import json
from collections.abc import Iterator
from typing import Any, Final

from patternbook.rules.rule import ERROR, rule
from patternbook.rules.template import Node, Problem, Template

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
TAG_STATUSES: Final = ("tagged", "untagged", "any")
COUNT_TYPES: Final = ("imageCountMoreThan", "sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned")
ACTIONS: Final = ("expire", "transition")


def _policies(template: Template) -> Iterator[Node]:
    """The lifecycle policies of repositories and of repository creation templates."""
    for repository in template.of_type("AWS::ECR::Repository"):
        yield repository["LifecyclePolicy"]["LifecyclePolicyText"]
    for created in template.of_type("AWS::ECR::RepositoryCreationTemplate"):
        yield created["LifecyclePolicy"]


@rule("ecr-lifecycle-policy", ERROR)
def lifecycle_policy(template: Template) -> Iterator[Problem]:
    """The lifecycle policy of a repository is not valid.

    Correct the JSON; the document lists the parameters of a rule.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
    """
    for policy in _policies(template):
        if policy.text is not None:
            mistake = _mistake_in_policy(policy.text)
            if mistake:
                yield policy.problem(mistake)


@rule("ecr-lifecycle-order", ERROR)
def lifecycle_order(template: Template) -> Iterator[Problem]:
    """The lifecycle rule with tagStatus any is not the last one.

    Give the rule with tagStatus any the highest rulePriority of the policy.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
    """
    for policy in _policies(template):
        if policy.text is None or _mistake_in_policy(policy.text):
            continue
        rules = json.loads(policy.text)["rules"]
        last = max(each["rulePriority"] for each in rules)
        for each in rules:
            others = [other for other in rules if other["selection"]["tagStatus"] != "any"]
            later = [other["rulePriority"] for other in others if other["rulePriority"] > each["rulePriority"]]
            if each["selection"]["tagStatus"] == "any" and later:
                yield policy.problem(
                    f"The rule with tagStatus any has rulePriority {each['rulePriority']}; the highest one is {last}."
                )
                break


def _mistake_in_policy(text: str) -> str:
    """The first mistake in a policy. Empty if it is valid."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return "The policy is not valid JSON."
    rules = document.get("rules") if isinstance(document, dict) else None
    if not isinstance(rules, list) or not rules:
        return "The policy has no rules."
    priorities = [each.get("rulePriority") if isinstance(each, dict) else None for each in rules]
    for index, (each, priority) in enumerate(zip(rules, priorities, strict=True), start=1):
        if not isinstance(priority, int) or isinstance(priority, bool) or priority < 1:
            return f"Rule {index}: rulePriority must be a whole number of at least 1."
        if priorities.count(priority) > 1:
            return f"Two rules have rulePriority {priority}."
        mistake = _mistake_in_rule(each)
        if mistake:
            return f"Rule {index}: {mistake}"
    return ""


def _mistake_in_rule(each: dict[str, Any]) -> str:
    selection, action = each.get("selection"), each.get("action")
    if not isinstance(selection, dict) or selection.get("tagStatus") not in TAG_STATUSES:
        return f"tagStatus must be one of {', '.join(TAG_STATUSES)}."
    tags = [name for name in ("tagPrefixList", "tagPatternList") if selection.get(name)]
    if selection["tagStatus"] == "tagged" and len(tags) != 1:
        return "tagStatus tagged requires either tagPrefixList or tagPatternList."
    if selection["tagStatus"] != "tagged" and tags:
        return f"tagStatus {selection['tagStatus']} does not allow {tags[0]}."
    count, number = selection.get("countType"), selection.get("countNumber")
    if count not in COUNT_TYPES:
        return f"countType must be one of {', '.join(COUNT_TYPES)}."
    if count == "imageCountMoreThan" and "countUnit" in selection:
        return "countType imageCountMoreThan does not allow countUnit."
    if count != "imageCountMoreThan" and selection.get("countUnit") != "days":
        return f"countType {count} requires countUnit days."
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        return "countNumber must be a whole number of at least 1."
    if not isinstance(action, dict) or action.get("type") not in ACTIONS:
        return f"the type of the action must be one of {', '.join(ACTIONS)}."
    return ""
