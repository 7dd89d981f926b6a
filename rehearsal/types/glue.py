"""Glue: parameters of tables, which are texts in the API and may be booleans and numbers in a template."""

from ministack.services import glue

from rehearsal.types.registry import amend_type
from rehearsal.types.shapes import Properties, require, text_of


def register() -> None:
    amend_type("AWS::Glue::Table", check=check_table, translate=with_texts)


def check_table(properties: Properties) -> None:
    require(properties["DatabaseName"] in glue._databases, f"Database {properties['DatabaseName']} not found.")


def with_texts(properties: Properties) -> Properties:
    table = properties["TableInput"]
    parameters = {name: text_of(value) for name, value in table.get("Parameters", {}).items()}
    return {**properties, "TableInput": {**table, **({"Parameters": parameters} if parameters else {})}}
