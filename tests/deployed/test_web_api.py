"""Checks of a deployed ``WebApiStack``."""

import json
from typing import Any, ClassVar

import pytest

from tests.deployed.answers import HTTP, Answer
from tests.deployed.changes import ALARMS, ATTACHED, EVERYTHING, LOG_GROUPS, STATEMENTS, allow, may
from tests.deployed.looking import check_retention, inline_statements, listed, metrics_with, policies_of
from tests.deployed.proving import fails
from tests.deployed.service import AlarmTopic
from tests.deployed.stack import DeployedStack
from tests.deployed.tables import SingleTable

STACK = "WebApiStack"

ALIAS = "live"
LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
TRACES = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
USE_OF_KEY = {
    *("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"),
    *("kms:ReEncryptFrom", "kms:ReEncryptTo"),
}
ON_TABLE = {
    "read_items.handler": {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"},
    "write_items.handler": {"dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"},
}
ROLL_BACK = {"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"}

ROUTES = "apigatewayv2.get_routes Items"
AUTHORIZER = "apigatewayv2.get_authorizers Items 0 JwtConfiguration"
API = "apigatewayv2.get_api"
STAGE = "apigatewayv2.get_stage"
POOL = "cognito-idp.describe_user_pool UserPool"
CLIENT = "cognito-idp.describe_user_pool_client UserPoolClient"
DOMAIN = "cognito-idp.describe_user_pool_domain DomainDescription"
BRANDING = "cognito-idp.describe_managed_login_branding_by_client ManagedLoginBranding"
RISKS = "cognito-idp.describe_risk_configuration RiskConfiguration"
FUNCTION = "lambda.get_function_configuration"
POLICY = "lambda.get_policy Policy"
DEPLOYMENTS = "codedeploy.get_deployment_group deploymentGroupInfo"
REFUSED = {"status": 401, "headers": {}, "body": '{"message":"Unauthorized"}'}
BY_HAND = {HTTP: REFUSED}
PLUS = "everything"


class TestTopic(AlarmTopic):
    """The checks of any stack with alarms."""

    WATCHED: ClassVar = {
        *("5xx", "Count", "Latency", "ThrottledRequests", "Errors", "Throttles", "Duration", "Faults"),
        *("ReadThrottleEvents", "WriteThrottleEvents", "SignInSuccesses", "SignInThrottles"),
    }


@fails("is open: NONE", f"{ROUTES} 0 AuthorizationType", "NONE")
@fails("requires no scope", f"{ROUTES} * AuthorizationScopes", [])
@fails("is open to everything", f"{ROUTES} 0 RouteKey", "$default")
def test_every_route_requires_a_token_with_a_scope(stack: DeployedStack) -> None:
    for route in _routes(stack):
        key = route["RouteKey"]
        assert key != "$default", "the route $default is open to everything that has no route of its own"
        assert route["AuthorizationType"] == "JWT", f"{key} is open: {route['AuthorizationType']}"
        assert route["AuthorizationScopes"], f"{key} requires no scope"


@fails("tokens of https://other", f"{AUTHORIZER} Issuer", "https://other.example.com")
@fails(r"clients \['other'\]", f"{AUTHORIZER} Audience", ["other"])
def test_the_authorizer_accepts_only_tokens_of_the_pool(stack: DeployedStack) -> None:
    [authorizer] = stack.ask("apigatewayv2.get_authorizers", ApiId=_api(stack))["Items"]
    token = authorizer["JwtConfiguration"]
    assert token["Issuer"] == stack.outputs["Issuer"], f"the API accepts tokens of {token['Issuer']}"
    clients = stack.all("AWS::Cognito::UserPoolClient")
    assert sorted(token["Audience"]) == sorted(clients), f"the API accepts tokens of the clients {token['Audience']}"


@pytest.mark.real_account
@fails("answers 200 without a token", HTTP, {**REFUSED, "status": 200})
def test_the_api_refuses_a_request_without_a_token(stack: DeployedStack) -> None:
    answer = stack.page(f"{stack.outputs['Url']}/items")
    assert answer["status"] == 401, f"GET /items answers {answer['status']} without a token"


@fails("has no throttle of its own", f"{STAGE} RouteSettings", {})
@fails("takes any number of requests", f"{STAGE} DefaultRouteSettings", {})
@fails("changes wait for a deployment", f"{STAGE} AutoDeploy", False)
def test_each_route_has_a_throttle(stack: DeployedStack) -> None:
    stage = _stage(stack)
    assert stage["AutoDeploy"], "changes wait for a deployment of the stage"
    assert stage["DefaultRouteSettings"].get("ThrottlingRateLimit"), "a new route takes any number of requests"
    for route in _routes(stack):
        settings = stage["RouteSettings"].get(route["RouteKey"], {})
        assert settings.get("ThrottlingRateLimit"), f"{route['RouteKey']} has no throttle of its own"


@fails("no access log", f"{STAGE} AccessLogSettings")
@fails("goes to other", f"{STAGE} AccessLogSettings DestinationArn", "arn:aws:logs:us-east-1:1:log-group:other")
@fails("lacks requestId", f"{STAGE} AccessLogSettings Format", "{}")
def test_access_logs_are_json(stack: DeployedStack) -> None:
    settings = _stage(stack).get("AccessLogSettings")
    assert settings, "the API has no access log"
    name = settings["DestinationArn"].partition(":log-group:")[2]
    assert name == stack.outputs["AccessLogName"], f"the access log goes to {name}"
    assert "requestId" in json.loads(settings["Format"]), "the access log lacks requestId, which finds a request"


@fails("every website may call", f"{API} CorsConfiguration AllowOrigins", ["*"], only=PLUS)
@fails("cookies", f"{API} CorsConfiguration AllowCredentials", True, only=PLUS)
@fails("every website may call", f"{API} CorsConfiguration", {"AllowOrigins": ["*"]}, only="sandbox")
def test_only_named_websites_may_call(stack: DeployedStack) -> None:
    cors = stack.ask("apigatewayv2.get_api", ApiId=_api(stack)).get("CorsConfiguration", {})
    assert "*" not in cors.get("AllowOrigins", []), "every website may call the API for its visitors"
    assert not cors.get("AllowCredentials"), "browsers send cookies to the API"


@fails("anybody may sign up", f"{POOL} AdminCreateUserConfig AllowAdminCreateUserOnly", False)
@fails("deletion protection is INACTIVE in production", f"{POOL} DeletionProtection", "INACTIVE", only="production")
@fails("deletion protection is ACTIVE in sandbox", f"{POOL} DeletionProtection", "ACTIVE", only="sandbox")
def test_administrators_create_users(stack: DeployedStack) -> None:
    pool = _pool(stack)
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"], "anybody may sign up"
    protection = pool["DeletionProtection"]
    expected = "ACTIVE" if stack.production else "INACTIVE"
    assert protection == expected, f"deletion protection is {protection} in {stack.posture}"


@fails(r"allows \['implicit'\]", f"{CLIENT} AllowedOAuthFlows", ["implicit"])
@fails("takes passwords outside of the pages", f"{CLIENT} ExplicitAuthFlows +", "ALLOW_USER_PASSWORD_AUTH")
@fails("which nobody owns", f"{CLIENT} CallbackURLs", ["https://example.com"])
@fails("says whether a user exists", f"{CLIENT} PreventUserExistenceErrors", "LEGACY")
@fails("cannot be revoked", f"{CLIENT} EnableTokenRevocation", False)
@fails("has a secret, which no browser can keep", f"{CLIENT} ClientSecret", "s" * 40, only="default")
def test_people_sign_in_by_code_with_pkce_only(stack: DeployedStack) -> None:
    client = _client(stack, stack.outputs["ClientId"])
    assert client["AllowedOAuthFlows"] == ["code"], f"the app client allows {client['AllowedOAuthFlows']}"
    assert "ClientSecret" not in client, "the app client has a secret, which no browser can keep"
    more = set(client["ExplicitAuthFlows"]) - {"ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_AUTH"}
    assert not more, f"the app client takes passwords outside of the pages: {sorted(more)}"
    owned = [url for url in client["CallbackURLs"] if not url.startswith("https://example.com")]
    assert owned == client["CallbackURLs"], "a callback URL is of example.com, which nobody owns"
    assert client["PreventUserExistenceErrors"] == "ENABLED", "the app client says whether a user exists"
    assert client["EnableTokenRevocation"], "tokens of the app client cannot be revoked"


@fails(r"allows \['code'\]", f"{CLIENT} AllowedOAuthFlows", ["code"], only=PLUS)
@fails("has no secret", f"{CLIENT} ClientSecret", only=PLUS)
def test_programs_have_a_client_of_their_own(stack: DeployedStack) -> None:
    name = stack.outputs.get("MachineClientId")
    if name is None:
        pytest.skip("there is a client for programs only where machine_client is set")
    client = _client(stack, name)
    assert client["AllowedOAuthFlows"] == ["client_credentials"], f"the client allows {client['AllowedOAuthFlows']}"
    assert client.get("ClientSecret"), "the client of programs has no secret"


@fails("classic pages", f"{DOMAIN} ManagedLoginVersion", 1)
@fails("no branding style", f"{BRANDING} UseCognitoProvidedValues", False)
def test_the_sign_in_pages_have_a_branding_style(stack: DeployedStack) -> None:
    pool = _pool(stack)
    if pool["UserPoolTier"] == "LITE":
        pytest.skip("the feature plan LITE has the classic pages only")
    domain = stack.ask("cognito-idp.describe_user_pool_domain", Domain=stack.only("AWS::Cognito::UserPoolDomain"))
    version = domain["DomainDescription"]["ManagedLoginVersion"]
    assert version == 2, f"the sign-in has the classic pages (version {version})"
    found = stack.ask(
        "cognito-idp.describe_managed_login_branding_by_client",
        absent="ResourceNotFoundException",
        UserPoolId=pool["Id"],
        ClientId=stack.outputs["ClientId"],
    ).get("ManagedLoginBranding", {})
    assert found.get("UseCognitoProvidedValues") or found.get("Settings"), "the client has no branding style"


@fails("threat protection is OFF", f"{POOL} UserPoolAddOns AdvancedSecurityMode", "OFF", only=PLUS)
@fails("are let in", f"{RISKS} CompromisedCredentialsRiskConfiguration", only=PLUS)
def test_threat_protection_blocks_risky_sign_ins(stack: DeployedStack) -> None:
    pool = _pool(stack)
    if pool["UserPoolTier"] != "PLUS" or not stack.production:
        pytest.skip("only the feature plan PLUS has threat protection, and only production blocks")
    mode = pool.get("UserPoolAddOns", {}).get("AdvancedSecurityMode", "OFF")
    assert mode == "ENFORCED", f"threat protection is {mode}"
    risks = stack.ask("cognito-idp.describe_risk_configuration", UserPoolId=pool["Id"])["RiskConfiguration"]
    action = risks.get("CompromisedCredentialsRiskConfiguration", {}).get("Actions", {}).get("EventAction")
    assert action == "BLOCK", "users with a password that is known to be stolen are let in"


class TestTable(SingleTable):
    """The checks of any stack with a table."""


@fails(r"runs on \['x86_64'\]", f"{FUNCTION} Architectures", ["x86_64"])
@fails("tracing is PassThrough", f"{FUNCTION} TracingConfig Mode", "PassThrough")
@fails("logs as Text, not as JSON", f"{FUNCTION} LoggingConfig LogFormat", "Text")
@fails("changes items of None", f"{FUNCTION} Environment Variables TABLE_NAME")
def test_the_functions_use_the_table(stack: DeployedStack) -> None:
    for function in _functions(stack):
        name = function["Handler"]
        assert function["Architectures"] == ["arm64"], f"{name} runs on {function['Architectures']}"
        assert function["TracingConfig"]["Mode"] == "Active", f"tracing is {function['TracingConfig']['Mode']}"
        logging = function["LoggingConfig"]["LogFormat"]
        assert logging == "JSON", f"{name} logs as {logging}, not as JSON"
        table = function["Environment"]["Variables"].get("TABLE_NAME")
        assert table == stack.outputs["TableName"], f"{name} reads or changes items of {table}"


@fails("has managed policies: .*Everything", ATTACHED, EVERYTHING)
@fails(r"may \['dynamodb:Scan'\] on any", f"{STATEMENTS} +", allow("dynamodb:Scan"))
@fails("may more, or less: .*s3:GetObject", f"{STATEMENTS} +", allow("s3:GetObject", "arn:aws:s3:::some/*"))
@fails("more, or less: .*'dynamodb:", may())
def test_each_role_may_do_what_its_function_does(stack: DeployedStack) -> None:
    for function in _functions(stack):
        role = function["Role"].rpartition("/")[2]
        attached = policies_of(stack, role)
        assert not attached, f"the role of {function['Handler']} has managed policies: {attached}"
        granted = set[str]()
        for statement in inline_statements(stack, role):
            actions = set(listed(statement["Action"]))
            granted |= actions
            anything = "*" in listed(statement["Resource"])
            assert not anything or actions <= TRACES, f"{function['Handler']} may {sorted(actions)} on anything"
        expected = LOGS | TRACES | ON_TABLE[function["Handler"]] | (USE_OF_KEY if stack.production else set())
        assert granted == expected, f"{function['Handler']} may more, or less: {sorted(granted ^ expected)}"


@fails("anybody may call", f"{POLICY} Statement * Principal", "*")
@fails("may call .* for any API", f"{POLICY} Statement * Condition")
def test_only_the_api_calls_the_functions(stack: DeployedStack) -> None:
    for name in stack.all("AWS::Lambda::Function"):
        policy = stack.ask("lambda.get_policy", FunctionName=name, Qualifier=ALIAS)["Policy"]
        for statement in json.loads(policy)["Statement"]:
            assert statement["Principal"] != "*", f"anybody may call {name}"
            source = statement.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn", "")
            assert f":{_api(stack)}/" in source, f"API Gateway may call {name} for any API"


@fails("deployments go by Other", f"{DEPLOYMENTS} deploymentConfigName", "Other")
@fails("not rolled back on", f"{DEPLOYMENTS} autoRollbackConfiguration events", ["DEPLOYMENT_FAILURE"])
@fails(r"deployments watch \[\]", f"{DEPLOYMENTS} alarmConfiguration enabled", False)
@fails(r"deployments watch \['Duration'\]", f"{ALARMS} * Metrics", [])
def test_traffic_shifts_and_goes_back_on_an_alarm(stack: DeployedStack) -> None:
    applications, groups = stack.all("AWS::CodeDeploy::Application"), stack.all("AWS::CodeDeploy::DeploymentGroup")
    for application, name in zip(sorted(applications), sorted(groups), strict=True):
        found = stack.ask("codedeploy.get_deployment_group", applicationName=application, deploymentGroupName=name)
        group = found["deploymentGroupInfo"]
        how = group["deploymentConfigName"]
        assert how.startswith("CodeDeployDefault.Lambda"), f"deployments go by {how}"
        missing = ROLL_BACK - set(group.get("autoRollbackConfiguration", {}).get("events", []))
        assert not missing, f"a deployment is not rolled back on {sorted(missing)}"
        configuration = group.get("alarmConfiguration", {})
        names = [alarm["name"] for alarm in configuration.get("alarms", [])] if configuration.get("enabled") else []
        watched = set[str]()
        if names:
            for alarm in stack.ask("cloudwatch.describe_alarms", AlarmNames=names)["MetricAlarms"]:
                watched |= metrics_with(alarm, "ExecutedVersion", "function_version")
        watched.discard("Invocations")
        assert watched == {"Errors", "Duration", "Faults"}, f"of a new version, deployments watch {sorted(watched)}"


@fails("keeps everything for ever", f"{LOG_GROUPS} * retentionInDays")
@fails("encrypted with no key, not with the stack's key", f"{LOG_GROUPS} * kmsKeyId", only="production")
def test_logs_are_kept_for_a_set_time(stack: DeployedStack) -> None:
    for name in stack.all("AWS::Logs::LogGroup"):
        check_retention(stack, name, stack.all("AWS::KMS::Key"))


def _api(stack: DeployedStack) -> str:
    return stack.only("AWS::ApiGatewayV2::Api")


def _routes(stack: DeployedStack) -> list[dict[str, Any]]:
    return stack.ask("apigatewayv2.get_routes", ApiId=_api(stack))["Items"]


def _stage(stack: DeployedStack) -> Answer:
    return stack.ask("apigatewayv2.get_stage", ApiId=_api(stack), StageName="$default")


def _pool(stack: DeployedStack) -> dict[str, Any]:
    return stack.ask("cognito-idp.describe_user_pool", UserPoolId=stack.outputs["UserPoolId"])["UserPool"]


def _client(stack: DeployedStack, client: str) -> dict[str, Any]:
    found = stack.ask("cognito-idp.describe_user_pool_client", UserPoolId=stack.outputs["UserPoolId"], ClientId=client)
    return found["UserPoolClient"]


def _functions(stack: DeployedStack) -> list[dict[str, Any]]:
    """The configurations of the function versions that the aliases point to."""
    names = stack.all("AWS::Lambda::Function")
    return [stack.ask("lambda.get_function_configuration", FunctionName=name, Qualifier=ALIAS) for name in names]
