"""Which precisions a device has instructions for; without them a library would be slow, or silently use another."""

from __future__ import annotations

import torch

_BFLOAT16 = ("avx512bf16", "amx-bf16", "bf16")
"""Names of LLVM: AVX-512 and AMX of x86-64, ARMv8.6."""


def lacks_bfloat16(device: torch.device) -> str:
    """Why bfloat16 is of no use on a device, as a sentence; "" where it is of use."""
    if device.type == "cuda":
        usable = torch.cuda.get_device_capability(device) >= (8, 0)
        return "" if usable else f"{torch.cuda.get_device_name(device)} has no bfloat16 (compute capability 8 has)."
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features()
    if any(features.get(name) for name in _BFLOAT16):
        return ""
    return "This processor has no instructions for bfloat16 (AVX512_BF16, AMX or ARM's BF16)."
