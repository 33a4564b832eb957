"""Plain cross-correlation, the head of the SiamFC family."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from siamfc_eval.errors import InputError


def correlate_kernels(kernels: Tensor, searches: Tensor) -> Tensor:
    """Correlate each target's kernels with its own search features, over all channels.

    One matrix product gives what every kernel cell answers to every search cell; the answers are then added along the
    kernel's cells. On a CPU this is some ten times faster for a batch than the usual convolution with one group per
    sample, and twice as fast for one sample.

    Args:
        kernels: (n, out, c, h, w).
        searches: (n * k, c, H, W): k search regions in a row for each target.

    Returns:
        (n * k, out, H - h + 1, W - w + 1).
    """
    count, out, channels, height, width = kernels.shape
    total, _, search_height, search_width = searches.shape
    scales = total // count
    rows, columns = search_height - height + 1, search_width - width + 1
    cells = kernels.permute(0, 1, 3, 4, 2).reshape(count, 1, out * height * width, channels)
    answers = torch.matmul(cells, searches.flatten(2).reshape(count, scales, channels, search_height * search_width))
    answers = answers.reshape(total, out, height, width, search_height, search_width)
    if answers.device.type != "cpu" and not torch.is_grad_enabled():
        return sum_along_cells(answers, rows, columns)
    response = answers[:, :, 0, 0, :rows, :columns]
    for row in range(height):
        for column in range(width):
            if row or column:
                response = response + answers[:, :, row, column, row : row + rows, column : column + columns]
    return response


def sum_along_cells(answers: Tensor, rows: int, columns: int) -> Tensor:
    """Each kernel cell's answer at the place that it looks at, added over the cells, by one operation.

    On a graphics card an operation for each cell costs more time to be asked for than to be done. The order in which
    cells are added differs from that on a CPU.

    Args:
        answers: (n, out, h, w, H, W), contiguous.
        rows, columns: of the response.

    Returns:
        (n, out, rows, columns): the sums over i, j of answers[:, :, i, j, i + row, j + column].
    """
    count, out, height, width, _, _ = answers.shape
    of_sample, of_kernel, of_row, of_column, down, across = answers.stride()
    along = (of_sample, of_kernel, of_row + down, of_column + across, down, across)
    return answers.as_strided((count, out, height, width, rows, columns), along).sum(dim=(2, 3))


def cross_correlate(exemplars: Tensor, searches: Tensor) -> Tensor:
    """Slide every exemplar's features over its own search features, never over another sample's.

    Args:
        exemplars: (n, c, h, w).
        searches: (n * k, c, H, W): k search regions (scales) in a row for each exemplar; k = 1 is the plain case.

    Returns:
        (n * k, 1, H - h + 1, W - w + 1), unscaled sums of products.

    Raises:
        InputError: the shapes do not belong together.
    """
    count, channels, height, width = exemplars.shape
    total, search_channels, search_height, search_width = searches.shape
    if count == 0 or total % count or channels != search_channels or search_height < height or search_width < width:
        raise InputError(
            f"cross-correlation of exemplar features {tuple(exemplars.shape)} with search features "
            f"{tuple(searches.shape)}: equal channels, a multiple of the exemplars' count and a larger map are expected"
        )
    return correlate_kernels(exemplars.unsqueeze(1), searches)


class Correlation(nn.Module):
    """Cross-correlation times a constant, with an optional learned adjustment.

    Args:
        scale: the constant: 0.001 in siamfc-pytorch, 0.1 in SiamDW's Corr_Up, 1 in SiameseX's effective code.
        adjust: "none"; "bias" (the paper's b, a learned scalar added to the map); "affine" (learned gain and bias,
            MatConvNet's fin_adjust); "batch_norm" (BatchNorm2d(1), SiamVGG).
    """

    def __init__(self, scale: float = 1.0, adjust: str = "none") -> None:
        super().__init__()
        self.scale = scale
        self.adjust: nn.Module
        if adjust == "batch_norm":
            self.adjust = nn.BatchNorm2d(1)
        elif adjust in ("bias", "affine"):
            self.adjust = _Affine(has_gain=adjust == "affine")
        elif adjust == "none":
            self.adjust = nn.Identity()
        else:
            raise ValueError(f"adjust is none, bias, affine or batch_norm, not '{adjust}'")

    def forward(self, exemplars: Tensor, searches: Tensor) -> Tensor:
        response = cross_correlate(exemplars, searches) * self.scale
        adjusted: Tensor = self.adjust(response)
        return adjusted


class _Affine(nn.Module):
    """gain * response + bias with scalar parameters; without a gain the parameter does not exist."""

    def __init__(self, *, has_gain: bool) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(())) if has_gain else None
        self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, response: Tensor) -> Tensor:
        return response + self.bias if self.gain is None else response * self.gain + self.bias
