"""Client → Cognito (sign-in) and API Gateway (JWT authorizer) → Lambda functions for reads and writes → DynamoDB."""

from constructs import Construct
from typing_extensions import Unpack

from patternbook import (
    JwtApi,
    LogGroup,
    Monitoring,
    PatternStack,
    Posture,
    SignIn,
    SingleTable,
    StackOptions,
    data_key,
    read_operations,
)
from patternbook.data.logs import vended_name
from patternbook.limits.regions import USER_POOLS
from stacks.web_api.functions import OPENAPI, api_functions, faults_of_new_version, namespace
from stacks.web_api.settings import WebApiSettings

PAGE = "docs/web-api.md"
SCOPES = {"read": "Read items", "write": "Create, update and delete items"}
GROUPS = {"admins": "May read the items of every owner"}


class WebApiStack(PatternStack):
    """An HTTP API whose users sign in, and a table with what belongs to them."""

    title = "Web API with sign-in and a table"
    settings_type = WebApiSettings

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: WebApiSettings,
        posture: Posture,
        **stack_options: Unpack[StackOptions],
    ) -> None:
        super().__init__(scope, construct_id, settings=settings, posture=posture, **stack_options)
        self.refuse_where_missing(USER_POOLS)
        self.key = data_key(self, "Key", posture=posture, key_arn=settings.key_arn)
        self.items = SingleTable.from_settings(self, "Items", settings, posture=posture, key=self.key)
        self.functions = api_functions(self, settings, posture=posture, table=self.items, key=self.key)
        self.sign_in = SignIn.from_settings(
            self, "SignIn", settings, posture=posture, api="items", scopes=SCOPES, groups=GROUPS
        )
        self.access_log = LogGroup.from_settings(
            self, "AccessLog", settings, posture=posture, key=self.key, name=vended_name(self, "apis")
        )
        self.api = JwtApi.from_settings(
            self,
            "Http",
            settings,
            description=self.title,
            operations=read_operations(OPENAPI),
            functions={name: live.alias for name, live in self.functions.items()},  # ty: ignore[invalid-argument-type]
            issuer=self.sign_in.issuer,
            audience=[client.user_pool_client_id for client in self.sign_in.clients],
            log_group=self.access_log,
        )
        self.monitoring = Monitoring.from_settings(
            self, "Monitoring", settings, posture=posture, key=self.key, page=PAGE
        )
        self.monitoring.watch_api(self.api, namespace=namespace(self))
        self.monitoring.watch_table(self.items)
        self.monitoring.watch_sign_in(self.sign_in)
        slow = settings.duration_alarm_percent
        for name, live in self.functions.items():
            self.monitoring.watch_function(live, slow_percent=slow, name=name.title())
            alarms = self.monitoring.watch_new_version(
                live, slow_percent=slow, faults=faults_of_new_version(live), name=name.title()
            )
            live.shift_traffic(settings.traffic_shift, alarms=alarms)
        self._outputs()

    def _outputs(self) -> None:
        pool, client = self.sign_in.user_pool, self.sign_in.user_client
        self.output("Url", self.api.url, "URL of the API")
        if self.api.domain:
            self.output("ApiDnsName", self.api.domain.regional_domain_name, "Target of records for the domain name")
        self.output("SignInUrl", self.sign_in.base_url, "URL of the sign-in pages and of the token endpoint")
        self.output("Issuer", self.sign_in.issuer, "Issuer of the tokens")
        self.output("UserPoolId", pool.user_pool_id, "User pool, in which administrators create users")
        self.output("ClientId", client.user_pool_client_id, "App client of people")
        if self.sign_in.machine_client:
            self.output("MachineClientId", self.sign_in.machine_client.user_pool_client_id, "App client of programs")
        self.output("TableName", self.items.table.table_name, "Table with the items")
        self.output("AccessLogName", self.access_log.log_group_name, "CloudWatch log group with the access log")
        self.output(
            "OpenApiCommand",
            f"aws apigatewayv2 export-api --api-id {self.api.api.api_id} --specification OAS30 --output-type YAML"
            " /dev/stdout",
            "Shows the deployed routes as OpenAPI. The models are in stacks/web_api/openapi.yaml",
        )
        self.output("DashboardUrl", self.monitoring.dashboard_url, "CloudWatch dashboard")
