import time
import urllib3
pool = urllib3.HTTPConnectionPool("198.18.0.2", 80)
for _ in range(2):
    try:
        print("answer", pool.request("GET", "/", retries=0).status)
    except urllib3.exceptions.HTTPError as error:
        print(f"{type(error).__name__}: {error}")
    time.sleep(0.5)
