"""Prices of storage: buckets, file systems and images."""

from typing import Final

from patternbook.cost.lines import Meter
from patternbook.cost.pricers.instances import add_performance

ONTAP_BACKUP_DAYS: Final = 30
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-fsx-filesystem-ontapconfiguration.html"""


def _bucket(meter: Meter) -> None:
    meter.usage("Storage in buckets", "s3.gb", "s3_gb")
    meter.usage("Requests to buckets", "s3.put", "s3_puts")
    meter.usage("Requests to buckets", "s3.get", "s3_gets")


def _efs(meter: Meter) -> None:
    files = meter.resource
    zone = "efs.gb" if files["AvailabilityZoneName"].missing else "efs.one_zone_gb"
    meter.usage("Files in EFS", zone, "efs_gb")
    if files["BackupPolicy"]["Status"].text == "ENABLED":
        # The first backup is a copy of all files, and each later one adds what has changed since:
        # https://aws.amazon.com/backup/pricing/
        meter.usage("Backups of EFS", "backup.efs_gb", "efs_gb")
    mode = meter.known_text(files["ThroughputMode"], "bursting")
    if mode == "elastic":
        meter.usage("Throughput of EFS", "efs.read_gb", "efs_read_gb")
        meter.usage("Throughput of EFS", "efs.write_gb", "efs_write_gb")
    elif mode == "provisioned":
        meter.add("Throughput of EFS", "efs.mibps", meter.number(files["ProvisionedThroughputInMibps"]))


def _fsx(meter: Meter) -> None:
    files = meter.resource
    gib = meter.number(files["StorageCapacity"])
    if files["FileSystemType"].text == "LUSTRE":
        throughput = meter.number(files["LustreConfiguration"]["PerUnitStorageThroughput"])
        meter.add("FSx for Lustre", f"fsx.lustre_{int(throughput)}_gb", gib)
    elif files["FileSystemType"].text == "ONTAP":
        ontap = files["OntapConfiguration"]
        zones = "multi_az" if (ontap["DeploymentType"].text or "").startswith("MULTI") else "single_az"
        meter.add("FSx for ONTAP", f"fsx.ontap_{zones}_gb", gib)
        meter.add("FSx for ONTAP", f"fsx.ontap_{zones}_mbps", meter.number(ontap["ThroughputCapacity"]))
        if meter.number(ontap["AutomaticBackupRetentionDays"], ONTAP_BACKUP_DAYS):
            meter.unknown("Backups of FSx", "no price of OntapConfiguration.AutomaticBackupRetentionDays")
    else:
        meter.unknown("FSx", f"no price of the type {files['FileSystemType'].text}")


def _volume(meter: Meter) -> None:
    kind = meter.resource["VolumeType"].text or "gp2"
    meter.add("EBS volumes", f"ebs.{kind}_gb", meter.number(meter.resource["Size"]))
    add_performance(meter, kind, meter.resource)


def _repository(meter: Meter) -> None:
    meter.usage("Images", "ecr.gb", "image_gb")


def _parameter(meter: Meter) -> None:
    """Standard parameters cost nothing: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html"""
    if meter.resource["Tier"].text not in (None, "Standard"):
        meter.unknown("Parameters", f"no price of the tier {meter.resource['Tier'].text}")


PRICERS = {
    "AWS::EC2::Volume": _volume,
    "AWS::ECR::Repository": _repository,
    "AWS::EFS::FileSystem": _efs,
    "AWS::FSx::FileSystem": _fsx,
    "AWS::S3::Bucket": _bucket,
    "AWS::SSM::Parameter": _parameter,
}
