"""Expands functions of SAM to the resources that the transform AWS::Serverless makes of them.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources.html
"""

from collections.abc import Iterator, Mapping, MutableMapping, MutableSequence
from typing import Any, Final

FUNCTION: Final = "AWS::Serverless::Function"
_RENAMED: Final = {
    "Tracing": lambda mode: {"TracingConfig": {"Mode": mode}},
    "DeadLetterQueue": lambda queue: {
        "DeadLetterConfig": {"TargetArn": queue.get("TargetArn") if isinstance(queue, dict) else queue}
    },
    "CodeUri": lambda uri: {"Code": {"S3Bucket": {"Fn::Packaged": uri}, "S3Key": {"Fn::Packaged": uri}}},
    "InlineCode": lambda code: {"Code": {"ZipFile": code}},
    "ImageUri": lambda uri: {"Code": {"ImageUri": uri}},
}
"""What the transform makes of properties that Lambda names differently. ``Fn::Packaged`` stands for a value that only
the packaging knows."""
_OWN: Final = frozenset(
    (
        *("Policies", "PermissionsBoundary", "Events", "AutoPublishAlias", "AutoPublishAliasAllProperties"),
        *("AutoPublishCodeSha256", "VersionDescription", "ProvisionedConcurrencyConfig", "DeploymentPreference"),
        *("EventInvokeConfig", "FunctionUrlConfig", "AssumeRolePolicyDocument", "RolePath", "PropagateTags"),
        *("Connectors", "VersionDeletionPolicy", "PublishToLatestPublished", "Role"),
    )
)
"""Properties of SAM that become other resources."""
_STREAMS: Final = {
    "SQS": "Queue",
    "Kinesis": "Stream",
    "DynamoDB": "Stream",
    "MSK": "Stream",
    "MQ": "Broker",
    "DocumentDB": "Cluster",
}
"""Events that become event source mappings, with the property of their source."""
_SERVICE_ROLE: Final = "arn:aws:iam::aws:policy/service-role/"
_POLICY_OF_STREAM: Final = {
    "SQS": "AWSLambdaSQSQueueExecutionRole",
    "Kinesis": "AWSLambdaKinesisExecutionRole",
    "DynamoDB": "AWSLambdaDynamoDBExecutionRole",
    "MSK": "AWSLambdaMSKExecutionRole",
}

Resources = dict[str, Any]


def expand(
    document: Mapping[str, Any], origins: MutableMapping[str, str], unchecked: MutableSequence[str]
) -> Mapping[str, Any]:
    """The template with Lambda's own resources in place of SAM's functions."""
    shared = document.get("Globals")
    shared = shared.get("Function") if isinstance(shared, dict) else None
    made: Resources = {}
    aliases: dict[str, str] = {}
    for name, body in document["Resources"].items():
        resource_type = body.get("Type") if isinstance(body, dict) else None
        if resource_type != FUNCTION or not isinstance(body.get("Properties", {}), dict):
            made[name] = body
            if isinstance(resource_type, str) and resource_type.startswith("AWS::Serverless::"):
                unchecked.append(f"{name}: the resources that SAM makes of {resource_type} are not checked")
            continue
        properties = _merged(shared if isinstance(shared, dict) else {}, body.get("Properties", {}))
        beside = dict(_beside(name, properties))
        for each, added in beside.items():
            origins[each] = origins.get(name, name)
            made[each] = {**({"Condition": body["Condition"]} if "Condition" in body else {}), **added}
        made[name] = {**body, "Type": "AWS::Lambda::Function", "Properties": _of_lambda(name, properties)}
        aliases |= {f"{name}.Alias": each for each, added in beside.items() if added["Type"] == "AWS::Lambda::Alias"}
        aliases |= {
            f"{name}.Version": each for each, added in beside.items() if added["Type"] == "AWS::Lambda::Version"
        }
    expanded = {**document, "Resources": made}
    return _with_refs(expanded, aliases) if aliases else expanded


def _merged(shared: Any, own: Any) -> Any:
    """Values of Globals with those of the resource: objects are merged, lists are joined, all else is overridden."""
    if isinstance(shared, dict) and isinstance(own, dict):
        if any(key.startswith("Fn::") or key == "Ref" for key in (*shared, *own)):
            return own
        return {**shared, **{key: _merged(shared[key], each) if key in shared else each for key, each in own.items()}}
    return [*shared, *own] if isinstance(shared, list) and isinstance(own, list) else own


def _of_lambda(name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"Role": properties.get("Role", {"Fn::GetAtt": [f"{name}Role", "Arn"]})}
    for key, value in properties.items():
        if key in _RENAMED:
            found |= _RENAMED[key](value)
        elif key == "Tags" and isinstance(value, dict):
            found["Tags"] = [{"Key": tag, "Value": each} for tag, each in value.items()]
        elif key not in _OWN:
            found[key] = value
    return found


