"""When Linux's TCP does what: schedules computed from the sysctls of the kernel under test.

All times are seconds. The kernel functions named here are those that behave so; RFC 6298 and
RFC 9293, 3.8 are what they implement.
"""

import os

RTO_INITIAL = 1.0   # TCP_TIMEOUT_INIT
RTO_MIN = 0.2       # TCP_RTO_MIN; the RTO of a link whose round trip is microseconds
RTO_MAX = 120.0     # TCP_RTO_MAX

# The one tolerance: a time may differ by the larger of these, and timers may be late by what the
# kernel's timer wheel rounds (kernel/time/timer.c: up to an eighth) on top.
TOLERANCE_SECONDS = 0.020
TOLERANCE_SHARE = 0.15
WHEEL_LATENESS = 0.125
# How late such timers are on the average; decides close calls only (seen on Linux 6.18, 250 Hz).
TYPICAL_LATENESS = 1.03


def bounds(expected):
    """The earliest and the latest that counts as `expected`."""
    slack = max(TOLERANCE_SECONDS, TOLERANCE_SHARE * expected)
    return expected - slack, expected + slack + WHEEL_LATENESS * expected


def kernel_version():
    major, minor = os.uname().release.split(".")[:2]
    return int(major), int("".join(c for c in minor if c.isdigit()) or 0)


class Kernel:
    """The schedules of a kernel with these net.ipv4.* values (names without the prefix)."""

    def __init__(self, values):
        self.values = dict(values)

    def with_values(self, changes):
        """The same kernel with some values changed; names may carry the prefix."""
        short = {name.removeprefix("net.ipv4."): value for name, value in changes.items()}
        return Kernel({**self.values, **short})

    def has(self, name):
        return name in self.values

    def number(self, name, default=0):
        return int(str(self.values.get(name, default)).split()[0])

    def syns(self, retries=None):
        """When SYNs go, and when connect() gives up.

        tcp_write_timeout() grants tcp_syn_linear_timeouts (since 6.5) on top of the retries, but
        not more time than the retries would take with the RTO doubled each time;
        tcp_retransmit_timer() doubles it only after the linear time-outs.
        """
        if retries is None:
            retries = self.number("tcp_syn_retries", 6)
        linear = self.number("tcp_syn_linear_timeouts", 0)
        limit = self.model_timeout(retries, RTO_INITIAL)
        times, now, rto = [0.0], 0.0, RTO_INITIAL
        while True:
            now += rto
            retransmitted = len(times) - 1
            if retransmitted >= retries + linear or (retransmitted and now >= limit - 1e-9):
                return times, now
            times.append(now)
            if retransmitted + 1 > linear:
                rto = min(2 * rto, RTO_MAX)

    def syns_until(self, user_timeout, retries=None):
        """The same with TCP_USER_TIMEOUT (tcp_clamp_rto_to_user_timeout())."""
        times, end = self.syns(retries)
        return [t for t in times if t < user_timeout], min(end, user_timeout)

    def syn_acks(self, retries=None):
        """When SYN-ACKs go that nobody answers, and when the request is forgotten
        (reqsk_timer_handler())."""
        if retries is None:
            retries = self.number("tcp_synack_retries", 5)
        times, now, rto = [], 0.0, RTO_INITIAL
        for _ in range(retries + 1):
            times.append(now)
            now += rto
            rto = min(2 * rto, RTO_MAX)
        return times, now

    def deferred_syn_ack(self, seconds):
        """When the SYN-ACK goes again with TCP_DEFER_ACCEPT of so many seconds
        (secs_to_retrans(), syn_ack_recalc())."""
        periods, reached, timeout = 1, RTO_INITIAL, RTO_INITIAL
        while seconds > reached and periods < 255:
            periods += 1
            timeout = min(2 * timeout, RTO_MAX)
            reached += timeout
        return reached

    def data(self, count, rto=RTO_MIN, tail_loss_probe=False):
        """When data that nobody acknowledges is sent: the first time and `count` more.

        A tail loss probe (RFC 8985, 7; net.ipv4.tcp_early_retrans) comes when the RTO would, and
        restarts it without backing off.
        """
        times, now = [0.0], 0.0
        for n in range(count):
            now += rto
            times.append(now)
            if not (tail_loss_probe and n == 0):
                rto = min(2 * rto, RTO_MAX)
        return times

    def data_give_up(self, retries=None, rto=RTO_MIN):
        """When unacknowledged data fails with ETIMEDOUT, and how many transmissions were made.

        retransmits_timed_out(): at the first time-out that comes tcp_model_timeout() after the
        first retransmission (tp->retrans_stamp). With more than one retry that is a close call,
        which the lateness of the timers decides.
        """
        if retries is None:
            retries = self.number("tcp_retries2", 15)
        limit = self.model_timeout(retries)
        now, sent, stamp = 0.0, 1, None
        while True:
            now += rto
            if stamp is not None and (now - stamp) * TYPICAL_LATENESS >= limit - 1e-9:
                return now, sent
            if stamp is None:
                stamp = now
            sent += 1
            rto = min(2 * rto, RTO_MAX)

    @staticmethod
    def model_timeout(retries, rto=RTO_MIN):
        """tcp_model_timeout(): what the retries and the wait after the last of them take."""
        total = 0.0
        for _ in range(retries + 1):
            total += rto
            rto = min(2 * rto, RTO_MAX)
        return total

    @staticmethod
    def user_timeout(user_timeout, rto=RTO_MIN):
        """The same with TCP_USER_TIMEOUT, which counts from the first retransmission; for a closed
        window from the first probe, whether probes are answered or not (tcp_probe_timer())."""
        return rto + user_timeout

    @staticmethod
    def keepalive(idle, interval, count):
        """When probes go after the last segment that arrived, and when RST and ETIMEDOUT come."""
        probes = [idle + n * interval for n in range(count)]
        return probes, idle + count * interval

    @staticmethod
    def keepalive_user_timeout(idle, interval, user_timeout):
        """tcp_keepalive_timer(): TCP_USER_TIMEOUT replaces the count; it is looked at when a
        probe is due, and needs one that was not answered."""
        probes, now = [], idle
        while not probes or now < user_timeout:
            probes.append(now)
            now += interval
        return probes, now

    @staticmethod
    def persist(count, rto=RTO_MIN):
        """When window probes go after the data that did not fit was written (tcp_probe0_base(),
        tcp_probe0_when()). Unanswered, ETIMEDOUT comes instead of probe number tcp_retries2 + 1."""
        times, now = [], 0.0
        for _ in range(count):
            now += rto
            times.append(now)
            rto = min(2 * rto, RTO_MAX)
        return times
