module ghostpeer.invalid/ghostpeertest

go 1.19
