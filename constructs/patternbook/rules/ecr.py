"""Rules for ECR: the JSON of lifecycle policies, which nothing checks before the deployment."""

import json
from collections.abc import Iterator
from typing import Any, Final

from patternbook.rules.engine import ERROR, rule
from patternbook.rules.template import Node, Problem, Template

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
TAG_STATUSES: Final = ("tagged", "untagged", "any")
COUNTS: Final = ("imageCountMoreThan", "sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned")
ACTIONS: Final = ("expire", "transition")


def _policies(template: Template) -> Iterator[Node]:
    for repository in template.of_type("AWS::ECR::Repository"):
        yield repository["LifecyclePolicy"]["LifecyclePolicyText"]
    for created in template.of_type("AWS::ECR::RepositoryCreationTemplate"):
        yield created["LifecyclePolicy"]


@rule("ecr-lifecycle-policy", ERROR)
def lifecycle_policy(template: Template) -> Iterator[Problem]:
    """ECR does not accept the lifecycle policy of a repository.

    Correct the JSON: the document lists what each rule has to have.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
    """
    for policy in _policies(template):
        if policy.text is not None:
            wrong = _wrong_policy(policy.text)
            if wrong:
                yield policy.problem(wrong)


@rule("ecr-lifecycle-order", ERROR)
def lifecycle_order(template: Template) -> Iterator[Problem]:
    """A lifecycle rule for any image comes before others.

    Give the rule with tagStatus any the highest rulePriority.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
    """
    for policy in _policies(template):
        if policy.text is None or _wrong_policy(policy.text):
            continue
        rules = json.loads(policy.text)["rules"]
        last = max(each["rulePriority"] for each in rules)
        for each in rules:
            others = [other for other in rules if other["selection"]["tagStatus"] != "any"]
            later = [other["rulePriority"] for other in others if other["rulePriority"] > each["rulePriority"]]
            if each["selection"]["tagStatus"] == "any" and later:
                yield policy.problem(f"The rule for any image has priority {each['rulePriority']}; {last} is the last.")
                break


def _wrong_policy(text: str) -> str:
    """What is wrong with a policy, or nothing."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return "It is not JSON."
    rules = document.get("rules") if isinstance(document, dict) else None
    if not isinstance(rules, list) or not rules:
        return "It has no rules."
    priorities = [each.get("rulePriority") if isinstance(each, dict) else None for each in rules]
    for index, (each, priority) in enumerate(zip(rules, priorities, strict=True), start=1):
        if not isinstance(priority, int) or isinstance(priority, bool) or priority < 1:
            return f"Rule {index} has no rulePriority, a whole number from 1."
        if priorities.count(priority) > 1:
            return f"The rulePriority {priority} is there twice."
        wrong = _wrong_rule(each)
        if wrong:
            return f"Rule {index}: {wrong}"
    return ""


def _wrong_rule(each: dict[str, Any]) -> str:
    selection, action = each.get("selection"), each.get("action")
    if not isinstance(selection, dict) or selection.get("tagStatus") not in TAG_STATUSES:
        return f"its selection has no tagStatus of {', '.join(TAG_STATUSES)}."
    tags = [name for name in ("tagPrefixList", "tagPatternList") if selection.get(name)]
    if selection["tagStatus"] == "tagged" and len(tags) != 1:
        return "tagStatus tagged takes either a tagPrefixList or a tagPatternList."
    if selection["tagStatus"] != "tagged" and tags:
        return f"tagStatus {selection['tagStatus']} takes no {tags[0]}."
    count, number = selection.get("countType"), selection.get("countNumber")
    if count not in COUNTS:
        return f"its countType is none of {', '.join(COUNTS)}."
    if count == "imageCountMoreThan" and "countUnit" in selection:
        return "countType imageCountMoreThan takes no countUnit."
    if count != "imageCountMoreThan" and selection.get("countUnit") != "days":
        return f"countType {count} takes the countUnit days."
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        return "its countNumber is no whole number from 1."
    if not isinstance(action, dict) or action.get("type") not in ACTIONS:
        return f"its action has no type of {', '.join(ACTIONS)}."
    return ""
