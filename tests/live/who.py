"""As whom the tests run, where that matters."""


def needs_root(t):
    if t.environment.uid != 0:
        t.skip("the tests as root need root")


def is_no_root(t):
    if t.environment.uid == 0:
        t.skip("this holds for ordinary users alone")
