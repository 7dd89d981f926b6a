"""Drawings: each pattern has one, pictures are up to date, and pages and the README show them."""

import base64
import html
import re
from pathlib import Path

import pytest

from patternbook.copying.book import Pattern, patterns
from patternbook.testing.drawings.relations import RELATIONS, VALUES
from patternbook.testing.drawings.source import LEGEND, OUTSIDE, PRODUCTION, DrawingError, read
from tools.drawings import DARK, PICTURES, ROOT, architecture, pictures, sources, title_of

MAX_WIDTH = 1440
"""In pixels. Its text of 16 pixels has 10 in a page that is 900 pixels wide."""
MAX_BYTES = 60_000
ICONS = {
    "alarm": ("CloudWatch::Alarm",),
    "api": ("ApiGatewayV2::Api",),
    "app-runner": ("AppRunner::Service",),
    "auto-scaling": ("AutoScaling::AutoScalingGroup",),
    "bucket": ("S3::Bucket",),
    "catalog": ("Glue::Table",),
    "database": ("RDS::DBCluster",),
    "distribution": ("CloudFront::Distribution",),
    "ecs-anywhere": ("IAM::Role",),
    "eks": ("EKS::Cluster",),
    "endpoint": ("EC2::VPCEndpoint",),
    "event-rule": ("Events::Rule",),
    "fargate": ("ECS::Service", "ECS::TaskDefinition", "EKS::FargateProfile"),
    "file-system": ("EFS::FileSystem",),
    "function": ("Lambda::Function",),
    "identity": ("IAM::Role", "IAM::OIDCProvider", "EKS::PodIdentityAssociation"),
    "instances": ("EKS::Nodegroup", "ECS::CapacityProvider"),
    "key": ("KMS::Key",),
    "load-balancer": ("ElasticLoadBalancingV2::LoadBalancer",),
    "logs": ("Logs::LogGroup",),
    "nat-gateway": ("EC2::NatGateway",),
    "network-load-balancer": ("ElasticLoadBalancingV2::LoadBalancer",),
    "private-link": ("EC2::VPCEndpointService",),
    "query": ("Athena::WorkGroup",),
    "queue": ("SQS::Queue",),
    "registry": ("ECR::Repository",),
    "secret": ("SecretsManager::Secret",),
    "service": ("ECS::Service", "ECS::Cluster", "ECS::ExpressGatewayService"),
    "sign-in": ("Cognito::UserPool",),
    "stream": ("KinesisFirehose::DeliveryStream",),
    "subnets": ("EC2::Subnet",),
    "table": ("DynamoDB::GlobalTable",),
    "topic": ("SNS::Topic",),
    "tracing": ("AppRunner::ObservabilityConfiguration",),
    "volume": ("Custom::AWSCDK-EKS-KubernetesResource",),
    "vpc": ("EC2::VPC",),
    "workflow": ("StepFunctions::StateMachine",),
}
"""The type that a node of each class of ``docs/drawings/style.d2`` stands for first."""
STAGE = "stage"
"""The class of a stage of a rollout, which no type stands for. tests/house/test_rollout.py compares its drawing."""
PATTERNS = sorted(patterns(ROOT).values(), key=lambda each: each.stack)


@pytest.fixture(params=PATTERNS, ids=lambda pattern: pattern.stack)
def pattern(request: pytest.FixtureRequest) -> Pattern:
    return request.param


@pytest.fixture(params=sources(), ids=lambda path: path.stem)
def source(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_each_pattern_has_a_drawing() -> None:
    assert {path.stem for path in sources()} == {Path(pattern.page).stem for pattern in PATTERNS} | {"rollout"}
    shown = {path.name.rpartition("-")[0] for path in PICTURES.glob("*.svg")}
    assert shown == {path.stem for path in sources()}


def test_a_drawing_without_a_page_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "shop.d2").write_text("a: A {class: outside}\n", encoding="utf-8")
    with pytest.raises(DrawingError, match=r"^docs/shop\.d2 must have the name of a page"):
        pictures(tmp_path / "shop.d2")


