"""Rules for DynamoDB tables."""

from collections.abc import Iterator
from typing import Final

from patternbook.rules.rule import ERROR, WARNING, rule
from patternbook.rules.template import Node, Problem, Template

TABLE: Final = "AWS::DynamoDB::Table"
GLOBAL_TABLE: Final = "AWS::DynamoDB::GlobalTable"


@rule("dynamodb-recovery", WARNING)
def recovery(template: Template) -> Iterator[Problem]:
    """A table that outlives its stack has no point-in-time recovery, so a wrong write or delete is final.

    Set PointInTimeRecoveryEnabled to true, for a global table in each replica.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html
    """
    for table in template.of_type(TABLE, GLOBAL_TABLE):
        if not template.is_retained(table):
            continue
        places: list[Node] = table["Replicas"].items if table.type == GLOBAL_TABLE else [table]
        for place in places:
            specification = place["PointInTimeRecoverySpecification"]
            if specification["PointInTimeRecoveryEnabled"].is_off:
                yield specification.problem("The table is kept, but has no point-in-time recovery.")


@rule("dynamodb-throughput", ERROR)
def throughput(template: Template) -> Iterator[Problem]:
    """The billing mode of a table and its throughput do not fit, so DynamoDB refuses the table.

    Set BillingMode to PAY_PER_REQUEST and remove ProvisionedThroughput, or set both. The default is PROVISIONED.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
    """
    for table in template.of_type(TABLE):
        mode, provisioned = table["BillingMode"], table["ProvisionedThroughput"]
        if (mode.missing or mode.text == "PROVISIONED") and provisioned.missing:
            yield provisioned.problem("The table has no ProvisionedThroughput.")
        elif mode.text == "PAY_PER_REQUEST" and any(each.number for each in provisioned.entries.values()):
            yield provisioned.problem("The table has ProvisionedThroughput, and the billing mode PAY_PER_REQUEST.")
