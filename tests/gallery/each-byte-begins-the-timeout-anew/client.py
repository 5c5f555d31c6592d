import time
import requests
began = time.monotonic()
try:
    print("answer", requests.get("http://198.18.0.2/", timeout=3).status_code, end=" ")
except requests.RequestException as error:
    print(type(error).__name__, end=" ")
print(f"after {time.monotonic() - began:.0f} s")