def test_the_pictures_are_those_of_the_source(source: Path) -> None:
    for name, svg in pictures(source).items():
        assert (PICTURES / name).read_text(encoding="utf-8") == svg, f"{name} is not up to date. Type: make drawings"
        assert len(svg.encode()) <= MAX_BYTES
        assert "http" not in re.sub(r'xmlns(:xlink)?="[^"]*"', "", svg)


def test_pictures_can_be_read_in_a_page(source: Path) -> None:
    svg = (PICTURES / f"{source.stem}-light.svg").read_text(encoding="utf-8")
    width = re.findall(r'viewBox="0 0 (\d+) \d+"', svg)[0]
    assert int(width) <= MAX_WIDTH
    assert min(map(float, re.findall(r"font-size:(\d+)px", svg))) >= 15


def test_a_dark_picture_has_no_color_of_a_light_one(source: Path) -> None:
    dark = (PICTURES / f"{source.stem}-dark.svg").read_text(encoding="utf-8")
    assert set(re.findall(r'(?:fill|stroke)="(#[0-9A-F]{6})"', dark)) <= set(DARK.values())


def test_everything_that_d2_draws_is_checked(source: Path) -> None:
    """D2 gives each node and arrow a class with its name, in base64."""
    svg = (PICTURES / f"{source.stem}-light.svg").read_text(encoding="utf-8")
    drawn = {
        html.unescape(base64.b64decode(found).decode())
        for found in re.findall(r'<g class="((?:[A-Za-z0-9+/=]{4})+)[ "]', svg)
    }
    drawing = read(source)
    arrows = set[str]()
    for arrow in drawing.arrows:
        ends = [arrow.target, arrow.source] if arrow.reversed else [arrow.source, arrow.target]
        first, second = (end.split(".") for end in ends)
        outer = [a for a, b in zip(first[:-1], second[:-1], strict=False) if a == b]
        way = "<-" if arrow.reversed else "->"
        inner = [".".join(end[len(outer) :]) for end in (first, second)]
        name = f"({f' {way} '.join(inner)})[0]"
        arrows.add(".".join([*outer, name]))
    assert len(arrows) == len(drawing.arrows), "two arrows between the same nodes"
    assert drawn - {"legend"} == drawing.nodes.keys() | arrows


def test_nodes_have_the_icon_of_what_they_stand_for(source: Path) -> None:
    for path, node in read(source).nodes.items():
        if node.classes[0] in (OUTSIDE, STAGE):
            assert not node.meanings, path
        else:
            kind = node.meanings[0].partition(" in ")[0].removeprefix("AWS::")
            assert kind in ICONS.get(node.classes[0], ()), path


def test_no_class_of_the_style_is_unused() -> None:
    style = (PICTURES / "style.d2").read_text(encoding="utf-8")
    classes = set(re.findall(r"^  ([a-z-]+): \{", style, re.MULTILINE))
    assert classes == {*ICONS, OUTSIDE, STAGE, PRODUCTION, LEGEND}


def test_the_legend_is_there_if_something_is_only_in_production(source: Path) -> None:
    drawing = read(source)
    marked = any(each.only_in_production for each in (*drawing.nodes.values(), *drawing.arrows))
    assert ("class: legend" in source.read_text(encoding="utf-8")) == marked


def test_the_page_shows_it_first_with_its_title_as_text(source: Path) -> None:
    page = source.with_suffix(".md").read_text(encoding="utf-8")
    assert page.split("\n", 2)[2].startswith(
        "<picture>\n"
        f'  <source media="(prefers-color-scheme: dark)" srcset="drawings/{source.stem}-dark.svg">\n'
        f'  <img src="drawings/{source.stem}-light.svg" alt="{title_of(source)}">\n'
        "</picture>\n"
    )


def test_the_readme_shows_all(pattern: Pattern) -> None:
    name = Path(pattern.page).stem
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f'srcset="docs/drawings/{name}-dark.svg"><img src="docs/drawings/{name}-light.svg"' in readme
    assert f'alt="{pattern.stack}: {architecture(pattern)}"' in readme


def test_no_cause_is_unused() -> None:
    used = {cause for source in sources() for arrow in read(source).arrows for cause in arrow.meanings}
    assert {*RELATIONS, *VALUES} <= used
