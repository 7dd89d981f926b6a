"""Types for settings that several patterns share. :mod:`patternbook.settings.validators` builds such types."""

import re
import unicodedata
from datetime import datetime, timezone
from functools import cache
from importlib import resources
from typing import Annotated, Any

from aws_cdk import region_info
from aws_croniter import AwsCroniter
from pydantic import AfterValidator, BeforeValidator, Field, Strict

from patternbook.limits.given import listed
from patternbook.limits.logs import RETENTION_DAYS
from patternbook.settings.validators import Expected, Text, Unit, arn, matching, network, reference


def _plain_number(value: Any) -> Any:
    # pydantic accepts a bool as a number, because Python's bool is an int. It also accepts underscores in a text.
    if isinstance(value, bool) or (isinstance(value, str) and "_" in value):
        raise ValueError("Must be a number.")
    return value


def _is_cron(value: str) -> bool:
    """Whether a text is a schedule with a time in the future."""
    try:
        return value.isascii() and AwsCroniter(value).occurrence(datetime.now(timezone.utc)).next() is not None
    except Exception:  # the parser also raises IndexError and others
        return False


@cache
def _time_zones() -> frozenset[str]:
    """The time zones of the tzdata package. The machine's own time zones are ignored, because machines differ."""
    names = resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    return frozenset(names) - {"Factory"}


@cache
def _countries() -> frozenset[str]:
    """The countries of ISO 3166, from a file of the tzdata package."""
    table = resources.files("tzdata").joinpath("zoneinfo").joinpath("iso3166.tab").read_text(encoding="utf-8")
    return frozenset(line.partition("\t")[0] for line in table.splitlines() if not line.startswith("#"))


Whole = Annotated[int, BeforeValidator(_plain_number)]
"""A whole number. ``Field(ge=…, le=…)`` adds bounds."""

Number = Annotated[float, BeforeValidator(_plain_number)]
"""A number. ``Field(ge=…, le=…)`` adds bounds."""

YesNo = Annotated[bool, Strict()]
"""True or false. Numbers and texts are refused, although pydantic could convert some of them."""


def _known_retention(value: int) -> int:
    if value not in RETENTION_DAYS:
        raise ValueError(f"Must be {_RETENTION}.")
    return value


_RETENTION = "one of " + ", ".join(map(str, RETENTION_DAYS))
LogRetentionDays = Annotated[Whole, AfterValidator(_known_retention), Expected(_RETENTION), Unit("days")]

CIDR = network(0, 32, "203.0.113.0/24")
Cidr = Annotated[str, CIDR]
# The largest VPC is a /16. The smallest is a /23: it has room for three subnets in each of three AZs, and a load
# balancer needs a /27.
# https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#subnets-load-balancer
VPC_CIDR = network(16, 23, "10.0.0.0/16", usable=True)
VpcCidr = Annotated[str, VPC_CIDR]
# The smallest subnet is a /28. Three of them need a /26.
CONSUMER_CIDR = network(16, 26, "10.1.0.0/24", usable=True)
ConsumerCidr = Annotated[str, CONSUMER_CIDR]
# These are blocks of clients in private networks. The largest private block is 10.0.0.0/8.
PRIVATE_CIDR = network(8, 32, "10.0.0.0/8", usable=True)
PrivateCidr = Annotated[str, PRIVATE_CIDR]

Email = Annotated[
    str,
    matching(
        r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9]([A-Za-z0-9-]{0,62}\.)+[A-Za-z]{2,63}",
        'an e-mail address such as "ops@example.com"',
    ),
]
Cron = Annotated[
    str,
    Text(
        "a schedule of six cron fields (minute, hour, day of month, month, day of week, year) with a time in the "
        'future, such as "0 8 ? * MON-FRI *". One of the two days must be a question mark',
        _is_cron,
    ),
]
TimeZone = Annotated[
    str, Text('a time zone of the IANA database, such as "Europe/Berlin"', lambda value: value in _time_zones())
]

Country = Annotated[
    str, Text('a two-letter country code of ISO 3166, such as "DE"', lambda value: value in _countries())
]

CertificateArn = Annotated[
    str,
    arn(
        "acm",
        r"certificate/[\w-]+",
        "arn:aws:acm:eu-west-1:111122223333:certificate/1a2b3c4d",
        same_region="https://docs.aws.amazon.com/acm/latest/userguide/acm-regions.html",
    ),
]


def _without_prefix(value: str) -> str:
    """The id of a hosted zone that still has the prefix with which the API and the AWS CLI show it."""
    zone = value.removeprefix("/hostedzone/")
    return f' Write it without the prefix: "{zone}".' if zone != value and zone.isalnum() else ""


