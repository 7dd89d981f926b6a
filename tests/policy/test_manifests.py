"""Rung 6: Kubernetes manifests, in the templates and in the files, are valid for the cluster's version."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

import app
from patternbook.eks.application_identity import APPLICATION
from patternbook.eks.manifests import MANIFESTS
from patternbook.limits.eks_versions import KUBERNETES_VERSION
from patternbook.posture import POSTURES
from tests.policy.conftest import Templates

ROOT = Path(app.CDK_JSON).parent
FILES = sorted([*ROOT.glob("stacks/eks_*/runtime/*.yaml"), *MANIFESTS.glob("*.yaml")])
CUSTOM_RESOURCES = {"EC2NodeClass", "IngressClassParams", "NodePool", "TridentBackendConfig"}
"""Kinds of custom resources. The validator has no schemas for them. Other tests check those of Karpenter and of
ingresses."""


def errors(manifest: dict[str, Any], version: str) -> str:
    if manifest["kind"] in CUSTOM_RESOURCES:
        return ""
    try:
        kubernetes_validate.validate(manifest, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return error.message
    except kubernetes_validate.SchemaNotFoundError as error:
        return f"Kubernetes {version} has no {manifest['kind']} of {manifest['apiVersion']}: {error}"
    return ""


def applied(template: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The manifests of a stack. Values that only a deployment knows are replaced by a text."""
    for resource in template["Resources"].values():
        if resource["Type"] == "Custom::AWSCDK-EKS-KubernetesResource":
            yield from json.loads(_known(resource["Properties"]["Manifest"]))


def _known(value: Any) -> str:
    match value:
        case {"Fn::Join": [str(between), list(parts)]}:
            return between.join(_known(part) for part in parts)
        case dict():
            return "something"
    return value


@pytest.mark.parametrize("options", ["defaults", "every option"])
@pytest.mark.parametrize("posture", POSTURES)
def test_manifests_in_templates(templates: Templates, posture: str, options: str) -> None:
    clusters = [found for stack, found in templates(posture, options).items() if stack.startswith("Eks")]
    assert len(clusters) == sum(pattern.__name__.startswith("Eks") for pattern in app.PATTERNS)
    for template in clusters:
        [version] = [
            resource["Properties"]["Version"]
            for resource in template["Resources"].values()
            if resource["Type"] == "AWS::EKS::Cluster"
        ]
        found = list(applied(template))
        assert found
        assert [problem for manifest in found if (problem := errors(manifest, version))] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_manifests_in_files(path: Path) -> None:
    for manifest in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        assert errors(manifest, KUBERNETES_VERSION) == ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_pods_in_files_are_restricted(path: Path) -> None:
    """Pods comply with the restricted Pod Security Standard, and have resource requests and limits."""
    for manifest in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        pod = manifest.get("spec", {}).get("template", {}).get("spec")
        if pod is None or manifest["kind"] in CUSTOM_RESOURCES:  # the template of a NodePool is that of nodes
            continue
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert container["securityContext"].get("runAsNonRoot", True) is True
        for container in pod.get("initContainers", []):
            more = container["securityContext"]["capabilities"].get("add", [])
            # One that runs as root may only change the owner of files.
            assert container["securityContext"]["capabilities"]["drop"] == ["ALL"]
            assert more == (["CHOWN"] if container["securityContext"].get("runAsUser") == 0 else [])
        for container in (*pod["containers"], *pod.get("initContainers", [])):
            context = container["securityContext"]
            assert (context["allowPrivilegeEscalation"], context["readOnlyRootFilesystem"]) == (False, True)
            assert container["resources"].keys() == {"requests", "limits"}


def test_the_example_application_bears_drains_and_has_the_role_of_the_stack() -> None:
    path = MANIFESTS / "example-application.yaml"
    found = {each["kind"]: each for each in yaml.safe_load_all(path.read_text(encoding="utf-8"))}
    pod = found["Deployment"]["spec"]["template"]
    assert found["ServiceAccount"]["metadata"]["name"] == pod["spec"]["serviceAccountName"] == APPLICATION
    assert {each["metadata"]["namespace"] for each in found.values()} == {"default"}
    labels = found["Deployment"]["spec"]["selector"]["matchLabels"]
    assert pod["metadata"]["labels"] == labels == found["Service"]["spec"]["selector"]
    assert found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    assert found["PodDisruptionBudget"]["spec"]["minAvailable"] < found["Deployment"]["spec"]["replicas"]
    [spread] = pod["spec"]["topologySpreadConstraints"]
    assert spread["labelSelector"]["matchLabels"] == labels
    [container] = pod["spec"]["containers"]
    [port] = [each["name"] for each in container["ports"]]
    assert [each["targetPort"] for each in found["Service"]["spec"]["ports"]] == [port]
    for probe in ("readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"]["port"] == port
    delay = int(container["lifecycle"]["preStop"]["exec"]["command"][-1])
    assert delay < pod["spec"]["terminationGracePeriodSeconds"]


def test_every_file_is_used_or_documented() -> None:
    """A stack applies the manifest, or a page describes it as an example."""
    sources = "\n".join(
        path.read_text(encoding="utf-8")
        for path in [*ROOT.glob("stacks/**/*.py"), *ROOT.glob("constructs/patternbook/eks/**/*.py")]
    )
    pages = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("docs/*.md"))
    for path in FILES:
        where = pages if path.name.startswith("example-") else sources
        assert re.search(rf"\b{re.escape(path.name)}\b", where), path.name


def test_the_validator_finds_defects() -> None:
    manifest = yaml.safe_load((MANIFESTS / "storage-class-gp3.yaml").read_text(encoding="utf-8"))
    assert errors(manifest, KUBERNETES_VERSION) == ""
    assert errors({**manifest, "volumeBinding": "x"}, KUBERNETES_VERSION)
    assert errors({**manifest, "allowVolumeExpansion": "yes"}, KUBERNETES_VERSION)
    assert errors({**manifest, "apiVersion": "storage.k8s.io/v1beta1"}, KUBERNETES_VERSION)
