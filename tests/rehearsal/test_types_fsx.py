"""FSx file systems and storage virtual machines in the emulated account."""

from typing import Any

import pytest

from tests.rehearsal.templates import (
    NETWORK,
    Resources,
    Stack,
    check_life_cycle,
    get_att,
    of,
    only,
    ref,
)


def file_systems(gib: int, days: int) -> Resources:
    return {
        **NETWORK,
        "Group": of("EC2::SecurityGroup", GroupDescription="FSx", VpcId=ref("Vpc")),
        "Table": of("EC2::RouteTable", VpcId=ref("Vpc")),
        "Secret": of(
            "SecretsManager::Secret",
            GenerateSecretString={"GenerateStringKey": "password", "SecretStringTemplate": '{"username": "vsadmin"}'},
        ),
        "Lustre": of(
            "FSx::FileSystem",
            FileSystemType="LUSTRE",
            FileSystemTypeVersion="2.15",
            StorageCapacity=gib,
            SubnetIds=[ref("Subnet")],
            SecurityGroupIds=[ref("Group")],
            LustreConfiguration={"DeploymentType": "PERSISTENT_2", "PerUnitStorageThroughput": 125},
        ),
        "Ontap": of(
            "FSx::FileSystem",
            FileSystemType="ONTAP",
            StorageCapacity=1024,
            SubnetIds=[ref("Subnet")],
            SecurityGroupIds=[ref("Group")],
            OntapConfiguration={
                "AutomaticBackupRetentionDays": days,
                "DeploymentType": "MULTI_AZ_1",
                "PreferredSubnetId": ref("Subnet"),
                "RouteTableIds": [ref("Table")],
            },
        ),
        "Machine": of(
            "FSx::StorageVirtualMachine",
            FileSystemId=ref("Ontap"),
            Name="one",
            SvmAdminPassword={"Fn::Sub": "{{resolve:secretsmanager:${Secret}:SecretString:password::}}"},
        ),
        "MountName": of("SSM::Parameter", Type="String", Value=get_att("Lustre", "LustreMountName")),
    }


def test_file_systems_of_fsx(stack: Stack) -> None:
    def read() -> Any:
        fsx, ssm = stack.client("fsx"), stack.client("ssm")
        ids = [stack.id_of("Lustre"), stack.id_of("Ontap")]
        lustre, ontap = fsx.describe_file_systems(FileSystemIds=ids)["FileSystems"]
        filters = [{"Name": "file-system-id", "Values": [stack.id_of("Ontap")]}]
        machine = only(fsx.describe_storage_virtual_machines(Filters=filters)["StorageVirtualMachines"])
        assert (machine["StorageVirtualMachineId"], machine["Name"]) == (stack.id_of("Machine"), "one")
        assert {lustre["Lifecycle"], ontap["Lifecycle"]} == {"AVAILABLE"}
        assert lustre["VpcId"] == stack.id_of("Vpc")
        assert ontap["OntapConfiguration"]["RouteTableIds"] == [stack.id_of("Table")]
        mount_name = ssm.get_parameter(Name=stack.id_of("MountName"))["Parameter"]["Value"]
        assert lustre["LustreConfiguration"]["MountName"] == mount_name
        return lustre["StorageCapacity"], ontap["OntapConfiguration"]["AutomaticBackupRetentionDays"]

    assert check_life_cycle(stack, file_systems(1200, 0), file_systems(2400, 30), read) == ((1200, 0), (2400, 30))


@pytest.mark.parametrize(
    ("name", "property_name", "wrong", "says"),
    [
        ("Lustre", "SubnetIds", ["subnet-missing"], "subnet-missing"),
        ("Ontap", "SecurityGroupIds", ["sg-missing"], "sg-missing"),
        ("Machine", "FileSystemId", "fs-missing", "File system 'fs-missing' does not exist"),
        ("Machine", "SvmAdminPassword", "short", "between 8 and 50 characters"),
    ],
)
def test_fsx_refuses_invalid_properties(stack: Stack, name: str, property_name: str, wrong: Any, says: str) -> None:
    resources = {key: dict(body) for key, body in file_systems(1200, 0).items()}
    resources[name]["Properties"] = {**resources[name]["Properties"], property_name: wrong}
    with pytest.raises(AssertionError, match=says):
        stack.deploy(resources)
