"""HTTP APIs, user pools and tables in the emulated account."""

from typing import Any

import pytest

from tests.rehearsal.templates import Stack, check_life_cycle, get_att, of, only, ref, with_properties

RECOVERY = {"PointInTimeRecoveryEnabled": True}


def table(**replica: Any) -> dict[str, Any]:
    properties = replica.pop("table", {})
    return {
        "Table": of(
            "DynamoDB::GlobalTable",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            Replicas=[{"Region": "us-east-1", **replica}],
            **properties,
        )
    }


def test_tables_keep_their_items(stack: Stack) -> None:
    def read() -> Any:
        client, name = stack.client("dynamodb"), stack.id_of("Table")
        client.put_item(TableName=name, Item={"pk": {"S": "kept"}})
        found = client.describe_table(TableName=name)["Table"]
        recovery = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        expiry = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        return (
            name,
            found.get("OnDemandThroughput"),
            recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"],
            expiry.get("AttributeName"),
            client.scan(TableName=name)["Count"],
        )

    second = table(
        PointInTimeRecoverySpecification=RECOVERY,
        ReadOnDemandThroughputSettings={"MaxReadRequestUnits": 10},
        table={
            "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
            "WriteOnDemandThroughputSettings": {"MaxWriteRequestUnits": "5"},
        },
    )
    before, after = check_life_cycle(stack, table(), second, read)
    assert before[1:] == (None, "DISABLED", None, 1)
    assert after == (before[0], {"MaxReadRequestUnits": 10, "MaxWriteRequestUnits": 5}, "ENABLED", "expires_at", 1)


def test_a_protected_table_is_not_deleted(stack: Stack) -> None:
    stack.deploy(table(DeletionProtectionEnabled=True))
    with pytest.raises(AssertionError, match="currently protected against deletion"):
        stack.delete()
    stack.client("dynamodb").update_table(TableName=stack.id_of("Table"), DeletionProtectionEnabled=False)


def test_a_table_needs_its_key(stack: Stack) -> None:
    missing = {"KMSMasterKeyId": "arn:aws:kms:us-east-1:111122223333:key/missing"}
    with pytest.raises(AssertionError, match=r"KMS key not found: .*missing"):
        stack.deploy(table(SSESpecification=missing))


def sign_in(**pool: Any) -> dict[str, Any]:
    return {
        "Pool": of("Cognito::UserPool", UserPoolTier="PLUS", UserPoolAddOns={"AdvancedSecurityMode": "AUDIT"}, **pool),
        "Client": of("Cognito::UserPoolClient", UserPoolId=ref("Pool"), AllowedOAuthFlows=["code"]),
        "Branding": of(
            "Cognito::ManagedLoginBranding",
            UserPoolId=ref("Pool"),
            ClientId=ref("Client"),
            UseCognitoProvidedValues=True,
        ),
        "Risks": risks("BLOCK"),
        "Issuer": of("SSM::Parameter", Type="String", Value=get_att("Pool", "ProviderURL")),
    }


def risks(action: str, client: Any = "ALL") -> dict[str, Any]:
    return of(
        "Cognito::UserPoolRiskConfigurationAttachment",
        UserPoolId=ref("Pool"),
        ClientId=client,
        CompromisedCredentialsRiskConfiguration={"Actions": {"EventAction": action}},
    )


def test_user_pools_with_a_branding_style_and_risks(stack: Stack) -> None:
    def read() -> Any:
        client, pool = stack.client("cognito-idp"), stack.id_of("Pool")
        issuer = stack.client("ssm").get_parameter(Name=stack.id_of("Issuer"))["Parameter"]["Value"]
        assert issuer == f"https://cognito-idp.us-east-1.amazonaws.com/{pool}"
        style = client.describe_managed_login_branding_by_client(UserPoolId=pool, ClientId=stack.id_of("Client"))
        assert style["ManagedLoginBranding"]["UserPoolId"] == pool
        found = client.describe_risk_configuration(UserPoolId=pool)["RiskConfiguration"]
        return (
            style["ManagedLoginBranding"]["UseCognitoProvidedValues"],
            client.get_user_pool_mfa_config(UserPoolId=pool).get("WebAuthnConfiguration"),
            found["CompromisedCredentialsRiskConfiguration"]["Actions"]["EventAction"],
        )

    changed = {**sign_in(WebAuthnUserVerification="required"), "Risks": risks("NO_ACTION")}
    second = with_properties(changed, "Branding", UseCognitoProvidedValues=False)
    assert check_life_cycle(stack, sign_in(), second, read) == (
        (True, None, "BLOCK"),
        (False, {"UserVerification": "required"}, "NO_ACTION"),
    )


