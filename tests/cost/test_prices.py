"""Tables of prices, and how the AWS Price List API fills them."""

import json
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from patternbook.cli import main
from patternbook.cost import Price, Prices, PricesError, cli, load_prices
from patternbook.cost.fetching import fetch, price_list_region, with_instance_types, write
from tests.preflight.world import DENIED, world

TODAY = date(2026, 11, 29)
Products = Callable[[str, Mapping[str, str]], list[dict[str, Any]]]


def product(price: Price, usd: str, region: str, *, prefix: str = "EUC1-") -> dict[str, Any]:
    """A product as the API answers: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html"""
    ours = ("service", "usage", "from", "per", "everywhere")
    attributes = {key: value for key, value in price.query.items() if key not in ours}
    attributes |= {"regionCode": region, "usagetype": prefix + price.query.get("usage", "x")}
    begin = price.query.get("from", "0")
    tiers = (
        [{"beginRange": "0", "endRange": begin, "unit": "x", "pricePerUnit": {"USD": "0.0"}}] if begin != "0" else []
    )
    tiers.append({"beginRange": begin, "endRange": "Inf", "unit": "x", "pricePerUnit": {"USD": usd}})
    tiers.append({"beginRange": "999999999", "endRange": "Inf", "unit": "x", "pricePerUnit": {"USD": "0.0000001"}})
    dimensions = {str(number): each for number, each in enumerate(tiers)}
    return {
        "product": {"productFamily": attributes.pop("productFamily", ""), "attributes": attributes, "sku": "X"},
        "serviceCode": price.query["service"],
        "terms": {"OnDemand": {"X.Y": {"priceDimensions": dimensions}}},
    }


def answering(products: Products) -> dict[str, Any]:
    """An account whose API has a page for each product, after an empty one."""

    def answer(parameters: Mapping[str, Any]) -> dict[str, Any]:
        fields = {each["Field"]: each["Value"] for each in parameters["Filters"]}
        assert all(each["Type"] == "TERM_MATCH" for each in parameters["Filters"])
        pages = [[], *([each] for each in products(parameters["ServiceCode"], fields))]
        number = int(parameters.get("NextToken", "0"))
        page = {"FormatVersion": "aws_v1", "PriceList": [json.dumps(each) for each in pages[number]]}
        return page | ({"NextToken": str(number + 1)} if number + 1 < len(pages) else {})

    return {"pricing.get_products": answer}


def catalogue(usd: str, region: str = "eu-central-1") -> Products:
    """Every product of the table at one price. The filters choose among them, as in the API."""
    everything = [product(price, usd, region) for price in load_prices().table.values()]

    def products(service: str, fields: Mapping[str, str]) -> list[dict[str, Any]]:
        return [
            each
            for each in everything
            if each["serviceCode"] == service
            and fields.items()
            <= {**each["product"]["attributes"], "productFamily": each["product"]["productFamily"]}.items()
        ]

    return products


def of(*names: str) -> Prices:
    return Prices("us-east-1", {name: load_prices().table[name] for name in names})


def fetched(wanted: Prices, products: Products, region: str = "eu-central-1") -> tuple[Prices, list[str]]:
    with world(answering(products)) as where:
        found = fetch(wanted, region, where.account(price_list_region(region)), today=TODAY)
        assert where.actions == {"pricing:GetProducts"}
    return found


def test_every_price_has_a_unit_and_a_query_and_a_known_one_a_source_and_a_date() -> None:
    for name, price in load_prices().table.items():
        assert price.unit, name
        assert set(price.query) - {"everywhere", "per", "from"} > {"service"}, name
        assert (price.usd is None) == (price.source == "") == (price.date is None), name
        assert price.usd is None or (price.source.startswith("https://") and price.date <= TODAY), name  # ty: ignore[unsupported-operator]


def test_the_prices_of_a_region_are_fetched_from_all_pages_of_the_api() -> None:
    found, mistakes = fetched(load_prices(), catalogue("0.123"))
    assert mistakes == []
    assert found.region == "eu-central-1"
    assert found.table.keys() == load_prices().table.keys()
    assert {price.date for price in found.table.values()} == {TODAY}
    assert found.table["nat_gateway.hour"].usd == Decimal("0.123")
    assert found.table["ebs.gp3_mbps"].usd == Decimal("0.123") / 1024, "AWS bills GiB/s, the table has MB/s"


def test_a_price_without_a_product_is_unknown_and_named() -> None:
    found, [mistake] = fetched(of("nat_gateway.hour"), lambda _service, _fields: [])
    assert found.table["nat_gateway.hour"].usd is None
    assert mistake.startswith("nat_gateway.hour: No product of AmazonEC2 in eu-central-1 matches. Its query is {")


