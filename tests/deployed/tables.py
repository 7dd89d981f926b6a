"""The checks of a stack with a table; a module of checks inherits them."""

from typing import Any, Final

from tests.deployed.changes import OTHER_KEY
from tests.deployed.proving import fails
from tests.deployed.stack import DeployedStack

TABLE: Final = "dynamodb.describe_table Table"
EXPIRY: Final = "dynamodb.describe_time_to_live TimeToLiveDescription"
RECOVERY: Final = "dynamodb.describe_continuous_backups ContinuousBackupsDescription PointInTimeRecoveryDescription"


class SingleTable:
    """Checks of the table that the output ``TableName`` names."""

    @fails("is not deleted after its time", f"{EXPIRY} TimeToLiveStatus", "DISABLED")
    @fails("on demand without a maximum", f"{TABLE} OnDemandThroughput", {})
    @fails("PROVISIONED", f"{TABLE} BillingModeSummary BillingMode", "PROVISIONED")
    def test_the_table_has_a_maximum_cost(self, stack: DeployedStack) -> None:
        table = _table(stack)
        mode = table["BillingModeSummary"]["BillingMode"]
        assert mode == "PAY_PER_REQUEST", f"the capacity of the table is {mode}"
        maximum = table.get("OnDemandThroughput", {})
        assert maximum.get("MaxReadRequestUnits", -1) > 0, "the table is on demand without a maximum"
        expiry = stack.ask("dynamodb.describe_time_to_live", TableName=table["TableName"])["TimeToLiveDescription"]
        expires = (expiry["TimeToLiveStatus"], expiry.get("AttributeName"))
        assert expires == ("ENABLED", "expires_at"), f"what expires is not deleted after its time: {expires}"

    @fails("is False in production", f"{TABLE} DeletionProtectionEnabled", False, only="production")
    @fails("is True in sandbox", f"{TABLE} DeletionProtectionEnabled", True, only="sandbox")
    @fails("recovery is DISABLED in production", f"{RECOVERY} PointInTimeRecoveryStatus", "DISABLED", only="production")
    @fails("with .*other, not with", f"{TABLE} SSEDescription KMSMasterKeyArn", OTHER_KEY, only="production")
    def test_the_table_is_protected_in_production(self, stack: DeployedStack) -> None:
        table = _table(stack)
        protected = table["DeletionProtectionEnabled"]
        assert protected is stack.production, f"deletion protection is {protected} in {stack.posture}"
        if not stack.production:
            return
        found = stack.ask("dynamodb.describe_continuous_backups", TableName=table["TableName"])
        recovery = found["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
        assert recovery == "ENABLED", f"point-in-time recovery is {recovery} in production"
        used, key = table.get("SSEDescription", {}).get("KMSMasterKeyArn", "no key"), stack.only("AWS::KMS::Key")
        assert used.endswith(key), f"the table is encrypted with {used}, not with the stack's key {key}"


def _table(stack: DeployedStack) -> dict[str, Any]:
    return stack.ask("dynamodb.describe_table", TableName=stack.outputs["TableName"])["Table"]
