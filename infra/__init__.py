"""The cloud as code: settings, one file a stack, shared constructs, template snapshots."""

from infra.node import provide_node

provide_node()  # before any module here imports aws_cdk, which starts Node
