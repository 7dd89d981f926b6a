"""The metrics and events that each AWS service sends, from its documentation.

An emitter gets the names of its resources and what is true in a minute. It returns every metric that the service sends
then. What it leaves out matters as much: no alarm sees a metric that is not sent.
"""
