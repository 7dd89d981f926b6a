"""What loops and SAM make, and that it is checked."""

import json
from typing import Any

import pytest

from patternbook.rules import RULES
from patternbook.rules.engine import check
from patternbook.rules.expanding import expand
from patternbook.rules.template import Template
from tests.rules.cases.base import TODAY, ref

LOOPS = "AWS::LanguageExtensions"
SAM = "AWS::Serverless-2016-10-31"


def loop(collection: Any, body: Any, name: str = "Name") -> list[Any]:
    return [name, collection, body]


def resources(*, transform: Any = LOOPS, **sections: Any) -> dict[str, Any]:
    """The resources that the transform makes."""
    return dict(expand({"Transform": transform, **sections}).document["Resources"])


class TestLoops:
    @pytest.mark.parametrize(
        "collection",
        [
            ["A", "B"],
            {"Fn::Split": [",", "A,B"]},
            {"Fn::FindInMap": ["M", "names", "all"]},
            [{"Fn::FindInMap": ["M", "names", "first"]}, "B"],
        ],
    )
    def test_a_loop_over_known_texts_is_expanded(self, collection: Any) -> None:
        body = {
            "Thing${Name}": {"Type": "X", "Properties": {"P": {"Fn::Sub": "/${Name}/${AWS::Region}"}, "Q": ref("Name")}}
        }
        made = resources(
            Mappings={"M": {"names": {"all": ["A", "B"], "first": "A"}}},
            Resources={"Fn::ForEach::Things": loop(collection, body)},
        )
        assert made == {
            f"Thing{name}": {"Type": "X", "Properties": {"P": {"Fn::Sub": f"/{name}/${{AWS::Region}}"}, "Q": name}}
            for name in "AB"
        }

    def test_a_name_without_special_characters_is_written_with_an_ampersand(self) -> None:
        body = {"Thing&{Name}": {"Type": "X", "Properties": {"P": "${Name}"}}}
        made = resources(Resources={"Fn::ForEach::Things": loop(["10.0.0.1"], body)})
        assert made == {"Thing10001": {"Type": "X", "Properties": {"P": "10.0.0.1"}}}

    def test_loops_can_be_nested_and_stand_in_properties(self) -> None:
        inner = loop(["1", "2"], {"${Name}${Number}": "${Name}"}, "Number")
        body = {"Thing${Name}": {"Type": "X", "Properties": {"Fn::ForEach::Inner": inner}}}
        made = resources(Resources={"Fn::ForEach::Things": loop(["A"], body)})
        assert made == {"ThingA": {"Type": "X", "Properties": {"A1": "A", "A2": "A"}}}

    def test_a_loop_over_a_parameter_is_expanded_with_the_default_but_not_complete(self) -> None:
        document = {
            "Transform": LOOPS,
            "Parameters": {"Names": {"Type": "CommaDelimitedList", "Default": "A,B"}},
            "Resources": {"Fn::ForEach::Things": loop(ref("Names"), {"Thing${Name}": {"Type": "X"}})},
        }
        template = Template(expand(document).document, today=TODAY)
        assert list(template.resources) == ["ThingA", "ThingB"]
        assert not template.complete

    @pytest.mark.parametrize("collection", [ref("Nobody"), "A", [ref("Nobody")], {"Fn::ImportValue": "x"}])
    def test_a_loop_over_something_unknown_is_said_to_be_unchecked(self, collection: Any) -> None:
        document = {
            "Resources": {"Fn::ForEach::Things": loop(collection, {"T${Name}": {"Type": "X"}}), "A": {"Type": "X"}}
        }
        expanded = expand({"Transform": LOOPS, **document})
        assert list(expanded.document["Resources"]) == ["Fn::ForEach::Things", "A"]
        assert "only the deployment knows what the loop runs over" in expanded.unchecked[0]

    @pytest.mark.parametrize("malformed", [[], "x", ["a", ["b"]], [1, ["b"], {}], ["a", ["b"], []], None])
    def test_a_malformed_loop_is_left_alone(self, malformed: Any) -> None:
        assert resources(Resources={"Fn::ForEach::Things": malformed}) == {"Fn::ForEach::Things": malformed}

    def test_loops_that_make_too_much_are_left_alone(self) -> None:
        body: Any = {"T": {"Type": "X"}}
        for level in range(6):
            body = {f"Fn::ForEach::L{level}": loop(list("abcdefghij"), body, f"N{level}")}
        expanded = expand({"Transform": LOOPS, "Resources": body})
        assert list(expanded.document["Resources"]) == ["Fn::ForEach::L5"]

    def test_without_the_transform_no_loop_is_expanded(self) -> None:
        body = {"Fn::ForEach::Things": loop(["A"], {"T${Name}": {"Type": "X"}})}
        assert resources(transform=[], Resources=body) == body

    def test_a_finding_names_the_loop_that_made_the_resource(self) -> None:
        function = {"Type": "AWS::Lambda::Function", "Properties": {"Timeout": 1000}}
        document = {"Transform": LOOPS, "Resources": {"Fn::ForEach::F": loop(["A"], {"Function${Name}": function})}}
        (finding,) = check(document, RULES, today=TODAY)
        assert (finding.problem.resource, finding.origin) == ("FunctionA", "Fn::ForEach::F")

    def test_a_service_may_wait_for_a_listener_that_an_unknown_loop_makes(self) -> None:
        forward = [{"Type": "forward", "TargetGroupArn": ref("Group")}]
        rule = {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"Actions": forward}}
        document: dict[str, Any] = {
            "Transform": LOOPS,
            "Parameters": {"Names": {"Type": "CommaDelimitedList"}},
            "Resources": {
                "Group": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup"},
                "Listener": {
                    "Type": "AWS::ElasticLoadBalancingV2::Listener",
                    "Properties": {"DefaultActions": forward},
                },
                "Fn::ForEach::Rules": loop(ref("Names"), {"Rule${Name}": rule}),
                "Service": {
                    "Type": "AWS::ECS::Service",
                    "DependsOn": "RuleA",
                    "Properties": {
                        "LoadBalancers": [{"TargetGroupArn": ref("Group")}],
                        "DeploymentConfiguration": {"DeploymentCircuitBreaker": {"Enable": True}},
                    },
                },
            },
        }
        assert check(document, RULES, today=TODAY) == []
        del document["Resources"]["Service"]["DependsOn"]
        assert [each.rule.id for each in check(document, RULES, today=TODAY)] == ["ecs-waits-for-listener"]


