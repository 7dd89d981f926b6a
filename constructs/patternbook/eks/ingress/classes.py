"""Ingress classes: what all load balancers of a class have in common, so that an Ingress cannot choose otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from constructs import Construct, IDependable

from patternbook.eks.cluster import EksCluster
from patternbook.eks.manifests import MANIFESTS, read_manifests

Scheme = Literal["internal", "internet-facing"]
DROP_INVALID_HEADERS: Final = {"routing.http.drop_invalid_header_fields.enabled": "true"}
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html"""


@dataclass(frozen=True, kw_only=True)
class IngressClass:
    """Properties that every Ingress of this class gets, whatever its annotations say.

    :param name: the value of ``ingressClassName`` in an Ingress.
    :param scheme: ``internal`` load balancers are in private subnets, ``internet-facing`` ones in public subnets. A
        change replaces the load balancers of the class, and with them their DNS names.
    :param certificate_arns: ARNs of ACM certificates in the Region of the cluster. The first is the default one. With
        none, an Ingress serves HTTP, or the controller looks for certificates in ACM by the Ingress's host names.
    :param subnet_ids: one subnet in each of at least two AZs. By default, controllers choose subnets by their tags. A
        VPC that exists may lack the tags.
    :param attributes: attributes of the load balancers.
    :raises ValueError: for a scheme that does not exist, a text in place of a list, or a single subnet.
    """

    name: str = "alb"
    scheme: Scheme = "internal"
    certificate_arns: Sequence[str] = ()
    subnet_ids: Sequence[str] = ()
    attributes: Mapping[str, str] = field(default_factory=lambda: dict(DROP_INVALID_HEADERS))

    def __post_init__(self) -> None:
        if self.scheme not in get_args(Scheme):
            raise ValueError(f"scheme must be one of {', '.join(get_args(Scheme))}, got {self.scheme!r}.")
        for name in ("certificate_arns", "subnet_ids"):
            given = getattr(self, name)
            if isinstance(given, str):
                raise ValueError(f"{name} must be a list, got {given!r}. Write [{given!r}].")
        if len(self.subnet_ids) == 1:
            raise ValueError(
                f"subnet_ids must list subnets in at least two AZs, got {self.subnet_ids[0]!r} only. Add a subnet of "
                "another AZ, or leave the list out."
            )

    def controller_spec(self) -> dict[str, Any]:
        """The specification of an IngressClassParams of the AWS Load Balancer Controller.

        https://kubernetes-sigs.github.io/aws-load-balancer-controller/v2.13/guide/ingress/ingress_class
        """
        return self._spec("certificateArn")

    def auto_mode_spec(self) -> dict[str, Any]:
        """The specification of an IngressClassParams of Auto Mode. It has fewer fields, and other names for some.

        https://docs.aws.amazon.com/eks/latest/userguide/auto-configure-alb.html
        """
        return self._spec("certificateARNs")

    def _spec(self, certificates: str) -> dict[str, Any]:
        spec: dict[str, Any] = {"scheme": self.scheme}
        if self.certificate_arns:
            spec[certificates] = list(self.certificate_arns)
        if self.subnet_ids:
            spec["subnets"] = {"ids": list(self.subnet_ids)}
        if self.attributes:
            spec["loadBalancerAttributes"] = [{"key": key, "value": value} for key, value in self.attributes.items()]
        return spec


class AutoModeIngress(Construct):
    """An ingress class of the load balancing that EKS Auto Mode brings. Auto Mode has no class of its own, so without
    one an Ingress gets no load balancer.

    Delete the Ingresses of the class before it: they cannot go without their class.
    https://docs.aws.amazon.com/eks/latest/userguide/auto-configure-alb.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: EksCluster,
        ingress_class: IngressClass | None = None,
        after: Sequence[IDependable] = (),
    ) -> None:
        """:param cluster: a cluster in Auto Mode, with ``kubectl``.
        :param ingress_class: defaults to the class ``alb`` of internal load balancers.
        :raises ValueError: for a cluster that is not in Auto Mode, or was made without ``kubectl``.
        """
        if not cluster.auto_mode:
            raise ValueError(
                "cluster must be in Auto Mode, got a cluster without it. Use LoadBalancerController, or make the "
                "cluster with auto_mode=True."
            )
        kubectl = cluster.kubectl
        super().__init__(scope, construct_id)
        self.ingress_class = ingress_class or IngressClass()
        parameters, found = read_manifests(MANIFESTS / "ingress-class-auto.yaml", Name=self.ingress_class.name)
        parameters["spec"] = self.ingress_class.auto_mode_spec()
        # A second class of this name is refused here.
        self.manifest = kubectl.apply(f"IngressClass-{self.ingress_class.name}", [parameters, found], after=after)
        """The applied class. Manifests with Ingresses come after it."""
