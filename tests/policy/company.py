"""The app of a company that has the book's patterns in it, beside stacks of its own.

Each environment is a stage with two stacks of the company: its platform, and a service made of constructs. Settings of
the patterns name resources of the platform by tokens.
"""

import json
import typing
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_efs as efs
from aws_cdk import aws_kms as kms
from aws_cdk import aws_route53 as route53
from cdk_nag import AwsSolutionsChecks
from constructs import Construct
from pydantic import BaseModel

import app
from patternbook import (
    PRODUCTION,
    SANDBOX,
    ExistingNetwork,
    ExistingVpc,
    FargateService,
    LogGroup,
    PatternbookRules,
    PatternStack,
    Posture,
    PublicLoadBalancer,
    ServiceScaling,
    SharedFiles,
    Task,
    allow_services,
    existing_vpc,
)
from patternbook.app import add_stage
from patternbook.nag import acknowledge
from patternbook.settings.describe import unwrap
from patternbook.settings.stages import Stage
from patternbook.settings.validators import Reference
from patternbook.testing.synthesis import feature_flags
from tests.book import every_option, in_existing_vpc, other_options
from tests.policy.test_partitions import CHINA, GOVCLOUD, REFUSED
from tools.assembly import template_files

ACCOUNT, HOME = "111122223333", "us-east-1"
"""The account, and the Region of the patterns that AWS pins to one: the CDK refers to a key of another Region in other
ways."""

Token = Callable[[str], str]


def with_tokens(annotation: Any, metadata: Any, value: Any, token: Token) -> Any:
    """The value, in which ``token(text)`` stands in the place of each text that names a resource."""
    annotation, metadata = unwrap(annotation, metadata)
    arguments = typing.get_args(annotation)
    if value is None:
        return None
    if any(isinstance(item, Reference) for item in metadata):
        return token(value)
    if isinstance(value, list | tuple):
        return [with_tokens(arguments[0], (), item, token) for item in value]
    if isinstance(value, Mapping) and arguments:
        return {key: with_tokens(arguments[1], (), item, token) for key, item in value.items()}
    if isinstance(value, Mapping) and isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return fields_with_tokens(annotation, value, token)
    return value


def fields_with_tokens(model: type[BaseModel], given: Mapping[str, Any], token: Token) -> dict[str, Any]:
    fields = model.model_fields
    return {
        name: with_tokens(fields[name].annotation, fields[name].metadata, value, token) for name, value in given.items()
    }


