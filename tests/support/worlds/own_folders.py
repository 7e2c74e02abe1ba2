"""Ray's provider of nodes that are processes of one machine, each with a folder of its own, as machines have."""

import tempfile
from typing import Any
from unittest import mock

from ray._private import parameter
from ray.autoscaler._private.fake_multi_node.node_provider import FakeMultiNodeProvider


class OwnFolders(FakeMultiNodeProvider):
    """In a shared folder a node that starts rewrites the job's files, under a driver that runs in them."""

    def create_node_with_resources_and_labels(self, *values: Any, **named: Any) -> Any:
        """Start a node as the provider does."""

        def with_folder(*args: Any, **kwargs: Any) -> parameter.RayParams:
            return params(*args, **kwargs, temp_dir=tempfile.mkdtemp(prefix="n", dir=self.provider_config["folder"]))

        params = parameter.RayParams
        with mock.patch.object(parameter, "RayParams", with_folder):
            return super().create_node_with_resources_and_labels(*values, **named)
