"""The promises of stacks/web_api."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
import yaml
from aws_cdk import aws_lambda as lambda_

from patternbook import PRODUCTION, SANDBOX, JwtApi, LogGroup, SignIn, SingleTable, Throttle, powertools_layer_arn
from patternbook.api.openapi import Operation, read_operations
from patternbook.aws_lambda import powertools
from patternbook.limits.cognito import is_callback_url, is_example
from patternbook.limits.http_api import is_origin
from patternbook.testing.drawings.promises import DrawingPromises
from patternbook.testing.reading import Reading, Resource
from patternbook.testing.synthesis import refusal, unchecked_app, variant
from stacks.web_api import WebApiStack
from stacks.web_api.functions import OPENAPI, RUNTIME, SIGNING_KEY

PATTERN = WebApiStack
EVERY_OPTION: Mapping[str, Any] = {
    "memory_mib": 1769,
    "timeout_seconds": 20,
    "account_concurrency": 3000,
    "reserved_concurrency": 400,
    "traffic_shift": "Linear10PercentEvery1Minute",
    "duration_alarm_percent": 50,
    "read_rate": 500,
    "read_burst": 1000,
    "write_rate": 200,
    "write_burst": 300,
    "domain_name": "items.example.com",  # a name belongs to one stack
    "hosted_zone_id": "Z0123456789ABCDEFGHIJ",
    "cors_origins": ["https://app.example.com", "http://localhost:3000"],
    "feature_plan": "PLUS",
    "mfa": "REQUIRED",
    "passkeys": True,
    "callback_urls": ["https://app.acme.org/callback", "acme://signed-in"],
    "logout_urls": ["https://app.acme.org/"],
    "machine_client": True,
    "sign_in_prefix": "acme-items",
    "max_read_request_units": 4000,
    "max_write_request_units": 500,
    "alarm_email": "ops@example.com",
    "log_retention_days": 30,
}
# Options that exclude some of EVERY_OPTION.
OTHER_OPTIONS: Mapping[str, Any] = {"feature_plan": "LITE", "mfa": "OFF"}
VARIANTS = {
    "full": {"posture": "production", **EVERY_OPTION},
    "own": OTHER_OPTIONS,
    "certified": {
        "domain_name": "items.example.com",
        "certificate_arn": "arn:aws:acm:eu-west-1:111122223333:certificate/12345678-1234-1234-1234-123456789012",
    },
    "audited": {"feature_plan": "PLUS", "passkeys": True, "mfa": "OFF"},
}

ROUTES = {
    "GET /items": "items/read",
    "POST /items": "items/write",
    "GET /items/{id}": "items/read",
    "PUT /items/{id}": "items/write",
    "DELETE /items/{id}": "items/write",
}
LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
TRACES = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}
KEY = {
    f"kms:{name}" for name in ("Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "ReEncryptFrom", "ReEncryptTo")
}


def pool(stack: Reading) -> Resource:
    return stack.one("AWS::Cognito::UserPool")


def clients(stack: Reading) -> dict[str, Resource]:
    """The app clients, by their one flow."""
    found = {}
    for client in stack.all("AWS::Cognito::UserPoolClient"):
        [flow] = client["AllowedOAuthFlows"]
        found[flow] = client
    return found


def function(stack: Reading, name: str) -> Resource:
    [found] = [each for each in stack.all("AWS::Lambda::Function") if each["Handler"] == f"{name}_items.handler"]
    return found


def alias(stack: Reading, name: str) -> Resource:
    made = function(stack, name)
    [found] = [each for each in stack.all("AWS::Lambda::Alias") if stack.to(each["FunctionName"]) == made]
    return found


def metrics_of(alarm: Resource) -> list[dict[str, Any]]:
    """The metrics that an alarm watches, by itself or in an expression."""
    inside = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each]
    return inside or [alarm.body["Properties"]]


def stage(stack: Reading) -> Resource:
    return stack.one("AWS::ApiGatewayV2::Stage")


def table(stack: Reading) -> Resource:
    return stack.one("AWS::DynamoDB::GlobalTable")


def replica(stack: Reading) -> dict[str, Any]:
    [found] = table(stack)["Replicas"]
    return found


def test_the_parts_of_the_stack_are_attributes(full: Reading) -> None:
    stack = full.stack
    assert isinstance(stack, WebApiStack)
    assert full.types_of(
        [stack.items.table.table_name, stack.api.api.api_id, stack.sign_in.user_pool.user_pool_id]
    ) == {
        stack.items.table.table_name: "AWS::DynamoDB::GlobalTable",
        stack.api.api.api_id: "AWS::ApiGatewayV2::Api",
        stack.sign_in.user_pool.user_pool_id: "AWS::Cognito::UserPool",
    }
    assert stack.functions.keys() == {"read", "write"}
    assert stack.monitoring.topic


class TestApi:
    def test_the_document_has_these_routes(self) -> None:
        assert {each.route_key: each.scopes for each in read_operations(OPENAPI)} == {
            route: (scope,) for route, scope in ROUTES.items()
        }

    def test_every_route_requires_a_token_with_its_scope(self, any_stack: Reading) -> None:
        authorizer = any_stack.one("AWS::ApiGatewayV2::Authorizer")
        routes = any_stack.all("AWS::ApiGatewayV2::Route")
        assert {each["RouteKey"]: each["AuthorizationScopes"] for each in routes} == {
            route: [scope] for route, scope in ROUTES.items()
        }
        for route in routes:
            assert route["AuthorizationType"] == "JWT"
            assert any_stack.to(route["AuthorizerId"]) == authorizer

    def test_the_authorizer_accepts_only_clients_of_the_pool(self, any_stack: Reading) -> None:
        authorizer = any_stack.one("AWS::ApiGatewayV2::Authorizer")
        assert authorizer["AuthorizerType"] == "JWT"
        assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
        token = authorizer["JwtConfiguration"]
        assert any_stack.shown(token["Issuer"]) == "${AWS::Cognito::UserPool.ProviderURL}"
        audience = {any_stack.to(each).id for each in token["Audience"]}
        assert audience == {each.id for each in any_stack.all("AWS::Cognito::UserPoolClient")}

    def test_routes_reach_the_alias_of_their_function(self, any_stack: Reading) -> None:
        functions = {each.route_key: each.function for each in read_operations(OPENAPI)}
        for route in any_stack.all("AWS::ApiGatewayV2::Route"):
            integration = any_stack.to(route["Target"])
            assert integration["IntegrationType"] == "AWS_PROXY"
            assert integration["PayloadFormatVersion"] == "2.0"
            assert any_stack.to(integration["IntegrationUri"]) == alias(any_stack, functions[route["RouteKey"]])

    def test_only_this_api_calls_the_aliases(self, any_stack: Reading) -> None:
        api, called = any_stack.one("AWS::ApiGatewayV2::Api"), set()
        for permission in any_stack.all("AWS::Lambda::Permission"):
            assert permission["Action"] == "lambda:InvokeFunction"
            assert permission["Principal"] == "apigateway.amazonaws.com"
            assert any_stack.refers(permission, api)
            called.add(any_stack.to(permission["FunctionName"]).id)
        assert called == {alias(any_stack, name).id for name in ("read", "write")}

    def test_routes_and_permissions_exist_before_the_stage(self, any_stack: Reading) -> None:
        before = any_stack.before(stage(any_stack))
        for kind in ("ApiGatewayV2::Route", "ApiGatewayV2::Integration", "Lambda::Permission"):
            assert {each.id for each in any_stack.all(f"AWS::{kind}")} <= before

    @pytest.mark.parametrize(
        ("name", "reads", "writes"), [("sandbox", (100, 200), (50, 100)), ("full", (500, 1000), (200, 300))]
    )
    def test_each_route_has_a_throttle(
        self, read: Callable[[str], Reading], name: str, reads: tuple[int, int], writes: tuple[int, int]
    ) -> None:
        stack = read(name)
        throttles = {"items/read": reads, "items/write": writes}
        settings = stage(stack)["RouteSettings"]
        assert {
            route: (each["ThrottlingRateLimit"], each["ThrottlingBurstLimit"]) for route, each in settings.items()
        } == {route: throttles[scope] for route, scope in ROUTES.items()}
        default = stage(stack)["DefaultRouteSettings"]
        assert (default["ThrottlingRateLimit"], default["ThrottlingBurstLimit"]) == writes

    def test_access_logs_are_json_without_tokens(self, any_stack: Reading) -> None:
        settings = stage(any_stack)["AccessLogSettings"]
        assert any_stack.shown(settings["DestinationArn"]).endswith(":log-group:${AWS::Logs::LogGroup}")
        fields = json.loads(settings["Format"])
        assert fields["requestId"] == "$context.requestId"
        assert fields["status"] == "$context.status"
        said = settings["Format"].lower()
        assert not [word for word in ("querystring", "authorization", "$context.path") if word in said]

    def test_it_deploys_by_itself_to_the_default_stage(self, any_stack: Reading) -> None:
        assert stage(any_stack)["StageName"] == "$default"
        assert stage(any_stack)["AutoDeploy"] is True

    def test_cors_by_setting(self, sandbox: Reading, full: Reading) -> None:
        assert not sandbox.one("AWS::ApiGatewayV2::Api").get("CorsConfiguration")
        cors = full.one("AWS::ApiGatewayV2::Api")["CorsConfiguration"]
        assert cors["AllowOrigins"] == EVERY_OPTION["cors_origins"]
        assert cors["AllowMethods"] == ["DELETE", "GET", "POST", "PUT"]
        assert {"authorization", "if-match", "idempotency-key"} <= set(cors["AllowHeaders"])
        assert {"etag", "location"} <= set(cors["ExposeHeaders"])
        assert not cors.get("AllowCredentials")


class TestDomain:
    def test_a_name_of_aws_without_settings(self, sandbox: Reading) -> None:
        assert not sandbox.all("AWS::ApiGatewayV2::DomainName")
        assert sandbox.one("AWS::ApiGatewayV2::Api")["DisableExecuteApiEndpoint"] is False
        assert sandbox.output("Url") == "${AWS::ApiGatewayV2::Api.ApiEndpoint}"

    @pytest.mark.parametrize("name", ["full", "certified"])
    def test_your_name_is_the_only_one(self, read: Callable[[str], Reading], name: str) -> None:
        stack = read(name)
        [configuration] = stack.one("AWS::ApiGatewayV2::DomainName")["DomainNameConfigurations"]
        assert configuration["EndpointType"] == "REGIONAL"
        if name == "full":
            certificate = stack.to(configuration["CertificateArn"])
            assert certificate == stack.one("AWS::CertificateManager::Certificate")
            assert certificate["DomainName"] == "items.example.com"
            assert certificate["ValidationMethod"] == "DNS"
        else:
            assert configuration["CertificateArn"] == VARIANTS["certified"]["certificate_arn"]
        mapping = stack.one("AWS::ApiGatewayV2::ApiMapping")
        assert mapping["Stage"] == stage(stack)["StageName"]
        assert stage(stack).id in stack.before(mapping)
        assert stack.one("AWS::ApiGatewayV2::Api")["DisableExecuteApiEndpoint"] is True
        assert stack.one("AWS::ApiGatewayV2::DomainName")["DomainName"] == "items.example.com"
        assert stack.output("Url") == "https://items.example.com"
        assert stack.output("ApiDnsName") == "${AWS::ApiGatewayV2::DomainName.RegionalDomainName}"

    def test_the_url_of_aws_answers_until_the_certificate_is_issued(self, full: Reading) -> None:
        """An API that exists gets a name: a certificate that waits for DNS must not turn the API off meanwhile."""
        before = full.before(full.one("AWS::ApiGatewayV2::Api"))
        assert full.one("AWS::CertificateManager::Certificate").id in before
        assert full.one("AWS::ApiGatewayV2::DomainName").id in before

    def test_records_for_both_protocols_after_the_mapping(self, full: Reading, read: Callable[[str], Reading]) -> None:
        records = full.all("AWS::Route53::RecordSet")
        assert {each["Type"] for each in records} == {"A", "AAAA"}
        for each in records:
            assert each["Name"] == "items.example.com."
            assert full.one("AWS::ApiGatewayV2::ApiMapping").id in full.before(each)
        assert not read("certified").all("AWS::Route53::RecordSet")


class TestSignIn:
    def test_people_sign_in_by_code_without_a_secret(self, any_stack: Reading) -> None:
        client = clients(any_stack)["code"]
        assert client["AllowedOAuthFlowsUserPoolClient"] is True
        assert client["GenerateSecret"] is False
        scopes = [any_stack.shown(each) for each in client["AllowedOAuthScopes"]]
        server = "${AWS::Cognito::UserPoolResourceServer}"
        assert scopes == ["openid", f"{server}/read", f"{server}/write"]

    def test_no_client_takes_a_password_outside_of_the_pages(self, any_stack: Reading) -> None:
        for client in any_stack.all("AWS::Cognito::UserPoolClient"):
            assert set(client["ExplicitAuthFlows"]) <= {"ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_AUTH"}
            assert client["SupportedIdentityProviders"] == ["COGNITO"]

    def test_tokens_are_short_lived_and_can_be_revoked(self, any_stack: Reading) -> None:
        for client in any_stack.all("AWS::Cognito::UserPoolClient"):
            assert client["TokenValidityUnits"]["AccessToken"] == "minutes"
            assert (client["AccessTokenValidity"], client["RefreshTokenValidity"]) == (60, 7 * 24 * 60)
            assert client["EnableTokenRevocation"] is True
            assert client["PreventUserExistenceErrors"] == "ENABLED"

    @pytest.mark.parametrize(
        ("name", "callback", "logout"),
        [
            ("sandbox", ["http://localhost:3000/callback"], ["http://localhost:3000/callback"]),
            ("full", EVERY_OPTION["callback_urls"], EVERY_OPTION["logout_urls"]),
        ],
    )
    def test_urls_of_the_app(
        self, read: Callable[[str], Reading], name: str, callback: list[str], logout: list[str]
    ) -> None:
        client = clients(read(name))["code"]
        assert (client["CallbackURLs"], client["LogoutURLs"]) == (callback, logout)

    def test_a_client_of_programs_by_setting(self, sandbox: Reading, full: Reading) -> None:
        assert clients(sandbox).keys() == {"code"}
        machine = clients(full)["client_credentials"]
        assert machine["GenerateSecret"] is True
        assert not machine.get("CallbackURLs")
        server = "${AWS::Cognito::UserPoolResourceServer}"
        assert [full.shown(each) for each in machine["AllowedOAuthScopes"]] == [f"{server}/read", f"{server}/write"]
        assert "MachineClientId" in full.document["Outputs"]

    def test_the_scopes(self, any_stack: Reading) -> None:
        server = any_stack.one("AWS::Cognito::UserPoolResourceServer")
        assert server["Identifier"] == "items"
        assert [each["ScopeName"] for each in server["Scopes"]] == ["read", "write"]

    def test_administrators_create_users_by_their_address(self, any_stack: Reading) -> None:
        assert pool(any_stack)["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
        assert pool(any_stack)["UsernameAttributes"] == ["email"]
        assert pool(any_stack)["UsernameConfiguration"] == {"CaseSensitive": False}
        assert pool(any_stack)["Policies"]["PasswordPolicy"]["MinimumLength"] == 12

    def test_the_group(self, any_stack: Reading) -> None:
        assert any_stack.one("AWS::Cognito::UserPoolGroup")["GroupName"] == "admins"

    @pytest.mark.parametrize(
        ("name", "plan", "mfa", "threats"),
        [
            ("sandbox", "ESSENTIALS", "OPTIONAL", "OFF"),
            ("production", "ESSENTIALS", "OPTIONAL", "OFF"),
            ("full", "PLUS", "ON", "ENFORCED"),
            ("own", "LITE", "OFF", "OFF"),
            ("audited", "PLUS", "OFF", "AUDIT"),
        ],
    )
    def test_plan_mfa_and_threat_protection(
        self, read: Callable[[str], Reading], name: str, plan: str, mfa: str, threats: str
    ) -> None:
        found = pool(read(name))
        assert (found["UserPoolTier"], found["MfaConfiguration"]) == (plan, mfa)
        assert found["UserPoolAddOns"]["AdvancedSecurityMode"] == threats
        assert found.get("EnabledMfas", []) in ([], ["SOFTWARE_TOKEN_MFA"])
        assert bool(read(name).all("AWS::Cognito::UserPoolRiskConfigurationAttachment")) is (threats == "ENFORCED")

    def test_risky_sign_ins_are_blocked(self, full: Reading) -> None:
        risks = full.one("AWS::Cognito::UserPoolRiskConfigurationAttachment")
        assert risks["ClientId"] == "ALL"
        assert risks["CompromisedCredentialsRiskConfiguration"]["Actions"] == {"EventAction": "BLOCK"}
        actions = risks["AccountTakeoverRiskConfiguration"]["Actions"]
        assert actions["HighAction"] == {"EventAction": "BLOCK", "Notify": False}

    @pytest.mark.parametrize(("name", "factor"), [("full", "MULTI_FACTOR_WITH_USER_VERIFICATION"), ("audited", None)])
    def test_passkeys(self, read: Callable[[str], Reading], name: str, factor: str | None) -> None:
        found = pool(read(name))
        assert found["Policies"]["SignInPolicy"] == {"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]}
        assert found["WebAuthnUserVerification"] == "required"
        assert found.get("WebAuthnFactorConfiguration") == factor
        assert "ALLOW_USER_AUTH" in clients(read(name))["code"]["ExplicitAuthFlows"]

    @pytest.mark.parametrize("name", ["sandbox", "production", "own"])
    def test_turning_passkeys_off_takes_them_out_of_the_policy(self, read: Callable[[str], Reading], name: str) -> None:
        """Cognito keeps a policy that a template no longer has."""
        assert pool(read(name))["Policies"]["SignInPolicy"] == {"AllowedFirstAuthFactors": ["PASSWORD"]}

    @pytest.mark.parametrize(("name", "version"), [("sandbox", 2), ("production", 2), ("full", 2), ("own", 1)])
    def test_managed_login_has_a_branding_style(self, read: Callable[[str], Reading], name: str, version: int) -> None:
        stack = read(name)
        assert stack.one("AWS::Cognito::UserPoolDomain")["ManagedLoginVersion"] == version
        if version == 1:
            assert not stack.all("AWS::Cognito::ManagedLoginBranding")
            return
        branding = stack.one("AWS::Cognito::ManagedLoginBranding")
        assert branding["UseCognitoProvidedValues"] is True
        assert stack.to(branding["ClientId"]) == clients(stack)["code"]

    def test_the_domain_is_unique_or_your_own(self, sandbox: Reading, full: Reading) -> None:
        domain = sandbox.one("AWS::Cognito::UserPoolDomain")["Domain"]
        guid = {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}
        assert domain == {"Fn::Join": ["", ["items-", guid]]}
        assert full.one("AWS::Cognito::UserPoolDomain")["Domain"] == "acme-items"


class TestFunctions:
    @pytest.mark.parametrize("name", ["read", "write"])
    def test_python_on_arm64_with_powertools(self, any_stack: Reading, name: str) -> None:
        found = function(any_stack, name)
        assert (found["Runtime"], found["Architectures"]) == ("python3.14", ["arm64"])
        assert found["TracingConfig"] == {"Mode": "Active"}
        [layer] = found["Layers"]
        account = {"Fn::FindInMap": ["PowertoolsPublishers", {"Ref": "AWS::Partition"}, "Account"]}
        assert account in layer["Fn::Join"][1]
        assert ":layer:AWSLambdaPowertoolsPythonV3-python314-arm64:" in layer["Fn::Join"][1]

    @pytest.mark.parametrize(
        ("name", "memory", "timeout", "reserved"),
        [("sandbox", 512, 10, None), ("production", 512, 10, 100), ("full", 1769, 20, 400)],
    )
    def test_their_size(
        self, read: Callable[[str], Reading], name: str, memory: int, timeout: int, reserved: int | None
    ) -> None:
        for each in read(name).all("AWS::Lambda::Function"):
            assert (each["MemorySize"], each["Timeout"]) == (memory, timeout)
            assert each.get("ReservedConcurrentExecutions") == reserved

    def test_variables(self, any_stack: Reading) -> None:
        for each in any_stack.all("AWS::Lambda::Function"):
            variables = dict(each["Environment"]["Variables"])
            assert any_stack.to(variables.pop("TABLE_NAME")) == table(any_stack)
            assert variables.pop("POWERTOOLS_METRICS_NAMESPACE") == f"Patternbook/{any_stack.stack.stack_name}"
            assert variables == {"POWERTOOLS_SERVICE_NAME": "web-api", "POWERTOOLS_LOG_LEVEL": "INFO"}

    @pytest.mark.parametrize(
        ("name", "actions"),
        [
            ("read", {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem"}),
            ("write", {"dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}),
        ],
    )
    def test_each_role_may_do_what_its_function_does(self, any_stack: Reading, name: str, actions: set[str]) -> None:
        role = any_stack.to(function(any_stack, name)["Role"])
        assert "ManagedPolicyArns" not in role.body["Properties"]
        granted: dict[str, set[str]] = {}
        for statement in any_stack.statements(role):
            assert statement["Effect"] == "Allow"
            found = statement["Action"]
            granted.setdefault(statement["Resource"], set()).update([found] if isinstance(found, str) else found)
        expected = {"${AWS::Logs::LogGroup.Arn}": LOGS, "*": TRACES, "${AWS::DynamoDB::GlobalTable.Arn}": actions}
        if any_stack.all("AWS::KMS::Key"):
            expected["${AWS::KMS::Key.Arn}"] = KEY
        assert granted == expected

    @pytest.mark.parametrize(("name", "keys"), [("read", SIGNING_KEY), ("write", "OWNER#*")])
    def test_each_writes_items_of_its_kind_only(self, any_stack: Reading, name: str, keys: str) -> None:
        """The function that reads makes the key of its tokens, and cannot touch items of owners."""
        writing = [
            each
            for each in any_stack.statements(any_stack.to(function(any_stack, name)["Role"]))
            if "dynamodb:PutItem" in each["Action"]
        ]
        assert writing
        for each in writing:
            assert each["Condition"] == {
                "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [keys]},
                "Null": {"dynamodb:LeadingKeys": "false"},
            }

    def test_the_key_works_for_dynamodb_only(self, production: Reading) -> None:
        for name in ("read", "write"):
            used = [
                each
                for each in production.statements(production.to(function(production, name)["Role"]))
                if "kms:Encrypt" in each["Action"]
            ]
            assert used
            for each in used:
                assert each["Condition"] == {
                    "StringEquals": {"kms:ViaService": "dynamodb.${AWS::Region}.${AWS::URLSuffix}"}
                }

    def test_nothing_calls_them_asynchronously(self, any_stack: Reading) -> None:
        assert not any_stack.all("AWS::Lambda::EventInvokeConfig")

    def test_each_shifts_traffic_and_goes_back_on_alarms_of_its_new_version(self, any_stack: Reading) -> None:
        groups = any_stack.all("AWS::CodeDeploy::DeploymentGroup")
        assert len(groups) == 2
        for group in groups:
            assert group["AutoRollbackConfiguration"]["Enabled"] is True
            watched = [any_stack.to(each["Name"]) for each in group["AlarmConfiguration"]["Alarms"]]
            metrics = [metric for each in watched for metric in metrics_of(each)]
            assert {each["MetricName"] for each in metrics} == {"Errors", "Duration", "Faults", "Invocations"}
            versions = set()
            for each in metrics:
                dimensions = {dimension["Name"]: dimension["Value"] for dimension in each["Dimensions"]}
                versions.add(any_stack.to(dimensions.get("ExecutedVersion") or dimensions["function_version"]).id)
            assert len(versions) == 1

    @pytest.mark.parametrize(
        ("name", "how"), [("sandbox", "Canary10Percent5Minutes"), ("full", "Linear10PercentEvery1Minute")]
    )
    def test_how_traffic_shifts(self, read: Callable[[str], Reading], name: str, how: str) -> None:
        for group in read(name).all("AWS::CodeDeploy::DeploymentGroup"):
            assert group["DeploymentConfigName"] == f"CodeDeployDefault.Lambda{how}"

    def test_the_package_is_the_runtime(self) -> None:
        assert {path.name for path in RUNTIME.glob("*.py")} >= {"read_items.py", "write_items.py"}
        assert f'SIGNING_KEY = {{"pk": "{SIGNING_KEY}"' in (RUNTIME / "table.py").read_text(encoding="utf-8")


class TestTable:
    def test_keys_expiry_and_capacity(self, any_stack: Reading) -> None:
        found = table(any_stack)
        assert found["KeySchema"] == [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ]
        assert found["BillingMode"] == "PAY_PER_REQUEST"
        assert found["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}

    @pytest.mark.parametrize(("name", "reads", "writes"), [("sandbox", 1000, 1000), ("full", 4000, 500)])
    def test_maximum_request_units(self, read: Callable[[str], Reading], name: str, reads: int, writes: int) -> None:
        assert replica(read(name))["ReadOnDemandThroughputSettings"] == {"MaxReadRequestUnits": reads}
        assert table(read(name))["WriteOnDemandThroughputSettings"] == {"MaxWriteRequestUnits": writes}

    def test_it_outlives_production(self, sandbox: Reading, production: Reading) -> None:
        for resource in (table(sandbox), pool(sandbox)):
            assert resource.kept == ("Delete", "Delete")
        for resource in (table(production), pool(production)):
            assert resource.kept == ("RetainExceptOnCreate", "Retain")
        assert replica(production)["DeletionProtectionEnabled"] is True
        assert pool(production)["DeletionProtection"] == "ACTIVE"
        assert replica(sandbox)["DeletionProtectionEnabled"] is False
        assert pool(sandbox)["DeletionProtection"] == "INACTIVE"

    def test_point_in_time_recovery_in_production(self, sandbox: Reading, production: Reading) -> None:
        recovery = replica(production)["PointInTimeRecoverySpecification"]
        assert recovery == {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 35}
        assert not replica(sandbox)["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]

    def test_the_key_encrypts_it_in_production(self, sandbox: Reading, production: Reading) -> None:
        assert table(production)["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}
        key = replica(production)["SSESpecification"]["KMSMasterKeyId"]
        assert production.to(key).type == "AWS::KMS::Key"
        assert table(sandbox).get("SSESpecification", {}).get("SSEEnabled", False) is False


class TestMonitoring:
    def test_alarms_lead_to_the_page(self, any_stack: Reading) -> None:
        watched = [each for each in any_stack.all("AWS::CloudWatch::Alarm") if each.get("OKActions")]
        assert len(watched) == 18
        assert all(each["AlarmDescription"].endswith("docs/web-api.md#what-rings-and-when") for each in watched)

    def test_throttled_requests_are_counted_in_the_access_log(self, any_stack: Reading) -> None:
        counted = any_stack.one("AWS::Logs::MetricFilter")
        assert counted["FilterPattern"] == '{ $.status = "429" }'
        [metric] = counted["MetricTransformations"]
        assert metric["MetricNamespace"] == f"Patternbook/{any_stack.stack.stack_name}"
        destination = any_stack.shown(stage(any_stack)["AccessLogSettings"]["DestinationArn"])
        assert destination.endswith("${AWS::Logs::LogGroup}")
        assert any_stack.to(counted["LogGroupName"]).id in json.dumps(stage(any_stack)["AccessLogSettings"])

    def test_the_access_log_fits_the_resource_policy_of_an_account_with_many_apis(self, any_stack: Reading) -> None:
        [log] = [each for each in any_stack.all("AWS::Logs::LogGroup") if each.get("LogGroupName")]
        assert log == any_stack.to(any_stack.one("AWS::Logs::MetricFilter")["LogGroupName"])
        name = any_stack.shown(log["LogGroupName"])
        assert name.startswith(f"/aws/vendedlogs/apis/{any_stack.stack.stack_name}-")
        assert "AWS::StackId" in json.dumps(log["LogGroupName"]), "no other stack, also not its own successor"

    @pytest.mark.parametrize(("name", "days"), [("sandbox", 7), ("production", 365), ("full", 30)])
    def test_retention_of_logs(self, read: Callable[[str], Reading], name: str, days: int) -> None:
        groups = read(name).all("AWS::Logs::LogGroup")
        assert len(groups) == 3
        assert {each["RetentionInDays"] for each in groups} == {days}


class TestPowertools:
    @pytest.mark.parametrize(
        ("region", "arn"),
        [
            ("eu-west-1", f"arn:aws:lambda:eu-west-1:017000801446:layer:L:{powertools.VERSION}"),
            ("cn-north-1", f"arn:aws-cn:lambda:cn-north-1:498634801083:layer:L:{powertools.VERSION}"),
            ("us-gov-west-1", "arn:aws-us-gov:lambda:us-gov-west-1:165093116878:layer:L:27"),
            ("us-gov-east-1", "arn:aws-us-gov:lambda:us-gov-east-1:165087284144:layer:L:27"),
        ],
    )
    def test_the_publisher_of_each_partition(self, region: str, arn: str) -> None:
        stack = cdk.Stack(unchecked_app(), "Stack", env=cdk.Environment(region=region))
        found = stack.resolve(powertools_layer_arn(stack, "Layer"))
        shown = (
            found
            if isinstance(found, str)
            else "".join(part if isinstance(part, str) else arn.split(":")[1] for part in found["Fn::Join"][1])
        )
        assert shown == arn.replace(":L:", ":AWSLambdaPowertoolsPythonV3-python314-arm64:")


class TestSettings:
    @pytest.mark.parametrize(
        ("settings", "said"),
        [
            ({"passkeys": True, "feature_plan": "LITE"}, "Choose ESSENTIALS or PLUS"),
            ({"callback_urls": ["http://app.example.com/callback"]}, "an https URL, an http://localhost URL"),
            ({"callback_urls": ["https://app.example.com/#there"]}, "without a fragment"),
            ({"callback_urls": ["https://a.example.com", "https://a.example.com"]}, "only once"),
            ({"cors_origins": ["*"]}, "and not *"),
            ({"cors_origins": ["https://app.example.com/"]}, "without a path"),
            ({"read_rate": 0}, "a whole number from 1 to 10,000"),
            ({"write_burst": 5001}, "a whole number from 1 to 5,000"),
            ({"timeout_seconds": 30}, "29"),
            ({"timeout_seconds": 9}, "10"),
            ({"max_read_request_units": 0}, "from 1 to 40,000"),
            ({"sign_in_prefix": "my-aws-app"}, "without aws, amazon and cognito"),
            ({"sign_in_prefix": "-app"}, "a domain prefix"),
            ({"reserved_concurrency": 451}, "must be at most 450 for each of 2 functions, got 451"),
            ({"feature_plan": "FREE"}, "LITE"),
            ({"hosted_zone_id": "Z0123456789ABCDEFGHIJ"}, "domain_name"),
            ({"hosted_zone_id": "/hostedzone/Z0123456789ABCDEFGHIJ"}, 'without the prefix: "Z0123456789ABCDEFGHIJ"'),
            ({"domain_name": "api.example.com"}, "hosted_zone_id or certificate_arn"),
            ({"certificate_arn": VARIANTS["certified"]["certificate_arn"]}, "Set domain_name"),
        ],
        ids=str,
    )
    def test_a_mistake_is_refused(self, settings: dict[str, Any], said: str) -> None:
        [remedy] = refusal(PATTERN, **settings).values()
        assert said in remedy

    def test_a_quota_too_low_for_production(self) -> None:
        assert "reserved_concurrency" in refusal(PATTERN, posture="production", account_concurrency=250)

    def test_callback_urls(self) -> None:
        for url in (
            "https://a.org",
            "https://a.org:8443/x?y=z",
            "http://localhost",
            "http://localhost:3000/",
            "app://x",
            "com.example.app://",
        ):
            assert is_callback_url(url), url
        for url in (
            "http://a.org",
            "https://",
            "https://a.org/#x",
            "localhost:3000",
            "javascript:alert(1)",
            "javascript://x/%0aalert(1)",
            "data://text/html",
            "file:///etc/passwd",
            "HTTPS://a.org",
            "https://a b",
            "https://a..org",
            "https://-a.org",
            "https://a.org:0",
            "https://a.org:65536",
        ):
            assert not is_callback_url(url), url
        assert is_example("https://example.com/x")
        assert is_example("https://app.example.net")
        assert not is_example("https://example.com.acme.org")
        assert not is_example("https://myexample.com")

    def test_origins(self) -> None:
        for origin in ("https://a.org", "https://a.org:8443", "http://localhost:3000"):
            assert is_origin(origin), origin
        for origin in (
            "http://a.org",
            "null",
            "https://A.org",
            "https://a..org",
            "https://a.org:443",  # browsers leave out the default port
            "http://localhost:80",
            "https://a.org:0",
            "https://a.org:08443",
            "https://a.org:65536",
        ):
            assert not is_origin(origin), origin


class TestConstructs:
    @pytest.fixture
    def stack(self) -> cdk.Stack:
        return cdk.Stack(unchecked_app(), "Stack")

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"functions": {}}, "functions must have the names read"),
            ({"throttles": {"other": Throttle(rate=1, burst=1)}}, "throttles must have the names read"),
            ({"audience": []}, "an audience"),
            ({"cors_origins": ["*"]}, "cors_origins must be origins"),
            ({"throttles": {"read": Throttle(rate=0, burst=1)}}, "rate of read must be 1 to 10,000"),
            ({"throttles": {"read": Throttle(rate=1, burst=9999)}}, "burst of read must be 1 to 5,000"),
            ({"operations": []}, "operations must be 1 to 300"),
            ({"operations": [Operation(method="GET", path="/", function="read", scopes=())]}, "require a scope"),
        ],
    )
    def test_an_api_refuses_what_would_be_open(self, stack: cdk.Stack, wrong: dict[str, Any], said: str) -> None:
        unused: Any = None  # refused before it is used
        right: dict[str, Any] = {
            "operations": [Operation(method="GET", path="/", function="read", scopes=("items/read",))],
            "functions": {"read": unused},
            "throttles": {"read": Throttle(rate=1, burst=1)},
            "issuer": "https://issuer.example.com",
            "audience": ["client"],
            "log_group": unused,
        }
        with pytest.raises(ValueError, match=said):
            JwtApi(stack, "Api", **{**right, **wrong})
        assert not stack.node.children

    def test_an_api_of_another_issuer(self, stack: cdk.Stack) -> None:
        hello = lambda_.Function(
            stack,
            "Hello",
            code=lambda_.Code.from_inline("def handler(event, context): ..."),
            handler="index.handler",
            runtime=lambda_.Runtime.PYTHON_3_14,
        )
        JwtApi(
            stack,
            "Api",
            operations=[Operation(method="GET", path="/", function="hello", scopes=("read",))],
            functions={"hello": hello},  # ty: ignore[invalid-argument-type]
            throttles={"hello": Throttle(rate=1, burst=1)},
            issuer="https://issuer.example.com",
            audience=["client"],
            log_group=LogGroup(stack, "Logs", posture=SANDBOX),
        )
        authorizer = Reading(stack).one("AWS::ApiGatewayV2::Authorizer")
        assert authorizer["JwtConfiguration"] == {"Audience": ["client"], "Issuer": "https://issuer.example.com"}

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"callback_urls": ["http://app.example.com"]}, "callback_urls must be https URLs"),
            ({"logout_urls": ["ftp:x"]}, "logout_urls must be https URLs"),
            ({"callback_urls": [f"https://a.org/{number}" for number in range(101)]}, "at most 100 URLs, got 101"),
            ({"passkeys": True, "feature_plan": "LITE"}, "passkeys must be false with feature_plan LITE"),
        ],
    )
    def test_sign_in_refuses_mistakes(self, stack: cdk.Stack, wrong: dict[str, Any], said: str) -> None:
        with pytest.raises(ValueError, match=said):
            SignIn(stack, "SignIn", posture=SANDBOX, api="items", scopes={"read": "Read"}, **wrong)
        assert not stack.node.children

    def test_a_table_refuses_capacity_that_does_not_exist(self, stack: cdk.Stack) -> None:
        with pytest.raises(ValueError, match="max_write_request_units must be 1 to 40,000"):
            SingleTable(stack, "Table", posture=PRODUCTION, max_write_request_units=0)
        assert not stack.node.children

    def test_a_table_without_maximum(self, stack: cdk.Stack) -> None:
        SingleTable(stack, "Table", posture=SANDBOX, max_read_request_units=None, max_write_request_units=None)
        found = Reading(stack).one("AWS::DynamoDB::GlobalTable")
        assert not found.get("WriteOnDemandThroughputSettings")


class TestOpenApi:
    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"x-patternbook-function": None}, "GET /items must name its function"),
            ({"security": []}, "GET /items must require a scope"),
            ({"security": [{"user": []}]}, "GET /items must require a scope"),
        ],
    )
    def test_a_route_that_would_be_open_is_refused(self, tmp_path: Path, change: dict[str, Any], said: str) -> None:
        document = yaml.safe_load(OPENAPI.read_text(encoding="utf-8"))
        operation = document["paths"]["/items"]["get"]
        for name, value in change.items():
            operation.pop(name)
            if value is not None:
                operation[name] = value
        (tmp_path / "api.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
        with pytest.raises(ValueError, match=said):
            read_operations(tmp_path / "api.yaml")

    @pytest.mark.parametrize("text", ["", "[]", "{", "paths: {}", "paths: 5", "\xff"])
    def test_what_is_no_document_is_refused(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "api.yaml").write_bytes(text.encode("latin-1"))
        with pytest.raises(ValueError, match="document must"):
            read_operations(tmp_path / "api.yaml")

    def test_a_document_that_is_not_there_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="document must be an OpenAPI document"):
            read_operations(tmp_path / "api.yaml")


def test_two_stages_share_no_metric(tmp_path: Path) -> None:
    names = {
        Reading(variant(PATTERN, tmp_path / posture, posture=posture)).one("AWS::Logs::MetricFilter")[
            "MetricTransformations"
        ][0]["MetricNamespace"]
        for posture in ("sandbox", "production")
    }
    assert len(names) == 2


class TestDrawing(DrawingPromises):
    """What docs/web-api.d2 shows."""
