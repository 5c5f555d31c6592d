import json, sys, time
import pymysql
began = time.monotonic()
try:
    pymysql.connect(host="198.18.0.2", user="u", **json.loads(sys.argv[1]))
    print("connected")
except pymysql.MySQLError as error:
    print(f"{error} after {time.monotonic() - began:.0f} s")
