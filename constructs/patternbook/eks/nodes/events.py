"""EC2's events about nodes that will go, and the queue from which a controller in the cluster takes them."""

from collections.abc import Mapping
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from patternbook.nag import acknowledge

KEEP_EVENTS: Final = cdk.Duration.minutes(20)
"""Retention of events. An older one is about a node that is gone."""


def spot_interruptions() -> events.EventPattern:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html"""
    return events.EventPattern(source=["aws.ec2"], detail_type=["EC2 Spot Instance Interruption Warning"])


def scheduled_maintenance() -> events.EventPattern:
    """https://docs.aws.amazon.com/health/latest/ug/aws-health-concepts-and-terms.html"""
    return events.EventPattern(
        source=["aws.health"],
        detail_type=["AWS Health Event"],
        detail={"service": ["EC2"], "eventTypeCategory": ["scheduledChange"]},
    )


def event_queue(scope: Construct, construct_id: str) -> sqs.Queue:
    """A queue of events. It takes them over TLS only, and encrypts them at rest.

    Not by a key of the stack, because EventBridge would need it, and events have nothing but ids of instances. And no
    dead-letter queue: a controller may receive an event again and again until it is done. After a few times, a redrive
    policy would take it away: https://github.com/aws/aws-node-termination-handler/issues/1205
    """
    queue = sqs.Queue(
        scope,
        construct_id,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=KEEP_EVENTS,
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    acknowledge(queue, "SQS3", "The controller receives an event until it is done. Then the node is gone.")
    return queue


def send_events(scope: Construct, queue: sqs.Queue, patterns: Mapping[str, events.EventPattern]) -> list[events.Rule]:
    """Rules that send events to a queue, whose policy admits each of them.

    :param patterns: patterns by the ids of their rules.
    """
    return [
        events.Rule(
            scope,
            name,
            description=f"Events of nodes that come or go: {name.lower()}",
            event_pattern=pattern,
            targets=[targets.SqsQueue(queue)],  # ty: ignore[invalid-argument-type]
        )
        for name, pattern in patterns.items()
    ]


def event_age(queue: sqs.Queue) -> cloudwatch.Metric:
    """Age of the oldest event that the controller has not finished, in seconds."""
    return queue.metric_approximate_age_of_oldest_message(statistic="max", period=cdk.Duration.minutes(1))
