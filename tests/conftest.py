"""Before any test module: jsii is pointed at the Node of this environment."""

import patternbook  # noqa: F401 - before aws_cdk
