"""Running a network: devices by name, work shared without changing its order."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from siamfc_eval.datasets.frames import Frame
from siamfc_eval.errors import InputError
from siamfc_eval.models.siamese import FullyConvolutional
from siamfc_eval.tracking.families.siamese.inference import Inference, resolve_device


def test_auto_is_a_device_that_is_there() -> None:
    assert resolve_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("name", ["toaster", "cuda:99"])
def test_a_device_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=f"device '{name}' cannot be used"):
        resolve_device(name)


def test_the_given_network_is_left_as_it_is(matched_network: Callable[..., FullyConvolutional]) -> None:
    network = matched_network().train()
    inference = Inference(network, "cpu")
    assert network.training
    assert not inference.network.training
    assert all(parameter.requires_grad for parameter in network.parameters())


@pytest.mark.gpu
@pytest.mark.usefixtures("card")
def test_the_gpu_answers_as_the_cpu_does(
    matched_network: Callable[..., FullyConvolutional], blob_at: Callable[..., Frame]
) -> None:
    import numpy as np

    from siamfc_eval.tracking.families.siamfc.tracker import SiamFCTracker

    start = np.array([160.0, 120.0, 63.5, 63.5])
    regions = []
    for device in ("cpu", "cuda"):
        tracker = SiamFCTracker("m", matched_network(), device=device)
        states = tracker.init_batch([blob_at(start)] * 6, [start] * 6)
        found = tracker.update_batch(states, [blob_at(start, 3.0 * index, index) for index in range(6)])
        regions.append([output.region for _, output in found])
    np.testing.assert_allclose(regions[0], regions[1], atol=1e-2)