def test_a_price_with_several_products_is_unknown_and_named() -> None:
    price = load_prices().table["nat_gateway.hour"]
    both = [product(price, usd, "eu-central-1") for usd in ("0.045", "0.052")]
    found, [mistake] = fetched(of("nat_gateway.hour"), lambda _service, _fields: both)
    assert found.table["nat_gateway.hour"].usd is None
    assert "nat_gateway.hour: Several products of AmazonEC2 in eu-central-1 match: 0.045, 0.052 USD." in mistake


@pytest.mark.parametrize("prefix", ["", "EU-", "USE1-", "APS10-"])
def test_the_prefix_of_a_usage_type_is_that_of_any_region(prefix: str) -> None:
    price = load_prices().table["nat_gateway.hour"]
    found, _ = fetched(of("nat_gateway.hour"), lambda *_: [product(price, "0.05", "x", prefix=prefix)])
    assert found.table["nat_gateway.hour"].usd == Decimal("0.05")


def test_a_usage_type_that_only_ends_the_same_is_another() -> None:
    price = load_prices().table["lambda.request"]
    _, mistakes = fetched(of("lambda.request"), lambda *_: [product(price, "0.6", "x", prefix="Lambda-Edge-")])
    assert len(mistakes) == 1


def test_other_instance_types_can_be_fetched() -> None:
    wanted = with_instance_types(of("ec2.t4g.small"), ["r8g.large"])
    query = wanted.table["ec2.r8g.large"].query
    assert (query["instanceType"], query["usage"]) == ("r8g.large", "BoxUsage:r8g.large")
    price = wanted.table["ec2.r8g.large"]
    found, _ = fetched(wanted, lambda *_: [product(price, "0.117", "eu-central-1")])
    assert found.table["ec2.r8g.large"].usd == Decimal("0.117")


@pytest.mark.parametrize(
    ("region", "endpoint"),
    [("us-west-2", "us-east-1"), ("eu-north-1", "eu-central-1"), ("ap-northeast-1", "ap-south-1")],
)
def test_the_next_endpoint_is_asked(region: str, endpoint: str) -> None:
    assert price_list_region(region) == endpoint


def run(given: dict[str, Any], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    with world(given) as where:
        monkeypatch.setattr(cli, "session_of", lambda _: where.session)
        return main(["prices", "--region", "eu-central-1", *arguments], today=TODAY)


def test_the_command_writes_a_table_that_the_costs_are_computed_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table, template = tmp_path / "eu.json", tmp_path / "t.json"
    template.write_text(json.dumps({"Resources": {"Nat": {"Type": "AWS::EC2::NatGateway"}}}), encoding="utf-8")
    assert run(answering(catalogue("0.1")), monkeypatch, "--output", str(table)) == 0
    assert capsys.readouterr().out == f"{table}: {len(load_prices().table)} prices of eu-central-1\n"
    assert main(["cost", str(template), "--prices", str(table), "--json"], today=TODAY) == 0
    [found] = json.loads(capsys.readouterr().out)["templates"]
    assert found["at_rest"] == "73.00"


@pytest.mark.parametrize("given", [answering(lambda *_: []), {"pricing.get_products": DENIED}], ids=["none", "denied"])
def test_a_failure_leaves_the_old_table(
    given: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "eu.json"
    table.write_text("old", encoding="utf-8")
    assert run(given, monkeypatch, "--output", str(table)) == 1
    assert table.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["eu.json"]
    said = capsys.readouterr().err
    assert said.count("nat_gateway.hour: ") == 1
    assert f"{table} is not written." in said
    if given["pricing.get_products"] is DENIED:
        assert "needs pricing:GetProducts" in said


def test_a_table_can_be_written_without_the_prices_that_are_not_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    everything = catalogue("0.1")
    without = answering(lambda service, fields: [] if service == "AWSXRay" else everything(service, fields))
    table = tmp_path / "eu.json"
    assert run(without, monkeypatch, "--output", str(table), "--allow-unknown") == 0
    assert load_prices(table).table["xray.trace"].usd is None
    assert "xray.trace: No product" in capsys.readouterr().err


def test_a_table_that_cannot_be_written_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(PricesError, match=r"prices\.json cannot be written: No such file or directory\."):
        write(load_prices(), tmp_path / "missing" / "prices.json")


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", "{}", '{"region": "x", "prices": {}}'),
        '{"region": "x", "prices": {"a": {"usd": "-1", "unit": "x", "source": "s", "date": null, "query": {}}}}',
        '{"region": "x", "prices": {"a": {"usd": "1", "unit": "x", "source": "", "date": "2026-01-01", "query": {}}}}',
    ],
)
def test_a_file_that_is_no_table_is_one_message(content: str, tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(PricesError, match=r"prices\.json is not a table of prices\. To make one, type: patternbook"):
        load_prices(path)
