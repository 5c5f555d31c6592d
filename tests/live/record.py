"""What an event stream and the probe say, a line each, as values."""

import os


class Record(dict):
    """One event or one line of the probe, fields as attributes; absent ones are None."""

    def __getattr__(self, name):
        return self.get(name)

    @property
    def rule_name(self):
        """`keepalive-blackhole` of the rule that decided the segment's fate."""
        file = (self.get("rule") or {}).get("file", "")
        return os.path.basename(file).removesuffix(".yaml")


def matches(record, fields):
    for name, wanted in fields.items():
        value = record.get(name)
        if callable(wanted):
            if value is None or not wanted(value):
                return False
        elif isinstance(wanted, (list, tuple, set)):
            if value not in wanted:
                return False
        elif value != wanted:
            return False
    return True