def function(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::Serverless::Function", "Properties": properties}


class TestSam:
    def test_a_function_becomes_what_the_transform_makes_of_it(self) -> None:
        made = resources(
            transform=[SAM],
            Globals={"Function": {"Timeout": 5, "Environment": {"Variables": {"A": "1"}}, "Layers": ["x"]}},
            Resources={
                "F": {
                    "Condition": "C",
                    "DependsOn": "D",
                    **function(
                        Timeout=9,
                        Environment={"Variables": {"B": "2"}},
                        Layers=["y"],
                        CodeUri="src/",
                        Tracing="Active",
                        Tags={"team": "web"},
                        DeadLetterQueue={"Type": "SQS", "TargetArn": "arn"},
                        VpcConfig={"SubnetIds": ["s"]},
                        Policies=["AmazonS3ReadOnlyAccess", {"Statement": []}, {"SQSPollerPolicy": {}}],
                        EventInvokeConfig={"MaximumRetryAttempts": 1, "DestinationConfig": {}},
                        FunctionUrlConfig={"AuthType": "NONE"},
                    ),
                }
            },
        )
        own = made["F"]["Properties"]
        assert (made["F"]["Type"], made["F"]["Condition"], made["F"]["DependsOn"]) == (
            "AWS::Lambda::Function",
            "C",
            "D",
        )
        assert (own["Timeout"], own["Layers"]) == (9, ["x", "y"])
        assert own["Environment"] == {"Variables": {"A": "1", "B": "2"}}
        assert own["TracingConfig"] == {"Mode": "Active"}
        assert own["Tags"] == [{"Key": "team", "Value": "web"}]
        assert own["DeadLetterConfig"] == {"TargetArn": "arn"}
        assert own["Role"] == {"Fn::GetAtt": ["FRole", "Arn"]}
        assert not own.keys() & {"CodeUri", "Policies", "Tracing", "EventInvokeConfig", "FunctionUrlConfig"}
        managed = made["FRole"]["Properties"]["ManagedPolicyArns"]
        assert [each.rsplit("/")[-1] for each in managed] == [
            "AWSLambdaBasicExecutionRole",
            "AWSLambdaVPCAccessExecutionRole",
            "AmazonS3ReadOnlyAccess",
        ]
        assert made["FEventInvokeConfig"]["Properties"] == {"FunctionName": ref("F"), "MaximumRetryAttempts": 1}
        assert made["FUrl"]["Properties"] == {"TargetFunctionArn": ref("F"), "AuthType": "NONE"}
        assert all(each["Condition"] == "C" for each in made.values())

    def test_an_alias_takes_the_events_and_the_provisioned_concurrency(self) -> None:
        events = {
            "Q": {"Type": "SQS", "Properties": {"Queue": "arn", "BatchSize": 1}},
            "Api": {"Type": "HttpApi"},
            "K": {"Type": "Kinesis", "Properties": {"Stream": "stream"}},
        }
        concurrency = {"ProvisionedConcurrentExecutions": 2}
        named = {
            "Arn": {"Fn::GetAtt": ["F", "Version.FunctionArn"]},
            "Own": {"Fn::GetAtt": ["F", "Arn"]},
            "Text": {"Fn::Sub": "${F.Alias} ${F.Version.Version} ${F.Arn}"},
        }
        made = resources(
            transform=SAM,
            Resources={
                "F": function(
                    AutoPublishAlias="live", Events=events, ProvisionedConcurrencyConfig=concurrency, Role="arn"
                ),
                "Other": {"Type": "X", "Properties": {"P": ref("F.Alias"), "Q": ref("F.Version"), **named}},
            },
        )
        assert list(made) == ["FVersion", "FAliaslive", "FQ", "FK", "F", "Other"]
        assert made["FAliaslive"]["Properties"]["ProvisionedConcurrencyConfig"] == concurrency
        assert made["FQ"]["Properties"] == {"FunctionName": ref("FAliaslive"), "EventSourceArn": "arn", "BatchSize": 1}
        assert made["Other"]["Properties"] == {
            "P": ref("FAliaslive"),
            "Q": ref("FVersion"),
            "Arn": {"Fn::GetAtt": ["FVersion", "FunctionArn"]},
            "Own": {"Fn::GetAtt": ["F", "Arn"]},
            "Text": {"Fn::Sub": "${FAliaslive} ${FVersion.Version} ${F.Arn}"},
        }

    def test_globals_with_a_function_of_cloudformation_are_overridden(self) -> None:
        shared = {"Function": {"Environment": {"Fn::If": ["C", {}, {}]}, "Timeout": 3}}
        made = resources(transform=SAM, Globals=shared, Resources={"F": function(Environment={"Variables": {}})})
        assert made["F"]["Properties"]["Environment"] == {"Variables": {}}

    def test_other_resources_of_sam_are_said_to_be_unchecked(self) -> None:
        expanded = expand({"Transform": SAM, "Resources": {"Api": {"Type": "AWS::Serverless::Api"}}})
        assert list(expanded.unchecked) == ["Api: the resources that SAM makes of AWS::Serverless::Api are not checked"]
        assert not Template(expanded.document, today=TODAY).complete

    @pytest.mark.parametrize("nonsense", [None, [], "x", 5, {"Function": []}, {"Function": {"Timeout": {}}}])
    def test_nonsense_is_expanded_somehow(self, nonsense: Any) -> None:
        for name in ("Events", "Policies", "Environment", "AutoPublishAlias", "EventInvokeConfig", "DeadLetterQueue"):
            document = {"Transform": SAM, "Globals": nonsense, "Resources": {"F": function(**{name: nonsense})}}
            check(json.loads(json.dumps(document)), RULES, today=TODAY)

    def test_a_finding_and_its_acknowledgement_are_at_the_function(self) -> None:
        events = {"Q": {"Type": "SQS", "Properties": {"Queue": {"Fn::GetAtt": ["Queue", "Arn"]}}}}
        document: dict[str, Any] = {
            "Transform": SAM,
            "Resources": {
                "Queue": {"Type": "AWS::SQS::Queue"},
                "F": function(Events=events),
            },
        }
        (finding,) = check(document, RULES, today=TODAY)
        assert (finding.rule.id, finding.problem.resource, finding.origin) == ("lambda-queue-partial-batch", "FQ", "F")
        accepted = {"id": "lambda-queue-partial-batch", "reason": "One message at a time is enough."}
        document["Resources"]["F"]["Metadata"] = {"patternbook": {"acknowledge": [accepted]}}
        assert check(document, RULES, today=TODAY) == []
