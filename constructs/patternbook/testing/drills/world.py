"""The state of a stack in one minute, and the resources of a template that report it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any, Final, Literal

from patternbook.testing.drills.alarms import Metric, Samples, Telemetry
from patternbook.testing.drills.emitters.app_runner import AppRequests
from patternbook.testing.drills.emitters.asynchronous import AsynchronousFunction, Work
from patternbook.testing.drills.emitters.aurora import AuroraCluster, Load
from patternbook.testing.drills.emitters.aws_lambda import Calls, Function
from patternbook.testing.drills.emitters.cloudformation import StackResource
from patternbook.testing.drills.emitters.cloudfront import Views
from patternbook.testing.drills.emitters.data_stream import Flow
from patternbook.testing.drills.emitters.ecs import EcsService, Tasks
from patternbook.testing.drills.emitters.efs import Files, FileSystem
from patternbook.testing.drills.emitters.eks import Kubernetes
from patternbook.testing.drills.emitters.event_pipeline import Batches, Deliveries
from patternbook.testing.drills.emitters.fsx import Storage
from patternbook.testing.drills.emitters.load_balancers import ApplicationLoadBalancer, NetworkLoadBalancer
from patternbook.testing.drills.emitters.reports import Report
from patternbook.testing.drills.emitters.sqs import Messages, Queue
from patternbook.testing.drills.emitters.traffic import Traffic
from patternbook.testing.drills.emitters.web_api import Capacity, Outcome, Requests, SignIns
from patternbook.testing.drills.intrinsics import EXPRESS, INGRESS, Names
from patternbook.testing.drills.parts.clusters import cluster_emitters
from patternbook.testing.drills.parts.edge import edge_emitters
from patternbook.testing.drills.parts.pipeline import pipeline_emitters
from patternbook.testing.drills.parts.streams import interval_of, stream_emitters, stream_parts
from patternbook.testing.drills.parts.web import web_emitters
from patternbook.testing.drills.parts.workflow import Orders, workflow_parts

Role = Literal["main", "worker", "database", "migration", "workflow", "cluster", "app", "repository"]
"""The service that clients reach, or the only one; the one that takes messages from the queue; a database cluster; the
custom resource that migrates the schema of a database; a workflow, and the cluster in which it runs tasks; a service of
App Runner; and a repository of images."""

Sent = Callable[[Any], Mapping[str, Any]]
"""An event that the emitter of a role sends to EventBridge."""


SCHEMA: Final = "Custom::DatabaseSchema"


@dataclass(frozen=True)
class Minute:
    """One minute. The defaults are a stack that works, with ten requests per second."""

    main: Tasks = field(default_factory=Tasks)
    worker: Tasks = field(default_factory=Tasks)
    traffic: Traffic = field(default_factory=lambda: Traffic(answered=600))
    queue: Messages = field(default_factory=lambda: Messages(in_flight=2, oldest_seconds=5, sent=60, deleted=60))
    dead_letters: Messages = field(default_factory=lambda: Messages(active=False))
    files: Files = field(default_factory=Files)
    load: Load = field(default_factory=Load)
    """The load of the database."""
    max_acu: float = 8
    pauses: bool = False
    """Whether the database pauses when nobody uses it."""
    calls: Calls = field(default_factory=lambda: Calls(done=60))
    """Calls of the function that uses the database, by its alias."""
    migrations: Calls = field(default_factory=Calls)
    """Calls of the function that migrates the database and rotates the secret."""
    api: Requests = field(default_factory=lambda: Requests(Outcome(answered=600)))
    table: Capacity = field(default_factory=Capacity)
    sign_ins: SignIns = field(default_factory=lambda: SignIns(successes=10, failures=1))

    views: Views = field(default_factory=Views)
    """Requests to a distribution of CloudFront."""
    app: AppRequests = field(default_factory=AppRequests)
    """Requests to a service of App Runner."""
    max_instances: int = 1
    """The highest number of instances of that service."""

    work: Work = field(default_factory=Work)
    """Calls of a function that processes events asynchronously."""
    batches: Batches = field(default_factory=Batches)
    deliveries: Deliveries = field(default_factory=Deliveries)
    flow: Flow = field(default_factory=Flow)
    orders: Orders = field(default_factory=Orders)

    kubernetes: Kubernetes = field(default_factory=Kubernetes)
    storage: Storage = field(default_factory=Storage)
    """The file systems of FSx."""
    node_events: Messages = field(default_factory=Messages)
    """The queue of events about nodes that come and go."""

    fewest: int = 2
    """The lowest number of tasks that a schedule asks of the main service, at any time."""

    def tasks(self, role: Role, **changes: Any) -> Minute:
        """This minute with other tasks of a service."""
        return replace(self, **{role: replace(getattr(self, role), **changes)})

    def database(self, **changes: Any) -> Minute:
        """This minute with another load of the database."""
        return replace(self, load=replace(self.load, **changes))

    def clients(self, **changes: Any) -> Minute:
        """This minute with other traffic. Nobody sends requests unless the changes say so."""
        return replace(self, traffic=replace(self.traffic, **{"answered": 0, **changes}))


class World:
    """The resources of a template that report metrics and events. It knows them by their types."""

    def __init__(self, template: Mapping[str, Any]) -> None:
        self._names = Names(template)
        self._template = template
        self.services = self._services()
        self._load_balancer = self._find_load_balancer()
        self._clusters = cluster_emitters(template, self._names)
        self._workflow = workflow_parts(template, self._names)
        queues = self._of_type("AWS::SQS::Queue")
        if self._workflow or self._clusters.clusters:  # people, or a handler of nodes, work their queues off
            queues = {}
        self._queues = [Queue(name) for name, properties in queues.items() if "RedrivePolicy" in properties]
        self._dead_letters = [Queue(name) for name, properties in queues.items() if "RedrivePolicy" not in properties]
        self._web = web_emitters(template, self._names)
        self._pipeline = pipeline_emitters(template, self._names)
        self._edge = edge_emitters(template, self._names)
        self._streams = stream_emitters(template, self._names)
        self._work = list(self._asynchronous_functions())
        self._file_systems = [FileSystem(name) for name in self._of_type("AWS::EFS::FileSystem")]
        self._database = self._find_database()
        self.senders: dict[Role, Any] = {
            **self.services,
            **self._database_senders(),
            **self._edge.senders,
            **({"workflow": self._workflow.machine, "cluster": self._workflow.cluster} if self._workflow else {}),
        }
        """The emitters of events, by role."""

    @cached_property
    def calm(self) -> Minute:
        """A minute in which everything works, with the tasks that the template asks for."""
        minute = Minute()
        for role in self.services:
            count = self._desired(role)
            minute = minute.tasks(role, desired=count, running=count)
        if self._database:
            pauses = self._scaling["MinCapacity"] == 0
            minute = replace(minute, max_acu=self._database.max_acu, pauses=pauses)
            minute = minute.database(instances=len(self._database.instances))
        minute = replace(minute, max_instances=self._edge.max_instances)
        minute = replace(minute, flow=replace(minute.flow, interval=interval_of(self._template)))
        traffic = replace(minute.traffic, healthy=minute.main.desired)
        return replace(minute, traffic=traffic, fewest=min([minute.main.desired, *self._scheduled()]))

    @property
    def parts(self) -> set[str]:
        """The features of the stack that events may need and that not every stack has."""
        return {
            *(["tasks"] if self.services and self.calm.main.desired else []),
            *(["api"] if self._web.apis else []),
            *(["pipeline"] if self._pipeline.consumers else []),
            *self._edge.parts,
            *stream_parts(self._template),
            *(["work"] if self._work else []),
            *(["provisioned"] if self._work and self._provisions() else []),
            *(["workflow"] if self._workflow else []),
            *(["files"] if self._file_systems and not self._clusters.clusters else []),
            *self._clusters.parts,
            *(["readers"] if self._database and len(self._database.instances) > 1 else []),
        }

    def telemetry(self, minutes: Mapping[int, Minute], metrics: Collection[Metric]) -> Telemetry:
        """The samples of some metrics that are sent in these minutes."""

        @cache
        def report(minute: Minute) -> Report:
            return {metric: samples for metric, samples in self._report(minute).items() if metric in metrics}

        sent: dict[Metric, dict[int, Samples]] = defaultdict(dict)
        for number, minute in minutes.items():
            for metric, samples in report(minute).items():
                sent[metric][number] = samples
        return sent

    def _report(self, minute: Minute) -> Report:
        sent: Report = {}
        for role, service in self.services.items():
            sent |= service.metrics(getattr(minute, role))
        if self._load_balancer:
            sent |= self._load_balancer.metrics(minute.traffic)
        for queue in self._queues:
            sent |= queue.metrics(minute.queue)
        for queue in self._dead_letters:
            sent |= queue.metrics(minute.dead_letters)
        for file_system in self._file_systems:
            sent |= file_system.metrics(minute.files)
        sent |= self._pipeline.metrics(minute.batches, minute.deliveries)
        sent |= self._edge.metrics(minute.views, minute.app)
        sent |= self._clusters.metrics(minute.kubernetes, minute.storage, minute.node_events)
        for stream in self._streams:
            sent |= stream.metrics(minute.flow)
        for function in self._work:
            sent |= function.metrics(minute.work)
        if self._workflow:
            sent |= self._workflow.metrics(minute.orders)
        if self._database:
            sent |= self._database.metrics(minute.load)
            sent |= self._function("AWS::Lambda::Alias", "FunctionName", "live").metrics(minute.calls)
            sent |= self._function(SCHEMA, "ServiceToken").metrics(minute.migrations)
        return sent | self._web.metrics(minute.api, minute.table, minute.sign_ins)

    def _of_type(self, resource_type: str) -> dict[str, dict[str, Any]]:
        resources = self._template["Resources"].items()
        return {name: body.get("Properties", {}) for name, body in resources if body["Type"] == resource_type}

    def _find_database(self) -> AuroraCluster | None:
        for name in self._of_type("AWS::RDS::DBCluster"):
            instances = list(self._of_type("AWS::RDS::DBInstance"))
            return AuroraCluster(self._names.of({"Ref": name}), instances, self._scaling["MaxCapacity"])
        return None

    @property
    def _scaling(self) -> Mapping[str, Any]:
        [cluster] = self._of_type("AWS::RDS::DBCluster").values()
        return cluster["ServerlessV2ScalingConfiguration"]

    def _database_senders(self) -> dict[Role, Any]:
        if self._database is None:
            return {}
        [schema] = self._of_type(SCHEMA)
        stack = self._names.of({"Ref": "AWS::StackId"})
        return {"database": self._database, "migration": StackResource(stack, schema, SCHEMA)}

    def _function(self, resource_type: str, key: str, alias: str | None = None) -> Function:
        """The function that a property of the one resource of a type names, by name or ARN."""
        [properties] = self._of_type(resource_type).values()
        return Function(self._names.of(properties[key]).partition(".")[0], alias)

    def _asynchronous_functions(self) -> Iterator[AsynchronousFunction]:
        """The functions that send the events which they cannot process to a destination."""
        for config in self._of_type("AWS::Lambda::EventInvokeConfig").values():
            if "DestinationConfig" in config:
                name = self._names.of(config["FunctionName"])
                aliases = self._of_type("AWS::Lambda::Alias").values()
                [alias] = [each for each in aliases if self._names.of(each["FunctionName"]) == name]
                yield AsynchronousFunction(
                    name,
                    alias["Name"],
                    self._names.of(alias["FunctionVersion"]),
                    self._of_type("AWS::Lambda::Function")[name]["Timeout"],
                    config["MaximumEventAgeInSeconds"],
                )

    def _provisions(self) -> bool:
        """Whether environments are provisioned, by the alias or by scaling."""
        aliases = self._of_type("AWS::Lambda::Alias").values()
        targets = self._of_type("AWS::ApplicationAutoScaling::ScalableTarget").values()
        scaled = [each for each in targets if each["ScalableDimension"] == "lambda:function:ProvisionedConcurrency"]
        return bool(scaled) or any("ProvisionedConcurrencyConfig" in each for each in aliases)

    def _services(self) -> dict[Role, EcsService]:
        found: dict[Role, EcsService] = {}
        services = {**self._of_type("AWS::ECS::Service"), **self._of_type(EXPRESS)}
        for name, properties in services.items():
            alone = len(services) == 1 or bool(properties.get("LoadBalancers"))
            arn = self._names.of({"Fn::GetAtt": [name, "ServiceArn"]})
            found["main" if alone else "worker"] = EcsService(self._names.of(properties["Cluster"]), name, arn)
        return found

    def _desired(self, role: Role) -> int:
        service = self.services[role]
        properties = {**self._of_type("AWS::ECS::Service"), **self._of_type(EXPRESS)}[service.name]
        for target in self._of_type("AWS::ApplicationAutoScaling::ScalableTarget").values():
            if service.name in str(target["ResourceId"]):
                return target["MinCapacity"]
        return properties.get("DesiredCount") or properties.get("ScalingTarget", {}).get("MinTaskCount", 0)

    def _scheduled(self) -> list[int]:
        """The minima that schedules set for the main service."""
        if "main" not in self.services:
            return []
        return [
            action["ScalableTargetAction"]["MinCapacity"]
            for target in self._of_type("AWS::ApplicationAutoScaling::ScalableTarget").values()
            if self.services["main"].name in str(target["ResourceId"])
            for action in target.get("ScheduledActions", [])
        ]

    def _find_load_balancer(self) -> ApplicationLoadBalancer | NetworkLoadBalancer | None:
        names = self._names.of
        for name in self._of_type(EXPRESS):
            balancer = names({"Fn::GetAtt": [name, f"{INGRESS}.LoadBalancerArn"]})
            [targets] = names({"Fn::GetAtt": [name, f"{INGRESS}.TargetGroupArns"]})
            return ApplicationLoadBalancer(balancer.partition(":loadbalancer/")[2], targets.rpartition(":")[2])
        for name, properties in self._of_type("AWS::ElasticLoadBalancingV2::LoadBalancer").items():
            [group] = self._of_type("AWS::ElasticLoadBalancingV2::TargetGroup")
            network = properties.get("Type") == "network"
            kind = NetworkLoadBalancer if network else ApplicationLoadBalancer
            return kind(
                names({"Fn::GetAtt": [name, "LoadBalancerFullName"]}),
                names({"Fn::GetAtt": [group, "TargetGroupFullName"]}),
            )
        return None