# https://docs.aws.amazon.com/Route53/latest/APIReference/API_HostedZone.html
HostedZoneId = Annotated[
    str,
    reference(r"Z[A-Z0-9]{1,31}", 'the id of a Route 53 hosted zone, such as "Z0123456789ABCDEFGHIJ"', _without_prefix),
]


def _key_of(value: str) -> str:
    """How to find the ARN of a key by its alias or its id."""
    key_id = r"(mrk-)?[0-9a-f-]{32,36}"
    if not re.fullmatch(rf"(arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{{12}}:)?alias/[\w/-]{{1,100}}|{key_id}", value):
        return ""
    return f" To print it, type: aws kms describe-key --key-id {value} --query KeyMetadata.Arn --output text"


# CloudFormation refuses an ARN with another id of a key:
# https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id-key-ARN
KeyArn = Annotated[
    str,
    arn(
        "kms",
        r"key/([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})",
        "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-1234-1234-1234-123456789012",
        _key_of,
        same_region="https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html",
    ),
]
# The ARN must include the six random characters that Secrets Manager adds to the name. Otherwise policies would match
# other secrets, too.
SecretArn = Annotated[
    str,
    arn(
        "secretsmanager",
        r"secret:[\w/+=.@-]+-\w{6}",
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db/password-AbCdEf",
    ),
]
# ECS would read a parameter of another Region, but the CDK imports none.
PARAMETER_URL = "https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_ssm.StringParameter.html"
ParameterArn = Annotated[
    str,
    arn(
        "ssm",
        r"parameter/[\w.-]+(/[\w.-]+)*",
        "arn:aws:ssm:eu-west-1:111122223333:parameter/app/greeting",
        same_region=PARAMETER_URL,
    ),
]
# Names of automated snapshots begin with "rds:", and those of AWS Backup with "awsbackup:":
# https://docs.aws.amazon.com/aws-backup/latest/devguide/access-control.html
ClusterSnapshotArn = Annotated[
    str,
    arn(
        "rds",
        r"cluster-snapshot:((rds|awsbackup):)?[a-z][a-z0-9-]{0,254}",
        "arn:aws:rds:eu-west-1:111122223333:cluster-snapshot:before-the-change",
        same_region="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-copy-snapshot.html",
    ),
]
# A standard topic, because Firehose takes messages of no other. The name of a FIFO topic ends with ".fifo":
# https://docs.aws.amazon.com/sns/latest/dg/prereqs-kinesis-data-firehose.html
TopicArn = Annotated[
    str,
    arn(
        "sns",
        r"[\w-]{1,256}",
        "arn:aws:sns:eu-west-1:111122223333:uploads",
        same_region="https://docs.aws.amazon.com/sns/latest/dg/sns-cross-region-delivery.html",
    ),
]
WebAclArn = Annotated[
    str,
    arn(
        "wafv2",
        r"regional/webacl/[\w-]+/[\w-]+",
        "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/main/1a2b3c4d",
        same_region="https://docs.aws.amazon.com/waf/latest/developerguide/web-acl-associating-aws-resource.html",
    ),
]

# Letters and digits of any script: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
# The length is that of CloudFormation, which takes no empty value, unlike the services that it passes tags on to:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Tag.html
_TAG_CHARACTERS = "letters, digits, spaces and _ . : / = + - @"


def _is_tag(value: str) -> bool:
    reserved = value[:4].lower() == "aws:"
    return value != "" and not reserved and all(unicodedata.category(c)[0] in "LNZ" or c in "_.:/=+-@" for c in value)


TagKey = Annotated[
    str, Text(f'a tag key of 1 to 128 {_TAG_CHARACTERS} that does not begin with "aws:"', _is_tag, max_length=128)
]
TagValue = Annotated[
    str, Text(f'a tag value of 1 to 256 {_TAG_CHARACTERS} that does not begin with "aws:"', _is_tag, max_length=256)
]

AccountId = Annotated[str, matching(r"\d{12}", 'an AWS account id of 12 digits, such as "111122223333"')]
# https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html
OrganizationId = Annotated[str, matching(r"o-[a-z0-9]{10,32}", 'an AWS Organizations id, such as "o-a1b2c3d4e5"')]


@cache
def _regions() -> frozenset[str]:
    return frozenset(region.name for region in region_info.RegionInfo.regions)