def test_a_protected_pool_is_not_deleted(stack: Stack) -> None:
    stack.deploy(sign_in(DeletionProtection="ACTIVE"))
    pool = stack.id_of("Pool")
    with pytest.raises(AssertionError, match="deletion protection is activated"):
        stack.delete()
    stack.client("cognito-idp").update_user_pool(UserPoolId=pool, DeletionProtection="INACTIVE")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Branding": {"ClientId": "missing"}}, "User pool client missing does not exist"),
        ({"Branding": {"UserPoolId": "missing"}}, "User pool missing does not exist"),
        ({"Pool": {"UserPoolAddOns": {"AdvancedSecurityMode": "OFF"}}}, "Advanced security is not enabled"),
    ],
)
def test_cognito_refuses_what_is_missing(stack: Stack, change: dict[str, dict[str, Any]], message: str) -> None:
    resources = sign_in()
    for name, properties in change.items():
        resources = dict(with_properties(resources, name, **properties))
    with pytest.raises(AssertionError, match=message):
        stack.deploy(resources)


def api(rate: int = 10, **changed: Any) -> dict[str, Any]:
    return {
        "Logs": of("Logs::LogGroup"),
        "Api": of("ApiGatewayV2::Api", Name="api", ProtocolType="HTTP", **changed.get("api", {})),
        "Authorizer": of(
            "ApiGatewayV2::Authorizer",
            ApiId=ref("Api"),
            AuthorizerType="JWT",
            JwtConfiguration={"Audience": ["client"], "Issuer": "https://issuer.example.com"},
            Name="jwt",
        ),
        "Integration": of("ApiGatewayV2::Integration", ApiId=ref("Api"), IntegrationType="AWS_PROXY"),
        "Route": of(
            "ApiGatewayV2::Route",
            ApiId=ref("Api"),
            AuthorizationType="JWT",
            AuthorizerId=ref("Authorizer"),
            RouteKey="GET /items",
            Target={"Fn::Join": ["/", ["integrations", ref("Integration")]]},
            **changed.get("route", {}),
        ),
        "Stage": {
            **of(
                "ApiGatewayV2::Stage",
                ApiId=ref("Api"),
                StageName="$default",
                AutoDeploy=True,
                AccessLogSettings={
                    "DestinationArn": {"Fn::Join": ["", ["arn:aws:logs:us-east-1:1:log-group:", ref("Logs")]]},
                    "Format": "{}",
                },
                RouteSettings={"GET /items": {"ThrottlingRateLimit": rate}},
                **changed.get("stage", {}),
            ),
            "DependsOn": ["Route"],
        },
    }


def test_apis_with_settings_of_routes(stack: Stack) -> None:
    def read() -> Any:
        client, api_id = stack.client("apigatewayv2"), stack.id_of("Api")
        stage = client.get_stage(ApiId=api_id, StageName="$default")
        route = only(client.get_routes(ApiId=api_id)["Items"])
        assert route["AuthorizerId"] == stack.id_of("Authorizer")
        cors = client.get_api(ApiId=api_id).get("CorsConfiguration")
        return stage["RouteSettings"]["GET /items"]["ThrottlingRateLimit"], cors

    second = api(20, api={"CorsConfiguration": {"AllowOrigins": ["https://app.example.com"]}})
    assert check_life_cycle(stack, api(), second, read) == (
        (10, None),
        (20, {"AllowOrigins": ["https://app.example.com"]}),
    )


@pytest.mark.parametrize(
    ("name", "properties", "message"),
    [
        ("Stage", {"RouteSettings": {"GET /other": {}}}, "Unable to find Route by key GET /other"),
        ("Stage", {"AccessLogSettings": {"DestinationArn": "arn:aws:logs:x:1:log-group:no"}}, "No log group no"),
        ("Route", {"AuthorizerId": "missing"}, "Invalid authorizer id: missing"),
        ("Route", {"Target": "integrations/missing"}, "Unable to find Integration missing"),
    ],
)
def test_api_gateway_refuses_what_is_missing(stack: Stack, name: str, properties: dict[str, Any], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        stack.deploy(with_properties(api(), name, **properties))
