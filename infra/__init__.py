"""Infrastructure as code: settings, one module per stack, shared constructs, template snapshots."""

from infra.node import provide_node

provide_node()  # before any module in this package imports aws_cdk, which starts Node
