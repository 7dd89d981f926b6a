"""The site is complete, and needs no server, no network and no other file than its own."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from patternbook.cost.report import cents
from patternbook.rules import RULES
from tests.site.reading import Page, pages, read
from tools.resource_types import PURPOSES
from tools.site import markdown
from tools.site.build import BuildError, Site, facets, relative, template_url, write
from tools.site.facets import cost_of, facets_of
from tools.site.patterns import POSTURES, Pattern
from tools.site.sources import Sources

FIRST_PAGE = 300_000
"""Maximum size in bytes of the gallery with everything that it loads."""
COMPUTE = {
    "FargateEfsStack": ["Fargate"],
    "FargatePrivateLinkStack": ["Fargate"],
    "EcsEc2Stack": ["EC2"],
    "EcsManagedInstancesStack": ["EC2, run by AWS"],
    "EcsAnywhereStack": ["Outside of AWS"],
    "EksManagedNodesStack": ["EC2"],
    "EksSelfManagedNodesStack": ["EC2"],
    "EksFargateStack": ["Fargate"],
    "EksAutoModeStack": ["EC2, run by AWS"],
    "EcrStack": [],
    "AppRunnerStack": ["App Runner"],
    "EcsExpressStack": ["Fargate"],
    "LambdaConcurrencyStack": ["Lambda"],
    "LambdaEdgeStack": ["Lambda"],
    "AuroraServerlessStack": ["Lambda"],
    "WebApiStack": ["Lambda"],
    "EventPipelineStack": ["Lambda"],
    "DataStreamStack": ["Lambda"],
    "WorkflowStack": ["Fargate", "Lambda"],
    "DeployRoleStack": [],
}


def external(target: str) -> bool:
    return re.match(r"[a-z]+:|//", target) is not None


def test_every_link_leads_to_a_page_and_a_heading(site: Path) -> None:
    missing = []
    for page in pages(site):
        for link in (each for each in page.links if not external(each)):
            path, anchor = page.target(link)
            if not path.is_file() or (anchor and path.suffix == ".html" and anchor not in read(path).ids):
                missing.append(f"{page.path.relative_to(site.resolve())}: {link}")
    assert missing == []


def test_nothing_is_requested_from_elsewhere_or_missing(site: Path) -> None:
    wrong = [
        f"{page.path.name}: {each}"
        for page in pages(site)
        for each in page.requests
        if external(each) or not page.target(each)[0].is_file()
    ]
    assert wrong == []
    for style in site.rglob("*.css"):
        assert not re.findall(r"url\(|@import", style.read_text(encoding="utf-8"))
    for script in (site / "assets").glob("*.js"):
        if script.name not in ("minisearch.js", "search-index.js"):
            assert not re.findall(r"https?:|fetch\(|XMLHttpRequest", script.read_text(encoding="utf-8"))


def test_every_pattern_has_a_drawing_for_both_themes(site: Path, book: list[Pattern]) -> None:
    gallery = (site / "index.html").read_text(encoding="utf-8")
    for each in book:
        for theme in ("light", "dark"):
            assert (site / f"drawings/{each.page}-{theme}.svg").is_file()
            assert f'="drawings/{each.page}-{theme}.svg"' in gallery
        assert f"drawings/{each.page}-dark.svg" in read(site / f"{each.page}.html").requests


def test_every_page_is_well_formed(site: Path) -> None:
    assert {page.path.name: page.mistakes for page in pages(site) if page.mistakes} == {}


def test_the_first_page_is_small(site: Path) -> None:
    page = read(site / "index.html")
    loaded = {page.path, *(page.target(each)[0] for each in page.requests)}
    assert len(loaded) > 4
    assert sum(path.stat().st_size for path in loaded) < FIRST_PAGE


def test_the_page_of_a_pattern_has_its_promises_its_settings_and_its_own_text(site: Path, book: list[Pattern]) -> None:
    assert len(book) == len(COMPUTE)
    for pattern in book:
        page = read(site / f"{pattern.page}.html")
        said = " ".join(page.text.split())
        assert pattern.promises
        for promise in (pattern.sentence, *pattern.promises):
            assert promise.replace("`", "") in said
        assert {f"setting-{pattern.name}-{name}" for name in pattern.stack.settings_type.model_fields} <= set(page.ids)
        assert "This costs " in said
        assert re.search(r"(Before|After) cdk destroy", said)
        assert f"cdk deploy {pattern.name}" in said


def test_every_resource_is_explained_once(site: Path, book: list[Pattern]) -> None:
    for pattern in book:
        for posture in POSTURES:
            page = read(site / template_url(pattern, posture))
            resources = pattern.templates[posture].explained.template["Resources"]
            assert resources.keys() <= set(page.ids)
            for each in resources.values():
                assert PURPOSES[each["Type"]] in page.text, f"tools/resource_types.py says nothing of {each['Type']}"


def test_every_construct_has_a_sentence(book: list[Pattern]) -> None:
    groups = {
        group.construct: group for each in book for it in each.templates.values() for group in it.explained.groups
    }
    assert [name for name, group in groups.items() if not re.search(r"\w{3}.*\.$", group.purpose)] == []


def test_a_reference_in_a_template_is_a_link(site: Path, book: list[Pattern]) -> None:
    [pattern] = [each for each in book if each.name == "EcrStack"]
    page = read(site / template_url(pattern, "sandbox"))
    ids = pattern.templates["sandbox"].explained.template["Resources"]
    assert {link[1:] for link in page.links if link[1:] in ids}


@pytest.mark.parametrize("posture", POSTURES)
def test_the_filters_know_what_runs_the_workload(book: list[Pattern], posture: str) -> None:
    assert {each.name: list(each.templates[posture].facets.compute) for each in book} == COMPUTE


@pytest.mark.parametrize(
    ("usd", "name"),
    [("0", "Less than 1 USD"), ("0.99", "Less than 1 USD"), ("1", "1 to 50 USD"), ("900", "More than 200 USD")],
)
def test_a_cost_is_in_one_range(usd: str, name: str) -> None:
    assert cost_of(Decimal(usd)) == name


def test_the_page_and_the_card_have_the_computed_costs(site: Path, book: list[Pattern]) -> None:
    cards = read(site / "index.html").text
    for pattern in book:
        said = " ".join(read(site / f"{pattern.page}.html").text.split())
        for template in pattern.templates.values():
            amount = f"{cents(template.bill.at_rest):,} USD"
            assert f"{amount} a month at rest" in cards
            assert f"{amount} a month at rest" in said
            assert all(item in said for item, _ in [*template.bill.largest(), *template.unpriced])


@pytest.mark.parametrize(
    ("resources", "compute", "storage", "servers"),
    [
        ([{"Type": "AWS::Lambda::Function"}], (), (), "Serverless"),
        ([{"Type": "AWS::Lambda::Version"}], ("Lambda",), (), "Serverless"),
        ([{"Type": "AWS::AutoScaling::AutoScalingGroup"}], ("EC2",), (), "With servers"),
        ([{"Type": "AWS::EKS::Addon", "Properties": {"AddonName": "aws-ebs-csi-driver"}}], (), ("EBS",), "Serverless"),
        ([{"Type": "AWS::S3::Bucket"}, {"Type": "AWS::FSx::FileSystem"}], (), ("FSx", "S3"), "Serverless"),
    ],
)
def test_facets_come_from_resources(resources: Any, compute: Any, storage: Any, servers: str) -> None:
    found = facets_of({"Resources": {str(index): each for index, each in enumerate(resources)}})
    assert (found.compute, found.storage, found.servers) == (compute, storage, servers)


def test_the_gallery_has_every_pattern_with_its_facets(site: Path, book: list[Pattern]) -> None:
    text = (site / "index.html").read_text(encoding="utf-8")
    written = [
        json.loads(each.replace("&#34;", '"').replace("&quot;", '"'))
        for each in re.findall(r'data-facets="([^"]*)"', text)
    ]
    assert written == [{posture: facets(each.templates[posture]) for posture in POSTURES} for each in book]
    links = read(site / "index.html").links
    assert all(f"{each.page}.html" in links for each in book)


def test_the_search_finds_every_page_and_leads_to_its_sections(site: Path) -> None:
    script = (site / "assets/search-index.js").read_text(encoding="utf-8")
    index = json.loads(script.partition("=")[2].rstrip(";\n"))
    root: Page = read(site / "index.html")
    for each in index:
        path, anchor = root.target(each["url"])
        assert path.is_file(), each["url"]
        assert not anchor or anchor in read(path).ids, each["url"]
    found = {each["url"].partition("#")[0] for each in index}
    others = {page.path.relative_to(site.resolve()).as_posix() for page in pages(site)}
    assert {each for each in others if not each.startswith(("source/", "templates/"))} - found == {"index.html"}
    assert any(RULES[0].id in each["text"] for each in index)


@pytest.mark.parametrize(
    ("target", "page", "link"),
    [
        ("a.html", "index.html", "a.html"),
        ("a.html#b", "recipes/c.html", "../a.html#b"),
        ("recipes/c.html", "recipes/d.html", "c.html"),
        ("a.html", "source/stacks/ecr/stack.py.html", "../../../a.html"),
    ],
)
def test_links_are_relative(target: str, page: str, link: str) -> None:
    assert relative(target, page) == link


def test_headings_have_the_anchors_of_github_and_code_is_no_markup() -> None:
    made = markdown.render("# A `b`, c\n\ntext <!-- no\n-->\n\n## What rings, and when\n\n`<this>`", str)
    assert made.title == "A b, c"
    assert [each.anchor for each in made.sections] == ["", "a-b-c", "what-rings-and-when"]
    assert "&lt;this&gt;" in made.html
    assert "no" not in made.html


def test_a_link_to_a_missing_file_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"A page links to nope\.py, which does not exist"):
        Sources(tmp_path).page_of("nope.py")


def test_a_folder_with_other_files_is_never_deleted(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(BuildError, match="SITE must be an empty folder or an earlier site"):
        write(Site([]), tmp_path)
    assert (tmp_path / "thesis.txt").exists()
