"""Libraries that a test builds, to stand in the place of others or of the C library's calls."""

import os
import subprocess


def build(t, name, source, *options):
    t.need("cc")
    library = t.path(f"{name}.so")
    subprocess.run(["cc", "-shared", "-fPIC", "-w", *options, "-o", library,
                    t.write(f"{name}.c", source)], check=True)
    return library


def environment(library):
    """Loads it before all others; AddressSanitizer wants to be the first, and need not be."""
    asan = os.environ.get("ASAN_OPTIONS", "")
    return {"LD_PRELOAD": library, "ASAN_OPTIONS": f"{asan}:verify_asan_link_order=0".strip(":")}
