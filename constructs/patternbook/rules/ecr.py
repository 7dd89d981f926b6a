"""Rules for ECR lifecycle policies, whose JSON ECR validates only during the deployment."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from patternbook.rules.rule import ERROR, rule
from patternbook.rules.template import Node, Problem, Template

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
TAG_STATUSES: Final = ("tagged", "untagged", "any")
COUNT_TYPES: Final = ("imageCountMoreThan", "sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned")
ACTIONS: Final = ("expire", "transition")
STORAGE_CLASSES: Final = ("standard", "archive")
MAX_RULES: Final = 50
"""https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html"""
MAX_WILDCARDS: Final = 4
_KEYS: Final = ("rulePriority", "description", "selection", "action")
_SELECTION: Final = (
    *("tagStatus", "tagPatternList", "tagPrefixList", "storageClass"),
    *("countType", "countUnit", "countNumber"),
)
_ACTION: Final = ("type", "targetStorageClass")


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
    if unknown := _unknown(document, ("rules",)):
        return f"The policy has the unknown key {unknown!r}."
    if len(rules) > MAX_RULES:
        return f"The policy has {len(rules)} rules; at most {MAX_RULES} are allowed."
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


def _unknown(given: dict[str, Any], known: Sequence[str]) -> str:
    """The first key that is not known. Empty if there is none."""
    return next((key for key in given if key not in known), "")


def _mistake_in_rule(each: dict[str, Any]) -> str:
    selection, action = each.get("selection"), each.get("action")
    if unknown := _unknown(each, _KEYS):
        return f"the key {unknown!r} is unknown."
    if not isinstance(each.get("description", ""), str):
        return "description must be a text."
    if not isinstance(selection, dict) or selection.get("tagStatus") not in TAG_STATUSES:
        return f"tagStatus must be one of {', '.join(TAG_STATUSES)}."
    return _mistake_in_selection(selection) or _mistake_in_action(selection, action)


def _mistake_in_selection(selection: dict[str, Any]) -> str:
    if unknown := _unknown(selection, _SELECTION):
        return f"the key {unknown!r} of selection is unknown."
    tags = [name for name in ("tagPrefixList", "tagPatternList") if selection.get(name)]
    if selection["tagStatus"] == "tagged" and len(tags) != 1:
        return "tagStatus tagged requires either tagPrefixList or tagPatternList."
    if selection["tagStatus"] != "tagged" and tags:
        return f"tagStatus {selection['tagStatus']} does not allow {tags[0]}."
    for name in tags:
        listed = selection[name]
        if not isinstance(listed, list) or not all(isinstance(tag, str) and tag for tag in listed):
            return f"{name} must be a list of texts."
        if name == "tagPatternList" and any(tag.count("*") > MAX_WILDCARDS for tag in listed):
            return f"a pattern in tagPatternList has more than {MAX_WILDCARDS} wildcards."
    count, number = selection.get("countType"), selection.get("countNumber")
    if count not in COUNT_TYPES:
        return f"countType must be one of {', '.join(COUNT_TYPES)}."
    if count == "imageCountMoreThan" and "countUnit" in selection:
        return "countType imageCountMoreThan does not allow countUnit."
    if count != "imageCountMoreThan" and selection.get("countUnit") != "days":
        return f"countType {count} requires countUnit days."
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        return "countNumber must be a whole number of at least 1."
    return _mistake_in_storage_class(count, selection.get("storageClass"))


def _mistake_in_storage_class(count: str, storage_class: Any) -> str:
    if storage_class is not None and storage_class not in STORAGE_CLASSES:
        return f"storageClass must be one of {', '.join(STORAGE_CLASSES)}."
    if count == "sinceImageTransitioned" and storage_class != "archive":
        return "countType sinceImageTransitioned requires storageClass archive."
    if count != "sinceImageTransitioned" and storage_class == "archive":
        return f"countType {count} does not allow storageClass archive."
    return ""


def _mistake_in_action(selection: dict[str, Any], action: Any) -> str:
    if not isinstance(action, dict) or action.get("type") not in ACTIONS:
        return f"the type of the action must be one of {', '.join(ACTIONS)}."
    if unknown := _unknown(action, _ACTION):
        return f"the key {unknown!r} of action is unknown."
    if action["type"] == "transition" and action.get("targetStorageClass") != "archive":
        return "the action transition requires targetStorageClass archive."
    if action["type"] == "expire" and "targetStorageClass" in action:
        return "the action expire does not allow targetStorageClass."
    if action["type"] == "transition" and selection.get("storageClass") == "archive":
        return "the action transition does not apply to images in storageClass archive."
    return ""
