import json, sys, time
import redis
r = redis.Redis("198.18.0.2", **json.loads(sys.argv[1]))
print("ping", r.ping())
time.sleep(1)
began = time.monotonic()
try:
    print("ping", r.ping())
except redis.RedisError as error:
    print(f"{type(error).__name__} after {time.monotonic() - began:.0f} s")
