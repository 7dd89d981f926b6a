"""A sound account: what ``EksSelfManagedNodesStack`` leaves behind, and the handles to spoil it by."""

from base64 import b64encode
from typing import Any

from moto.autoscaling.models import autoscaling_backends

from tests.proof.eks_managed_nodes import AccountWithNodes


class Account(AccountWithNodes):
    """In the posture given. A break changes one thing of it."""

    name = "EksSelfManagedNodesStack"

    def _service(self) -> None:
        super()._service()
        self.entry_types[self.node_role] = "EC2_LINUX"
        iam = self.client("iam")
        profile = iam.create_instance_profile(InstanceProfileName="nodes")["InstanceProfile"]["Arn"]
        iam.add_role_to_instance_profile(InstanceProfileName="nodes", RoleName="kubelet")
        cluster = self.cluster
        self.launched = {
            "ImageId": "ami-0123456789abcdef0",
            "IamInstanceProfile": {"Arn": profile},
            "SecurityGroupIds": [self.cluster_group],
            "UserData": user_data(cluster["name"], cluster["endpoint"], cluster["certificateAuthority"]["data"]),
        }
        self.launch("own")
        self.new_group()

    def launch(self, name: str, **wrong: Any) -> None:
        """In place of the template that is there; the group of the proofs starts nothing."""
        self.resources["AWS::EC2::LaunchTemplate"] = [self.new_template(name, **wrong)]

    def new_group(self, name: str = "nodes", **wrong: Any) -> None:
        """In place of the one that is there."""
        chosen = {"LaunchTemplateId": self.resources["AWS::EC2::LaunchTemplate"][0], "Version": "1"}
        types = wrong.pop("types", ["m7g.large", "r7g.large"])
        strategy = wrong.pop("strategy", "price-capacity-optimized")
        arguments = {
            "MinSize": 0,
            "MaxSize": 4,
            "VPCZoneIdentifier": ",".join(self.subnets["private"]),
            "MixedInstancesPolicy": {
                "LaunchTemplate": {
                    "LaunchTemplateSpecification": chosen,
                    "Overrides": [{"InstanceType": each} for each in types],
                },
                "InstancesDistribution": {"OnDemandBaseCapacity": 2, "SpotAllocationStrategy": strategy},
            },
            **wrong,
        }
        given = {key: value for key, value in arguments.items() if value is not None}
        self.client("autoscaling").create_auto_scaling_group(AutoScalingGroupName=name, **given)
        self.resources["AWS::AutoScaling::AutoScalingGroup"] = [name]
        self.set_lifetime(name, 2592000 if self.production else None)

    @staticmethod
    def set_lifetime(name: str, seconds: int | None) -> None:
        """Moto describes what its record has, and takes none."""
        [group] = [
            backend.autoscaling_groups[name]
            for regions in autoscaling_backends.values()
            for backend in regions.values()
            if name in backend.autoscaling_groups
        ]
        vars(group)["max_instance_lifetime"] = seconds


def user_data(*words: str) -> str:
    return b64encode("\n".join(words).encode()).decode()