def _beside(name: str, properties: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The other resources that the transform makes of a function, by their logical ids."""
    if "Role" not in properties:
        yield f"{name}Role", {"Type": "AWS::IAM::Role", "Properties": _role(properties)}
    target: Any = {"Ref": name}
    if alias := properties.get("AutoPublishAlias"):
        # The transform adds a hash of the code to the name of the version. It also retains it, which is not for the
        # template to choose, so no rule should see it.
        version = {"FunctionName": {"Ref": name}}
        yield f"{name}Version", {"Type": "AWS::Lambda::Version", "Properties": version}
        alias_id = f"{name}Alias{alias if isinstance(alias, str) else ''}"
        published = {
            "FunctionName": {"Ref": name},
            "FunctionVersion": {"Fn::GetAtt": [f"{name}Version", "Version"]},
            "Name": alias,
        }
        if "ProvisionedConcurrencyConfig" in properties:
            published["ProvisionedConcurrencyConfig"] = properties["ProvisionedConcurrencyConfig"]
        yield alias_id, {"Type": "AWS::Lambda::Alias", "Properties": published}
        target = {"Ref": alias_id}
    if isinstance(properties.get("EventInvokeConfig"), dict):
        config = {key: each for key, each in properties["EventInvokeConfig"].items() if key.startswith("Maximum")}
        invoke = {"FunctionName": {"Ref": name}, **config}
        yield f"{name}EventInvokeConfig", {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": invoke}
    if isinstance(properties.get("FunctionUrlConfig"), dict):
        url = {"TargetFunctionArn": {"Ref": name}, **properties["FunctionUrlConfig"]}
        yield f"{name}Url", {"Type": "AWS::Lambda::Url", "Properties": url}
    for event, source, of_event in _streams(properties):
        mapping = {key: each for key, each in of_event.items() if key != source}
        mapping = {"FunctionName": target, "EventSourceArn": of_event.get(source), **mapping}
        yield f"{name}{event}", {"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping}


def _events(properties: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    events = properties.get("Events")
    for name, event in events.items() if isinstance(events, dict) else ():
        if isinstance(event, dict) and isinstance(event.get("Type"), str):
            of_event = event.get("Properties", {})
            yield name, event["Type"], of_event if isinstance(of_event, dict) else {}


def _streams(properties: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The events that become event source mappings: name, property of the source, and properties."""
    for name, kind, of_event in _events(properties):
        if kind in _STREAMS:
            yield name, _STREAMS[kind], of_event


def _role(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The role that the transform makes, with the policies that it adds by itself."""
    managed: list[Any] = [f"{_SERVICE_ROLE}AWSLambdaBasicExecutionRole"]
    if "VpcConfig" in properties:
        managed.append(f"{_SERVICE_ROLE}AWSLambdaVPCAccessExecutionRole")
    managed += [
        f"{_SERVICE_ROLE}{_POLICY_OF_STREAM[kind]}" for _, kind, _ in _events(properties) if kind in _POLICY_OF_STREAM
    ]
    inline: list[Any] = []
    policies = properties.get("Policies", [])
    for index, policy in enumerate(policies if isinstance(policies, list) else [policies]):
        if isinstance(policy, dict) and "Statement" in policy:
            inline.append({"PolicyName": f"Policy{index}", "PolicyDocument": policy})
        elif isinstance(policy, dict) and not any(key.startswith("Fn::") or key == "Ref" for key in policy):
            inline.append({"Fn::PolicyTemplate": policy})  # a template of SAM, whose statements are not known here
        else:
            managed.append(policy)
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": ["lambda.amazonaws.com"]}, "Action": ["sts:AssumeRole"]}
        ],
    }
    trust = properties.get("AssumeRolePolicyDocument", trust)
    return {"AssumeRolePolicyDocument": trust, "ManagedPolicyArns": managed, **({"Policies": inline} if inline else {})}


def _with_refs(value: Any, made: Mapping[str, str]) -> Any:
    """The value with ``!Ref Function.Alias`` and the like as references to what the transform makes."""
    if isinstance(value, list):
        return [_with_refs(each, made) for each in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("Ref"), str) and value["Ref"] in made:
        return {"Ref": made[value["Ref"]]}
    target = value.get("Fn::GetAtt")
    if isinstance(target, list) and all(isinstance(each, str) for each in target):
        name, _, attribute = ".".join(target).rpartition(".")
        return {"Fn::GetAtt": [made[name], attribute]} if name in made else value
    text = value.get("Fn::Sub")
    if isinstance(text, str):
        for name, logical_id in made.items():
            text = text.replace(f"${{{name}}}", f"${{{logical_id}}}").replace(f"${{{name}.", f"${{{logical_id}.")
        return {"Fn::Sub": text}
    return {key: _with_refs(each, made) for key, each in value.items()}
