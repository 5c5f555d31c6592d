"""Expectations of a profile as Python: `see("receive rst", within="15s of start")`."""


def _entry(form, what, more):
    return {form: what, **{key: value for key, value in more.items() if value is not None}}


def see(event, *, times=None, within=None, apart=None, when=None, tolerance=None):
    """That the event comes up, once or more, or so many times."""
    return _entry("see", event, {"times": times, "within": within, "apart": apart, "when": when,
                                 "tolerance": tolerance})


def never(event, *, within=None, when=None, tolerance=None):
    """That it does not."""
    return _entry("never", event, {"within": within, "when": when, "tolerance": tolerance})


def attempts(count, *, apart=None, when=None, tolerance=None):
    """That so many connections are begun."""
    return _entry("attempts", count, {"apart": apart, "when": when, "tolerance": tolerance})


def outcome(word, *, times=None, within=None, when=None, tolerance=None):
    """That the program's side of its connections ends so."""
    return _entry("outcome", word, {"times": times, "within": within, "when": when,
                                    "tolerance": tolerance})