class Platform(cdk.Stack):
    """The stack of a platform team. The tiers of its VPC have other names than ours, and there are more of them."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "Platform")
        tier, kind = ec2.SubnetConfiguration, ec2.SubnetType
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr("10.20.0.0/16"),
            availability_zones=self.availability_zones,
            restrict_default_security_group=False,
            subnet_configuration=[
                tier(name="Edge", subnet_type=kind.PUBLIC),
                tier(name="App", subnet_type=kind.PRIVATE_WITH_EGRESS),
                tier(name="Batch", subnet_type=kind.PRIVATE_WITH_EGRESS),
                tier(name="Data", subnet_type=kind.PRIVATE_ISOLATED),
            ],
        )
        self.key = kms.Key(self, "Key", enable_key_rotation=True)
        allow_services(self.key)  # ty: ignore[invalid-argument-type]
        self.zone = route53.PublicHostedZone(self, "Zone", zone_name="example.com")
        self.certificate = acm.Certificate(
            self,
            "Certificate",
            domain_name="*.example.com",
            validation=acm.CertificateValidation.from_dns(self.zone),
        )
        self.cluster = ecs.Cluster(self, "Cluster", vpc=self.vpc, enable_fargate_capacity_providers=True)
        self.files = efs.FileSystem(self, "Files", vpc=self.vpc)
        for rule in ("VPC7", "ECS4"):
            acknowledge(self, rule, "The stack belongs to the company, and the tests are about the patterns.")

    @property
    def availability_zones(self) -> list[str]:
        """As in :class:`patternbook.PatternStack`: the CDK would look them up, although the VPC names its own."""
        return [cdk.Fn.select(number, cdk.Fn.get_azs()) for number in (0, 2)]

    def setting(self) -> ExistingVpc:
        """The setting ``vpc``."""
        return existing_vpc(self.vpc, private_subnets=self.vpc.select_subnets(subnet_group_name="App").subnets)


class Shop(cdk.Stack):
    """A service of the company, made of constructs, in the cluster and with the file system of the platform."""

    def __init__(self, scope: Construct, platform: Platform, posture: Posture) -> None:
        super().__init__(scope, "Shop")
        network = ExistingNetwork(self, "Network", vpc=platform.setting())
        key = kms.Key.from_key_arn(self, "Key", platform.key.key_arn)
        task = Task(
            self,
            "Task",
            posture=posture,
            image="public.ecr.aws/team/app:v1",
            port=8080,
            log_group=LogGroup(self, "Logs", posture=posture, key=key),
            files=SharedFiles(self, "Shared", file_system=platform.files),
        )
        made = FargateService(self, "Service", cluster=platform.cluster, network=network, task=task)
        front = PublicLoadBalancer(
            self,
            "Front",
            vpc=network.vpc,
            posture=posture,
            certificate=platform.certificate,
            domain_name="own.example.com",
            hosted_zone=platform.zone,
        )
        front.serve(made.service)
        ServiceScaling(self, "Scaling", service=made.service, min_tasks=2, max_tasks=4)


def _every_option_in_vpc(pattern: type[PatternStack]) -> dict[str, Any]:
    """Every option, except for those that need a VPC of the stack: FSx for ONTAP changes route tables in production."""
    options = {**every_option(pattern), **(in_existing_vpc(pattern) or {})}
    own = ("vpc", "vpc_cidr", "availability_zones", "ontap_capacity_gib", "ontap_mbps")
    return {name: value for name, value in options.items() if name not in own}


def _other_options_in_vpc(pattern: type[PatternStack]) -> dict[str, Any]:
    """Other options, and the storage that :func:`_every_option_in_vpc` leaves out."""
    options = other_options(pattern) or {}
    return {"storage": ["fsx-lustre", "fsx-ontap"]} if "storage" in options else options


class Company:
    """The app, with these stages:

    - ``live`` and ``test``: production with every option and sandbox with other options, in one account;
    - ``china`` and ``govcloud``: production in other partitions;
    - ``ids``: a VPC that another app made, whose ids are imports.

    In ``live`` and ``ids``, each further reference in the settings is an import with a name of its own.
    """

    def __init__(self, outdir: Path) -> None:
        self.app = cdk.App(
            context=feature_flags(app.CDK_JSON), outdir=str(outdir), builtin_cloud_formation_validation=False
        )
        self.imports: dict[str, list[str]] = {}
        self.platforms: dict[str, Platform] = {}
        self._add("live", PRODUCTION, HOME, _every_option_in_vpc)
        self._add("test", SANDBOX, HOME, _other_options_in_vpc)
        self._add("china", PRODUCTION, CHINA, lambda _: {"alarm_email": "ops@example.com"})
        self._add("govcloud", PRODUCTION, GOVCLOUD, lambda _: {"alarm_email": "ops@example.com"})
        self._add("ids", PRODUCTION, HOME, in_existing_vpc)
        cdk.Validations.of(self.app).add_plugins(PatternbookRules(), AwsSolutionsChecks(self.app))
        self.app.synth()  # raises for a finding, and if two stacks need each other
        self.files = template_files(outdir)
        self.templates = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in self.files.items()}

    def _add(
        self,
        name: str,
        posture: Posture,
        region: str,
        options: Callable[[type[PatternStack]], Mapping[str, Any] | None],
    ) -> None:
        stage = cdk.Stage(self.app, name, env=cdk.Environment(account=ACCOUNT, region=region))
        platform = self.platforms[name] = Platform(stage)
        if name != "ids":
            Shop(stage, platform, posture)
        for pattern in app.PATTERNS:
            given = options(pattern)
            if given is None or pattern.__name__ in REFUSED.get(region, ()):
                continue
            imports = self.imports.setdefault(f"{name}/{pattern.__name__}", [])

            @cache  # two settings with the same name have the same token
            def token(text: str, imports: list[str] = imports) -> str:
                imports.append(f"Import{len(imports)}:{text}")
                return cdk.Fn.import_value(imports[-1])

            known = pattern.settings_type.model_fields
            own = {k: v for k, v in self._of_the_platform(platform, pattern).items() if k in known}
            others = {k: v for k, v in given.items() if k in known and k not in own}
            settings = pattern.settings_type(**fields_with_tokens(pattern.settings_type, others, token), **own)
            add_stage(stage, [pattern], Stage(name=None, posture=posture, settings={pattern.__name__: settings}))

    @staticmethod
    def _of_the_platform(platform: Platform, pattern: type[PatternStack]) -> dict[str, Any]:
        """The settings that name resources of the platform."""
        stage = platform.node.path.partition("/")[0]
        found: dict[str, Any] = {"key_arn": platform.key.key_arn}
        if stage == "ids":
            return found
        name = f"{pattern.__name__.lower()}-{stage}.example.com"
        found |= {"vpc": platform.setting(), "hosted_zone_id": platform.zone.hosted_zone_id}
        found |= {"domain_name": name, "domain_names": [name]}
        return found | ({"certificate_arn": platform.certificate.certificate_arn} if stage == "live" else {})

    @property
    def stacks(self) -> list[str]:
        """The construct paths of the patterns."""
        return [*self.imports]

    def stack(self, path: str) -> PatternStack:
        stage, _, pattern = path.partition("/")
        return typing.cast("PatternStack", self.app.node.find_child(stage).node.find_child(pattern))
