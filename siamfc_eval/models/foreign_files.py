"""Files that are taken for weights and are something else: what each is, and what to do about it."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

from siamfc_eval.errors import InputError

LARGEST = 2**31
"""Bytes of tensors above which no network of this family is: the largest has 480 MB."""


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        # The end of the piece that was read may be in the middle of a character.
        if error.start < len(head) - 3:
            return False
        text = head[: error.start].decode("utf-8")
    return all(letter.isprintable() or letter in "\t\r\n" for letter in text)


_KINDS: tuple[tuple[Callable[[bytes], bool], str], ...] = (
    (lambda head: not head, "the file is empty; fetch it again"),
    (
        lambda head: head.startswith(b"version https://git-lfs"),
        "a Git LFS pointer, not the weights themselves; run 'git lfs pull' where it is from",
    ),
    (
        lambda head: head.lstrip()[:1] == b"<",
        "a web page, not weights; a download that needed confirmation was probably saved",
    ),
    (
        lambda head: head[4:8] == b"TFL3",
        "a TFLite network; give its weights as .pth, .safetensors, .h5 or .mat instead",
    ),
    # An ONNX file is a protobuf: a small version, then in this order who made it, a text on it, the graph, operators.
    (
        lambda head: (
            head[:1] == b"\x08" and head[2:3] in {b"\x12", b"\x1a", b"\x22", b"\x2a", b"\x32", b"\x3a", b"\x42"}
        ),
        "an ONNX network, whose weights no longer have their names; give the .pth, .safetensors, .h5 or .mat that it "
        "was exported from",
    ),
    (lambda head: head.startswith(b"\x1f\x8b"), "packed with gzip; unpack it first: gunzip FILE.gz"),
    (lambda head: head[257:262] == b"ustar", "a tar archive; unpack it and give the weights file that is in it"),
    (
        lambda head: head.startswith(b"\x93NUMPY"),
        "an array of NumPy, not weights; expected .safetensors, .pth, .pt, .model, .h5 or .mat",
    ),
    (
        lambda head: head.startswith(b"MATLAB 5.0"),
        "a MATLAB file by its content; if it holds MatConvNet weights, give it the ending .mat",
    ),
    (_is_text, "a text file, not weights; expected .safetensors, .pth, .pt, .model, .h5 or .mat"),
)
"""How each kind begins, and what is said of it."""

HEAD = 512
"""Bytes that tell the kinds apart."""

_OF_TORCH = (b"PK\x03\x04", b"\x80", b"\x89HDF\r\n\x1a\n")
"""How zips, pickles and HDF5 begin, of which one is what holds weights."""


def refuse_other_kinds(path: Path, head: bytes) -> None:
    """Name what is no weights file.

    Args:
        path: for the message.
        head: the file's first `HEAD` bytes.

    Raises:
        InputError: it is of a known other kind.
    """
    for is_this, what in _KINDS:
        if is_this(head):
            raise InputError(f"{path}: {what}")
    if path.suffix == ".onnx":
        raise InputError(
            f"{path}: an ONNX network by its name; give the .pth or .safetensors that it was exported from"
        )
    if not head.startswith(_OF_TORCH) and path.suffix != ".safetensors":
        raise InputError(
            f"{path}: it begins as no weights file does (bytes {head[:8].hex(' ')}), so it is damaged or something "
            "else; expected .safetensors, .pth, .pt, .model, .h5 or .mat"
        )


def check_zip(path: Path) -> None:
    """Check what torch.save wrote as a zip: the checksum of every entry, and no more than weights in it.

    torch itself does not compare the checksums.

    Raises:
        InputError: it is damaged, a TorchScript archive, or larger than any network.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if any(entry.filename.endswith("/constants.pkl") for entry in entries):
                raise InputError(
                    f"{path}: a TorchScript archive, which holds code and weights. Save its tensors alone once: "
                    "torch.save(torch.jit.load(IN, map_location='cpu').state_dict(), OUT)"
                )
            # torch.save puts a pickle and the tensors' bytes into one folder, whatever that is called.
            if not any(entry.filename.endswith("/data.pkl") for entry in entries):
                names = ", ".join(entry.filename for entry in entries[:3])
                raise InputError(
                    f"{path}: a zip that torch.save did not write ({names or 'empty'}); if weights are in it, unpack "
                    "it and give their file"
                )
            size = sum(entry.file_size for entry in entries)
            if size > LARGEST or any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
                raise InputError(
                    f"{path}: a zip of {size:,} bytes when unpacked, {len(entries)} entries; torch.save neither "
                    f"compresses nor has a network of this family more than {LARGEST:,} bytes"
                )
            broken = archive.testzip()
    # The zip module raises whatever a damaged field leads it to.
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError, EOFError) as error:
        raise InputError(
            f"{path}: not readable as PyTorch weights ({error}); the file is damaged, fetch it again"
        ) from error
    if broken is not None:
        raise InputError(f"{path}: the checksum of its entry {broken} is wrong; the file is damaged, fetch it again")
