"""Athena: named queries, which CloudFormation cannot make in MiniStack, and the deletion of workgroups."""

from ministack.services import athena, glue

from rehearsal.types.registry import Provisioned, amend_type, register_type
from rehearsal.types.shapes import Properties, is_true, parse_response, require


def register() -> None:
    register_type("AWS::Athena::NamedQuery", create=create_query, update=update_query, delete=delete_query)
    amend_type("AWS::Athena::WorkGroup", check_delete=check_delete_workgroup, clean_up=clean_up_workgroup)


def create_query(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    workgroup = properties.get("WorkGroup", "primary")
    require(workgroup == "primary" or workgroup in athena._workgroups, f"WorkGroup {workgroup} is not found.")
    require(properties["Database"] in glue._databases, f"Database {properties['Database']} not found.")
    query_id = parse_response(athena._create_named_query(properties))["NamedQueryId"]
    return query_id, {"NamedQueryId": query_id}


def update_query(query_id: str, _old: Properties, _new: Properties, _stack: str) -> Provisioned:
    """Every property replaces a query, so that no update comes here."""
    return query_id, {"NamedQueryId": query_id}


def delete_query(query_id: str, _properties: Properties) -> None:
    athena._named_queries.pop(query_id, None)


def check_delete_workgroup(name: str, properties: Properties) -> None:
    """https://docs.aws.amazon.com/athena/latest/APIReference/API_DeleteWorkGroup.html"""
    executions = [each for each in athena._executions.values() if each["WorkGroup"] == name]
    if (_queries(name) or executions) and not is_true(properties.get("RecursiveDeleteOption", False)):
        raise ValueError(f"WorkGroup {name} is not empty")


def clean_up_workgroup(name: str, _properties: Properties) -> None:
    for query_id in _queries(name):
        athena._named_queries.pop(query_id, None)
    for query_id in [key for key, each in athena._executions.items() if each["WorkGroup"] == name]:
        athena._executions.pop(query_id)


def _queries(workgroup: str) -> list[str]:
    return [key for key, each in athena._named_queries.items() if each["WorkGroup"] == workgroup]
