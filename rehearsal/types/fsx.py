"""FSx for Lustre and for NetApp ONTAP: file systems and storage virtual machines. MiniStack lacks FSx."""

import secrets
from typing import Any

from ministack.core.responses import get_account_id, get_region

from rehearsal.types import ec2 as ec2_types
from rehearsal.types.actions import ApiError, add_json_actions
from rehearsal.types.registry import Provisioned, regional_store, register_type
from rehearsal.types.shapes import Properties, Record, require, to_api

FILE_SYSTEMS = regional_store()
"""File systems, by id."""
MACHINES = regional_store()
"""Storage virtual machines, by id."""


def register() -> None:
    register_type(
        "AWS::FSx::FileSystem",
        create=create_file_system,
        update=update_file_system,
        delete=lambda file_system_id, _properties: FILE_SYSTEMS.pop(file_system_id, None),
        tags="Tags",
    )
    register_type(
        "AWS::FSx::StorageVirtualMachine",
        create=create_machine,
        update=update_machine,
        delete=lambda machine_id, _properties: MACHINES.pop(machine_id, None),
        tags="Tags",
    )
    add_json_actions(
        "fsx", {"DescribeFileSystems": describe_file_systems, "DescribeStorageVirtualMachines": describe_machines}
    )


def new_id(prefix: str) -> str:
    return f"{prefix}-{secrets.token_hex(9)[:17]}"


def arn(resource: str) -> str:
    return f"arn:aws:fsx:{get_region()}:{get_account_id()}:{resource}"


# File systems


def create_file_system(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    check_file_system(properties)
    file_system_id = new_id("fs")
    complete_file_system(file_system_id, properties)
    return file_system_id, attributes_of(file_system_id)


def update_file_system(file_system_id: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    check_file_system(new)
    complete_file_system(file_system_id, new)
    return file_system_id, attributes_of(file_system_id)


def check_file_system(properties: Properties) -> None:
    for subnet_id in properties["SubnetIds"]:
        ec2_types.subnet(subnet_id)
    for group_id in properties.get("SecurityGroupIds", []):
        ec2_types.security_group(group_id)
    ontap = properties.get("OntapConfiguration", {})
    if preferred := ontap.get("PreferredSubnetId"):
        ec2_types.subnet(preferred)
    for table_id in ontap.get("RouteTableIds", []):
        ec2_types.route_table(table_id)


def complete_file_system(file_system_id: str, properties: Properties) -> None:
    record = to_api("fsx", "CreateFileSystem", properties, excluding=("SecurityGroupIds",))
    lustre, ontap = record.pop("LustreConfiguration", None), record.pop("OntapConfiguration", None)
    record.update(
        {
            "FileSystemId": file_system_id,
            "ResourceARN": arn(f"file-system/{file_system_id}"),
            "DNSName": f"{file_system_id}.fsx.{get_region()}.amazonaws.com",
            "Lifecycle": "AVAILABLE",
            "VpcId": ec2_types.subnet(properties["SubnetIds"][0])["VpcId"],
        }
    )
    if lustre is not None:
        record["LustreConfiguration"] = {"MountName": "mount", **lustre}
    if ontap is not None:
        record["OntapConfiguration"] = ontap
    FILE_SYSTEMS[file_system_id] = record


def attributes_of(file_system_id: str) -> dict[str, Any]:
    record = FILE_SYSTEMS[file_system_id]
    found = {"DNSName": record["DNSName"], "ResourceARN": record["ResourceARN"]}
    if lustre := record.get("LustreConfiguration"):
        found["LustreMountName"] = lustre["MountName"]
    return found


def describe_file_systems(request: Record) -> Record:
    wanted = request.get("FileSystemIds") or list(FILE_SYSTEMS)
    if missing := [each for each in wanted if each not in FILE_SYSTEMS]:
        raise ApiError("FileSystemNotFound", f"File system '{missing[0]}' does not exist.")
    return {"FileSystems": [FILE_SYSTEMS[each] for each in wanted]}


# Storage virtual machines


def create_machine(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    require(FILE_SYSTEMS.get(properties["FileSystemId"]), f"File system '{properties['FileSystemId']}' does not exist")
    check_password(properties)
    machine_id = new_id("svm")
    complete_machine(machine_id, properties)
    return machine_id, machine_attributes(machine_id)


def update_machine(machine_id: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    check_password(new)
    complete_machine(machine_id, new)
    return machine_id, machine_attributes(machine_id)


def check_password(properties: Properties) -> None:
    if not 8 <= len(properties.get("SvmAdminPassword", "long enough")) <= 50:
        raise ValueError("Passwords must be between 8 and 50 characters in length")


def complete_machine(machine_id: str, properties: Properties) -> None:
    MACHINES[machine_id] = {
        **to_api("fsx", "CreateStorageVirtualMachine", properties, excluding=("SvmAdminPassword",)),
        "StorageVirtualMachineId": machine_id,
        "ResourceARN": arn(f"storage-virtual-machine/{properties['FileSystemId']}/{machine_id}"),
        "Lifecycle": "CREATED",
    }


def machine_attributes(machine_id: str) -> dict[str, Any]:
    return {"StorageVirtualMachineId": machine_id, "ResourceARN": MACHINES[machine_id]["ResourceARN"]}


def describe_machines(request: Record) -> Record:
    filters = {each["Name"]: each["Values"] for each in request.get("Filters", [])}
    of = filters.get("file-system-id")
    return {
        "StorageVirtualMachines": [
            machine for machine in MACHINES.values() if of is None or machine["FileSystemId"] in of
        ]
    }