Region = Annotated[str, Text('an AWS Region such as "eu-west-1"', lambda value: value in _regions())]
EnvironmentName = Annotated[
    str,
    matching(r"(?!__proto__$)[A-Za-z_][A-Za-z0-9_]{0,254}", 'a name of an environment variable, such as "DB_PASSWORD"'),
]
ABSOLUTE_PATH = matching(r"(/(?!\.\.?(/|$))[\w.-]+)+", 'an absolute path such as "/data"')
AbsolutePath = Annotated[str, ABSOLUTE_PATH]
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
UrlPath = Annotated[str, matching(r"/[\w./~%-]{0,1023}", 'a URL path such as "/healthz"')]
IMAGE_URI = matching(
    r"[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+(:\w[\w.-]{0,127})?(@sha256:[0-9a-f]{64})?",
    'an image with its registry, such as "public.ecr.aws/docker/library/busybox:1.37"',
)
ImageUri = Annotated[str, IMAGE_URI]

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
PRINCIPAL_ARN = reference(
    r"arn:aws[a-z-]*:iam::\d{12}:(root|(role|user)/([\w+=,.@-]+/)*[\w+=,.@-]{1,64})",
    'the ARN of an account, an IAM role or an IAM user, such as "arn:aws:iam::111122223333:root", but not *, which '
    "stands for all AWS accounts",
)
PrincipalArn = Annotated[str, PRINCIPAL_ARN]
POLICY_ARN = reference(
    r"arn:aws[a-z-]*:iam::(\d{12}|aws):policy/[\w+=,.@/-]+",
    'the ARN of a managed policy such as "arn:aws:iam::111122223333:policy/app"',
)
PolicyArn = Annotated[str, POLICY_ARN]
# https://docs.aws.amazon.com/vpc/latest/privatelink/manage-dns-names.html
_DOMAIN_NAME = (
    r"(?=.{4,255}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}",
    'a domain name in lower case, such as "api.example.com"',
)
DOMAIN_NAME = reference(*_DOMAIN_NAME)
DomainName = Annotated[str, DOMAIN_NAME]
LiteralDomainName = Annotated[str, matching(*_DOMAIN_NAME)]
"""A domain name that becomes part of a package at synth, where a token has no value yet."""

# https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
# The prefixes kubernetes.io and k8s.io belong to Kubernetes. The kubelet may not set most of them on its own node.
LabelKey = Annotated[
    str,
    matching(
        r"(?!([a-z0-9.-]*\.)?(kubernetes|k8s)\.io/)([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?"
        r"[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?",
        'a label key such as "example.com/team", without a prefix that belongs to Kubernetes',
    ),
]
LabelValue = Annotated[
    str,
    matching(
        r"([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?",
        "a label value of at most 63 letters and digits, with - _ . only between them",
    ),
]
# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names
NAMESPACE = matching(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", 'a Kubernetes namespace such as "default"')
Namespace = Annotated[str, NAMESPACE]
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html
AMI_ID = reference(r"ami-[0-9a-f]{8}([0-9a-f]{9})?", 'the id of an AMI such as "ami-0123456789abcdef0"')
AmiId = Annotated[str, AMI_ID]
SECURITY_GROUP_ID = reference(
    r"sg-[0-9a-f]{8}([0-9a-f]{9})?", 'the id of a security group such as "sg-0123456789abcdef0"'
)
SecurityGroupId = Annotated[str, SECURITY_GROUP_ID]

Percent = Annotated[Whole, Field(ge=0, le=100), Unit("%")]


def _each_once(value: tuple[Any, ...]) -> tuple[Any, ...]:
    twice = sorted({item for item in value if value.count(item) > 1})
    if twice:
        raise ValueError(f"Must contain each value only once. These values are repeated: {listed(twice)}. Remove them.")
    return value


EachOnce = AfterValidator(_each_once)
"""Part of ``Annotated[tuple[…], …]``: refuses a list with duplicates."""


# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
_REPOSITORY_PATH = r"[a-z][a-z0-9]*([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*"
# The maximum length is 256 for a private repository and 205 for a public one.
RepositoryName = Annotated[
    str,
    matching(
        rf"(?=.{{2,205}}\Z){_REPOSITORY_PATH}",
        'a repository name of 2 to 205 lower-case letters, digits and single . _ - / between them, such as "team/app"',
    ),
]
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html
CachePrefix = Annotated[
    str,
    matching(
        rf"(?=.{{2,30}}\Z){_REPOSITORY_PATH}",
        "a prefix of repository names, of 2 to 30 lower-case letters, digits and single . _ - / between them, "
        'such as "docker-hub"',
    ),
]
CacheSecretArn = Annotated[
    str,
    arn(
        "secretsmanager",
        r"secret:ecr-pullthroughcache/[\w/+=.@-]{1,484}-\w{6}",
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/docker-hub-AbCdEf",
        same_region="https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-rule.html",
    ),
]
ImageTagPrefix = Annotated[
    str, matching(r"\w[\w.-]{0,127}", 'the beginning of an image tag, of 1 to 128 characters, such as "v"')
]
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageTagMutabilityExclusionFilter.html
ImageTagFilter = Annotated[
    str,
    matching(
        r"[\w.*-]{1,128}", 'an image tag of 1 to 128 characters, in which * matches any characters, such as "latest*"'
    ),
]
