"""Where the peer and the program are: over which link, and in which family of addresses."""

PEER = "198.18.0.2"     # the peer's address; an IPv6 one where the tests run over IPv6
PEER6 = "2001:2::2"
PROGRAM = "198.18.0.1"  # the program's own
PROGRAM6 = "2001:2::1"
HOST = PEER             # the peer's address as a URL has it
MSS = 1460              # of either end: what the MTU of 1500 leaves
NO_MSS = 536            # where an end announces none (RFC 9293, 3.7.1)
TABLE = "/proc/net/tcp"  # the kernel's sockets
FAMILY = "ipv4"

LOOPBACK = {"PEER": "127.0.0.1", "PEER6": "::1", "PROGRAM": "127.0.0.1", "PROGRAM6": "::1",
            "HOST": "127.0.0.1"}


def of(link, family):
    """What these names are to stand for."""
    names = {"PEER6": PEER6, "PROGRAM6": PROGRAM6, **(LOOPBACK if link == "loopback" else {})}
    if family == "ipv6":
        names.update(PEER=names["PEER6"], PROGRAM=names["PROGRAM6"], HOST=f"[{names['PEER6']}]",
                     MSS=1440, NO_MSS=1220, TABLE="/proc/net/tcp6", FAMILY="ipv6")
    return names


def link_options(link, others=()):
    """What makes the links alike: an MTU of 1500, where that is not the link's own."""
    alike = ["--mtu", "1500"] if link == "loopback" and "--mtu" not in others else []
    return ["--link", link, *alike]
